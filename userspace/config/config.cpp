// SPDX-License-Identifier: Apache-2.0
#include "userspace/config/config.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "userspace/datapath/features.hpp"

namespace gw::config {
namespace {

/// Carries a message to read_document(), the one place that catches; yaml-cpp reports by exception too.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[noreturn]] void reject(const YAML::Node& node, const std::string& field, const std::string& what) {
  const YAML::Mark mark = node.Mark();
  throw ConfigError(fmt::format("{}:{}: {}: {}", mark.line + 1, mark.column + 1, field, what));
}

using Reader = std::function<void(const YAML::Node&, const std::string& field)>;

/// Hands each known field to its reader; anything else is an error.
void read_map(const YAML::Node& node, const std::string& prefix, const std::map<std::string, Reader>& readers) {
  if (node.IsNull()) return;
  if (!node.IsMap()) reject(node, prefix.empty() ? "the file" : prefix, "is not a mapping");
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    const std::string field = prefix.empty() ? name : fmt::format("{}.{}", prefix, name);
    const auto reader = readers.find(name);
    if (reader == readers.end()) {
      std::string known;
      for (const auto& [key, unused] : readers) known.append(known.empty() ? "" : ", ").append(key);
      reject(entry.first, field, fmt::format("unknown field (known here: {})", known));
    }
    reader->second(entry.second, field);
  }
}

Reader text(std::string& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    if (!node.IsScalar()) reject(node, field, "expected a string");
    target = node.as<std::string>();
  };
}

Reader one_of(std::string& target, std::set<std::string> words) {
  return [&target, words = std::move(words)](const YAML::Node& node, const std::string& field) {
    text(target)(node, field);
    if (words.contains(target)) return;
    reject(node, field, fmt::format("\"{}\" is not one of {}", target, fmt::join(words, ", ")));
  };
}

Reader cgroup(std::string& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    text(target)(node, field);
    if (target == "auto" || target == "off" || target.starts_with('/')) return;
    reject(node, field, fmt::format("\"{}\" is not auto, off or the path of a directory", target));
  };
}

Reader boolean(bool& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    if (!YAML::convert<bool>::decode(node, target)) reject(node, field, "expected true or false");
  };
}

template <typename Number>
Reader number(Number& target, std::int64_t lowest, std::int64_t highest) {
  return [&target, lowest, highest](const YAML::Node& node, const std::string& field) {
    std::int64_t value = 0;
    if (!node.IsScalar() || !YAML::convert<std::int64_t>::decode(node, value) || value < lowest || value > highest) {
      reject(node, field, fmt::format("expected a number from {} to {}", lowest, highest));
    }
    target = static_cast<Number>(value);
  };
}

Reader seconds(std::chrono::seconds& target, std::int64_t lowest = 1) {
  return [&target, lowest](const YAML::Node& node, const std::string& field) {
    std::int64_t value = 0;
    number(value, lowest, 31'536'000)(node, field);
    target = std::chrono::seconds(value);
  };
}

Reader text_list(std::vector<std::string>& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    if (!node.IsSequence()) reject(node, field, "expected a list of strings");
    target.clear();
    for (const auto& item : node) text(target.emplace_back())(item, field);
  };
}

Reader features(std::vector<std::string>& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    text_list(target)(node, field);
    const auto known = datapath::feature_words();
    for (const YAML::Node& item : node) {
      std::string word;
      one_of(word, {known.begin(), known.end()})(item, field);
    }
  };
}

Reader nat_ports(NatPorts& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    read_map(node, field, {{"first", number(target.first, 1, 65535)}, {"last", number(target.last, 1, 65535)}});
    if (target.first == 0 || target.last < target.first) reject(node, field, "needs first and last, first <= last");
  };
}

