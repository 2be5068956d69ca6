// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/yaml.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <set>

namespace gw::cli {
namespace {

/// Whether a plain scalar of this text would be something else than a string to somebody: YAML 1.1 has many words and
/// forms of numbers.
bool is_ambiguous(const std::string& text) {
  static const std::set<std::string> words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~"};
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text.empty() || words.contains(lower)) return true;
  const bool begins_as_number =
      std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '.' || text[0] == '+' || text[0] == '-';
  return begins_as_number && text.find_first_not_of("0123456789abcdefABCDEFxXoO_.:+-") == std::string::npos &&
         std::ranges::count(text, '.') < 2;
}

template <typename Json>
void emit(YAML::Emitter& out, const Json& value) {
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
    const auto text = value.template get<std::string>();
    if (is_ambiguous(text)) out << YAML::DoubleQuoted;
    out << text;
  } else {
    out << value.dump();
  }
}

template <typename Json>
std::string emit_indented(const Json& value, int indent) {
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

}  // namespace

std::string to_yaml(const nlohmann::json& value, int indent) { return emit_indented(value, indent); }
std::string to_yaml(const nlohmann::ordered_json& value, int indent) { return emit_indented(value, indent); }

}  // namespace gw::cli
