// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/cursor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>

namespace gw::api {
namespace {

std::string type_word(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  switch (scalar_type(node)) {
    case ScalarType::Null: return "null";
    case ScalarType::Boolean: return "a boolean";
    case ScalarType::Integer: return "an integer";
    case ScalarType::Float: return "a number";
    case ScalarType::String: return "a string";
  }
  return "something else";
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

std::optional<std::int64_t> parse_integer(const std::string& text) {
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// The number of single-character edits from `a` to `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

std::string suggestion(const std::string& unknown, const std::set<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t distance = unknown.size() / 3 + 2;
  for (const auto& candidate : known) {
    const std::size_t edits = edit_distance(unknown, candidate);
    if (edits < distance) {
      best = &candidate;
      distance = edits;
    }
  }
  if (best != nullptr) return fmt::format("did you mean \"{}\"?", *best);
  return fmt::format("known here: {}", fmt::join(known, ", "));
}

nlohmann::ordered_json to_json_value(const YAML::Node& node) {
  if (node.IsMap()) {
    auto object = nlohmann::ordered_json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = to_json_value(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& item : node) list.push_back(to_json_value(item));
    return list;
  }
  switch (scalar_type(node)) {
    case ScalarType::Null: return nullptr;
    case ScalarType::Boolean: return node.Scalar().front() == 't' || node.Scalar().front() == 'T';
    case ScalarType::Integer: return parse_integer(node.Scalar()).value_or(0);
    case ScalarType::Float: return std::strtod(node.Scalar().c_str(), nullptr);
    case ScalarType::String: break;
  }
  return node.Scalar();
}

std::optional<std::string> check_pattern(std::string_view text, std::size_t longest, const std::regex& pattern,
                                         std::string_view expected) {
  if (text.size() <= longest && std::regex_match(text.begin(), text.end(), pattern)) return std::nullopt;
  const std::string shown(text.substr(0, 80));
  return fmt::format("\"{}\" is not valid (expected {}, at most {} characters)", shown, expected, longest);
}

}  // namespace

SourceLocation DecodeContext::locate(const YAML::Node& node) const {
  const YAML::Mark mark = node.Mark();
  if (mark.is_null()) return {file, 0, 0};
  return {file, mark.line + 1 + line_offset, mark.column + 1};
}

ScalarType scalar_type(const YAML::Node& node) {
  if (node.IsNull()) return ScalarType::Null;
  if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return ScalarType::String;
  const std::string& text = node.Scalar();
  if (is_one_of(text, {"null", "Null", "NULL", "~", ""})) return ScalarType::Null;
  if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return ScalarType::Boolean;
  if (parse_integer(text)) return ScalarType::Integer;
  static const std::regex number(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  if (text.size() < 64 && std::regex_match(text, number)) return ScalarType::Float;
  return ScalarType::String;
}

bool Cursor::is_null() const { return node_.IsNull() || (node_.IsScalar() && scalar_type(node_) == ScalarType::Null); }

void Cursor::problem(std::string message) const {
  context_->problems.push_back({location(), context_->object, path_, std::move(message)});
}

std::string Cursor::string() const {
  if (node_.IsScalar() && scalar_type(node_) == ScalarType::String) return node_.Scalar();
  const std::string hint = node_.IsScalar() ? fmt::format(": write \"{}\"", node_.Scalar()) : "";
  problem(fmt::format("is {} (expected a string{})", type_word(node_), hint));
  return {};
}

std::int64_t Cursor::integer(std::int64_t lowest, std::int64_t highest) const {
  if (!node_.IsScalar() || scalar_type(node_) != ScalarType::Integer) {
    problem(fmt::format("is {} (expected an integer, {}..{})", type_word(node_), lowest, highest));
    return lowest;
  }
  const std::int64_t value = *parse_integer(node_.Scalar());
  if (value < lowest || value > highest) {
    problem(fmt::format("{} is out of range (expected {}..{})", value, lowest, highest));
    return lowest;
  }
  return value;
}

bool Cursor::boolean() const {
  if (node_.IsScalar() && scalar_type(node_) == ScalarType::Boolean) {
    return node_.Scalar().front() == 't' || node_.Scalar().front() == 'T';
  }
  problem(fmt::format("is {} (expected true or false)", type_word(node_)));
  return false;
}

std::string Cursor::one_of(std::initializer_list<std::string_view> allowed) const {
  const std::size_t before = context_->problems.size();
  std::string value = string();
  if (context_->problems.size() != before || is_one_of(value, allowed)) return value;
  problem(fmt::format("\"{}\" is not supported (expected one of {})", value, fmt::join(allowed, ", ")));
  return std::string(*allowed.begin());
}

std::string Cursor::checked(std::optional<std::string> (*check)(std::string_view)) const {
  const std::size_t before = context_->problems.size();
  std::string value = string();
  if (context_->problems.size() != before) return value;
  if (auto wrong = check(value)) problem(std::move(*wrong));
  return value;
}

std::vector<Cursor> Cursor::items(std::size_t at_least, std::size_t at_most) const {
  std::vector<Cursor> found;
  if (!node_.IsSequence()) {
    problem(fmt::format("is {} (expected a list)", type_word(node_)));
    return found;
  }
  if (node_.size() < at_least || node_.size() > at_most) {
    const std::string bounds =
        at_least == at_most ? fmt::format("exactly {}", at_least) : fmt::format("{} to {}", at_least, at_most);
    problem(fmt::format("has {} items (expected {})", node_.size(), bounds));
  }
  for (std::size_t i = 0; i < node_.size() && i < at_most; ++i) {
    found.emplace_back(node_[i], fmt::format("{}[{}]", path_, i), *context_);
  }
  return found;
}

std::map<std::string, std::string> Cursor::string_map() const {
  std::map<std::string, std::string> values;
  if (!node_.IsMap()) {
    problem(fmt::format("is {} (expected a mapping)", type_word(node_)));
    return values;
  }
  for (const auto& entry : node_) {
    if (!entry.first.IsScalar()) {
      problem("has a key that is not a string");
      continue;
    }
    const Cursor value(entry.second, fmt::format("{}[{}]", path_, entry.first.Scalar()), *context_);
    values[entry.first.Scalar()] = value.string();
  }
  return values;
}

Fields::Fields(const Cursor& cursor) : cursor_(cursor) {
  if (!cursor.node().IsMap()) {
    cursor.problem(fmt::format("is {} (expected a mapping)", type_word(cursor.node())));
    return;
  }
  std::set<std::string> seen;
  for (const auto& entry : cursor.node()) {
    if (!entry.first.IsScalar()) {
      cursor.problem("has a key that is not a string");
    } else if (!seen.insert(entry.first.Scalar()).second) {
      Cursor(entry.first, child_path(entry.first.Scalar()), cursor.context()).problem("occurs twice in this mapping");
    }
  }
}

std::string Fields::child_path(std::string_view name) const {
  return cursor_.path().empty() ? std::string(name) : fmt::format("{}.{}", cursor_.path(), name);
}

std::optional<Cursor> Fields::find(std::string_view name) {
  note_known(name);
  if (!cursor_.node().IsMap()) return std::nullopt;
  for (const auto& entry : cursor_.node()) {
    if (!entry.first.IsScalar() || entry.first.Scalar() != name) continue;
    Cursor child(entry.second, child_path(name), cursor_.context());
    if (child.is_null()) return std::nullopt;
    return child;
  }
  return std::nullopt;
}

std::optional<Cursor> Fields::require(std::string_view name) {
  auto child = find(name);
  if (!child && cursor_.node().IsMap()) {
    Cursor(cursor_.node(), child_path(name), cursor_.context()).problem("is missing (it is required)");
  }
  return child;
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) note_known(name);
}

void Fields::finish() {
  if (!cursor_.node().IsMap()) return;
  for (const auto& entry : cursor_.node()) {
    if (!entry.first.IsScalar() || known_.contains(entry.first.Scalar())) continue;
    const std::string name = entry.first.Scalar();
    Cursor(entry.first, child_path(name), cursor_.context())
        .problem(fmt::format("unknown field \"{}\" ({})", name, suggestion(name, known_)));
  }
}

std::string to_json(const YAML::Node& node) {
  return to_json_value(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<std::string> check_dns_subdomain(std::string_view text) {
  static const std::regex pattern(R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
  return check_pattern(text, 253, pattern, "lower-case letters, digits, '-' and '.', as in \"my-name\"");
}

std::optional<std::string> check_dns_label(std::string_view text) {
  static const std::regex pattern(R"([a-z0-9]([-a-z0-9]*[a-z0-9])?)");
  return check_pattern(text, 63, pattern, "lower-case letters, digits and '-', as in \"my-name\"");
}

std::optional<std::string> check_hostname(std::string_view text) {
  static const std::regex pattern(R"((\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
  return check_pattern(text, 253, pattern, "a DNS name, optionally with \"*.\" in front");
}

std::optional<std::string> check_not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return "is empty (it is required)";
}

std::optional<std::string> check_group(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return check_dns_subdomain(text);
}

std::optional<std::string> check_kind(std::string_view text) {
  static const std::regex pattern(R"([a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?)");
  return check_pattern(text, 63, pattern, "a kind such as \"Service\"");
}

std::optional<std::string> check_protocol(std::string_view text) {
  static const std::regex pattern(
      R"([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9]+)");
  return check_pattern(text, 255, pattern, "TCP, or another protocol's name such as HTTP or example.com/bar");
}

std::optional<std::string> check_controller(std::string_view text) {
  static const std::regex pattern(
      R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+)");
  return check_pattern(text, 253, pattern, "DOMAIN/PATH, such as portcullis.dev/gateway-controller");
}

}  // namespace gw::api