Reader flows(FlowSettings& target) {
  return [&target](const YAML::Node& node, const std::string& field) {
    const Reader timeouts = [&target](const YAML::Node& inner, const std::string& inner_field) {
      read_map(inner, inner_field,
               {{"handshakeSeconds", seconds(target.handshake)},
                {"establishedSeconds", seconds(target.established)},
                {"closingSeconds", seconds(target.closing)},
                {"closedSeconds", seconds(target.closed)},
                {"udpRequestSeconds", seconds(target.udp_request)},
                {"udpStreamSeconds", seconds(target.udp_stream)}});
    };
    read_map(node, field, {{"maxEntries", number(target.max_entries, 1024, 67'108'864)}, {"timeouts", timeouts}});
  };
}

void read_config(const YAML::Node& root, Config& config) {
  read_map(root, "",
           {{"nodeName", text(config.node_name)},
            {"statusDir", text(config.status_dir)},
            {"attach", one_of(config.attach, {"auto", "xdp", "tc"})},
            {"interfaces", text_list(config.interfaces)},
            {"cgroup", cgroup(config.cgroup)},
            {"disabledFeatures", features(config.disabled_features)},
            {"enableForwarding", boolean(config.enable_forwarding)},
            {"drainSeconds", seconds(config.drain, 0)},
            {"logLevel", one_of(config.log_level, {"trace", "debug", "info", "warning", "error"})},
            {"natPorts", nat_ports(config.nat_ports)},
            {"flows", flows(config.flows)}});
}

/// `where`: in front of what is said of it, "file:" or nothing.
template <typename Load>
Result<Config> read_document(const std::string& where, Load load) {
  Config config;
  try {
    read_config(load(), config);
  } catch (const YAML::BadFile&) {
    return fail(fmt::format("{} cannot be read", where));
  } catch (const YAML::Exception& error) {
    return fail(fmt::format("{}{}:{}: {}", where, error.mark.line + 1, error.mark.column + 1, error.msg));
  } catch (const ConfigError& error) {
    return fail(where + error.what());
  }
  return config;
}

}  // namespace

Result<Config> load(const std::string& path) {
  return read_document(path + ":", [&path] { return YAML::LoadFile(path); });
}

Result<Config> parse(const std::string& text) {
  return read_document("", [&text] { return YAML::Load(text); });
}

compile::Options compile_options(const Config& config) {
  return {.attach = compile::attach_mode(config.attach), .interfaces = config.interfaces, .drain = config.drain};
}

std::string to_yaml(const Config& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "nodeName" << YAML::Value << config.node_name;
  out << YAML::Key << "statusDir" << YAML::Value << config.status_dir;
  out << YAML::Key << "attach" << YAML::Value << config.attach;
  out << YAML::Key << "interfaces" << YAML::Value << YAML::Flow << config.interfaces;
  out << YAML::Key << "cgroup" << YAML::Value << config.cgroup;
  out << YAML::Key << "disabledFeatures" << YAML::Value << YAML::Flow << config.disabled_features;
  out << YAML::Key << "enableForwarding" << YAML::Value << config.enable_forwarding;
  out << YAML::Key << "drainSeconds" << YAML::Value << config.drain.count();
  out << YAML::Key << "logLevel" << YAML::Value << config.log_level;
  if (config.nat_ports.first != 0) {
    out << YAML::Key << "natPorts" << YAML::Value << YAML::BeginMap;
    out << YAML::Key << "first" << YAML::Value << config.nat_ports.first;
    out << YAML::Key << "last" << YAML::Value << config.nat_ports.last << YAML::EndMap;
  }
  out << YAML::Key << "flows" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "maxEntries" << YAML::Value << config.flows.max_entries;
  out << YAML::Key << "timeouts" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "handshakeSeconds" << YAML::Value << config.flows.handshake.count();
  out << YAML::Key << "establishedSeconds" << YAML::Value << config.flows.established.count();
  out << YAML::Key << "closingSeconds" << YAML::Value << config.flows.closing.count();
  out << YAML::Key << "closedSeconds" << YAML::Value << config.flows.closed.count();
  out << YAML::Key << "udpRequestSeconds" << YAML::Value << config.flows.udp_request.count();
  out << YAML::Key << "udpStreamSeconds" << YAML::Value << config.flows.udp_stream.count();
  out << YAML::EndMap << YAML::EndMap << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace gw::config
