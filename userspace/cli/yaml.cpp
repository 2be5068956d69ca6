// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/yaml.hpp"

#include <yaml-cpp/yaml.h>

namespace gw::cli {
namespace {

void emit(YAML::Emitter& out, const nlohmann::json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, child] : value.items()) {
      out << YAML::Key << key << YAML::Value;
      emit(out, child);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const auto& item : value) emit(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    const auto text = value.get<std::string>();
    // What is JSON by itself (a number, true, null) would come back as that.
    const bool is_ambiguous = !nlohmann::json::parse(text, nullptr, false).is_discarded() || text == "~";
    if (is_ambiguous) out << YAML::DoubleQuoted;
    out << text;
  } else {
    out << value.dump();
  }
}

}  // namespace

std::string to_yaml(const nlohmann::json& value, int indent) {
  YAML::Emitter out;
  emit(out, value);
  std::string text;
  std::string margin(static_cast<std::size_t>(indent), ' ');
  std::string line;
  for (const char* at = out.c_str();; ++at) {
    if (*at != '\n' && *at != '\0') {
      line += *at;
      continue;
    }
    text += (line.empty() ? "" : margin + line) + "\n";
    line.clear();
    if (*at == '\0') return text;
  }
}

}  // namespace gw::cli
