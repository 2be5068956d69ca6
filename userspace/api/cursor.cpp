// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/cursor.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

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

/// Of strconv.ParseInt(text, 0, 64): a sign, a prefix that names the base (a leading 0 is octal), digits.
std::optional<std::int64_t> parse_integer(std::string text) {
  std::erase(text, '_');
  std::string_view digits = text;
  const bool is_negative = digits.starts_with('-');
  if (is_negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    digits.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  constexpr std::uint64_t kHighest = std::numeric_limits<std::int64_t>::max();
  if (error != std::errc() || end != digits.data() + digits.size() || value > kHighest) return std::nullopt;
  return is_negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
std::optional<double> parse_float(const std::string& text) {
  constexpr std::string_view kCharacters = "+-.0123456789eE";
  if (text.size() > 64 || text.find_first_not_of(kCharacters) != std::string::npos) return std::nullopt;
  if (text.find_first_of("0123456789") == std::string::npos) return std::nullopt;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end != text.c_str() + text.size()) return std::nullopt;
  return value;
}

bool is_null_word(std::string_view text) { return is_one_of(text, {"", "~", "null", "Null", "NULL"}); }
bool is_true_word(std::string_view text) {
  return is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "y", "Y", "on", "On", "ON"});
}
bool is_false_word(std::string_view text) {
  return is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "n", "N", "off", "Off", "OFF"});
}

/// Numbers begin with a digit, a sign or a point, the other words with one of these letters.
bool may_be_other_than_string(std::string_view text) {
  return text.empty() || std::string_view("+-.0123456789~nNtTfFyYoO").find(text.front()) != std::string_view::npos;
}

std::optional<std::int64_t> whole_number(double number) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(number);
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

std::string suggestion(std::string_view unknown, std::vector<std::string_view> known) {
  std::ranges::sort(known);
  const std::string_view* best = nullptr;
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
    case ScalarType::Boolean: return is_true_word(node.Scalar());
    case ScalarType::Integer: return parse_integer(node.Scalar()).value_or(0);
    case ScalarType::Float: return std::strtod(node.Scalar().c_str(), nullptr);
    case ScalarType::String: break;
  }
  return node.Scalar();
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
  if (!may_be_other_than_string(text)) return ScalarType::String;
  if (is_null_word(text)) return ScalarType::Null;
  if (is_true_word(text) || is_false_word(text)) return ScalarType::Boolean;
  if (parse_integer(text)) return ScalarType::Integer;
  if (parse_float(text)) return ScalarType::Float;
  return ScalarType::String;
}

bool is_length_within(std::string_view text, std::size_t shortest, std::size_t longest) {
  const auto is_first_byte = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; };
  const auto length = static_cast<std::size_t>(std::ranges::count_if(text, is_first_byte));
  return length >= shortest && length <= longest;
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
  const ScalarType type = node_.IsScalar() ? scalar_type(node_) : ScalarType::Null;
  std::optional<std::int64_t> value;
  if (type == ScalarType::Integer) value = parse_integer(node_.Scalar());
  if (type == ScalarType::Float) value = whole_number(*parse_float(node_.Scalar()));
  if (!value) {
    problem(fmt::format("is {} (expected an integer, {}..{})", type_word(node_), lowest, highest));
    return lowest;
  }
  if (*value < lowest || *value > highest) {
    problem(fmt::format("{} is out of range (expected {}..{})", *value, lowest, highest));
    return lowest;
  }
  return *value;
}

bool Cursor::boolean() const {
  if (node_.IsScalar() && scalar_type(node_) == ScalarType::Boolean) return is_true_word(node_.Scalar());
  problem(fmt::format("is {} (expected true or false)", type_word(node_)));
  return false;
}

std::size_t Cursor::index_in(std::span<const std::string_view> allowed) const {
  const std::size_t before = context_->problems.size();
  const std::string value = string();
  if (context_->problems.size() != before) return 0;
  const auto found = std::ranges::find(allowed, value);
  if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  problem(fmt::format("\"{}\" is not supported (expected one of {})", value, fmt::join(allowed, ", ")));
  return 0;
}

std::string Cursor::one_of(std::initializer_list<std::string_view> allowed) const {
  return std::string(std::data(allowed)[index_in(allowed)]);
}

std::string Cursor::checked(std::optional<std::string> (*check)(std::string_view)) const {
  const std::size_t before = context_->problems.size();
  std::string value = string();
  if (context_->problems.size() != before) return value;
  if (auto wrong = check(value)) problem(std::move(*wrong));
  return value;
}

std::string Cursor::text(std::size_t shortest, std::size_t longest) const {
  const std::size_t before = context_->problems.size();
  std::string value = string();
  if (context_->problems.size() != before || is_length_within(value, shortest, longest)) return value;
  problem(value.empty() ? "is empty (it is required)"
                        : fmt::format("is too long (expected at most {} characters)", longest));
  return value;
}

Cursor Cursor::item(std::size_t index) const { return {node_[index], fmt::format("{}[{}]", path_, index), *context_}; }

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
  found.reserve(std::min(node_.size(), at_most));
  for (const auto& node : node_) {
    if (found.size() == at_most) break;
    found.emplace_back(node, fmt::format("{}[{}]", path_, found.size()), *context_);
  }
  return found;
}

std::map<std::string, std::string> Cursor::string_map(std::size_t at_most) const {
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
  if (values.size() > at_most) problem(fmt::format("has {} entries (expected at most {})", values.size(), at_most));
  return values;
}

Cursor Cursor::field(const std::string& key) const { return {node_[key], fmt::format("{}.{}", path_, key), *context_}; }
Cursor Cursor::entry(const std::string& key) const {
  return {node_[key], fmt::format("{}[{}]", path_, key), *context_};
}

Fields::Fields(const Cursor& cursor) : cursor_(cursor) {
  if (!cursor.node().IsMap()) {
    cursor.problem(fmt::format("is {} (expected a mapping)", type_word(cursor.node())));
    return;
  }
  entries_.reserve(cursor.node().size());
  for (const auto& entry : cursor.node()) {
    if (entry.first.IsScalar()) {
      entries_.push_back({entry.first.Scalar(), entry.first, entry.second});
    } else {
      cursor.problem("has a key that is not a string");
    }
  }
  report_duplicates();
}

void Fields::report_duplicates() const {
  constexpr std::size_t kFew = 32;  // more than any mapping of the API has; a hostile one has many
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const auto before = std::span(entries_).first(i);
    const bool is_twice = entries_.size() > kFew ? !seen.insert(entry.name).second
                                                 : std::ranges::find(before, entry.name, &Entry::name) != before.end();
    if (is_twice) child(entry.name, entry.key).problem("occurs twice in this mapping");
  }
}

Cursor Fields::child(std::string_view name, const YAML::Node& node) const {
  std::string path = cursor_.path();
  if (!path.empty()) path += '.';
  return {node, path.append(name), cursor_.context()};
}

Fields::Entry* Fields::look_up(std::string_view name) {
  known_.push_back(name);
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  if (found == entries_.end()) return nullptr;
  found->is_known = true;
  return &*found;
}

std::optional<Cursor> Fields::find(std::string_view name) {
  const Entry* entry = look_up(name);
  if (entry == nullptr) return std::nullopt;
  Cursor field = child(name, entry->value);
  if (field.is_null()) return std::nullopt;
  return field;
}

std::optional<Cursor> Fields::require(std::string_view name) {
  auto field = find(name);
  if (!field && cursor_.node().IsMap()) child(name, cursor_.node()).problem("is missing (it is required)");
  return field;
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) (void)look_up(name);
}

void Fields::finish() {
  for (const Entry& entry : entries_) {
    const bool is_repeated = std::ranges::find(known_, entry.name) != known_.end();
    if (entry.is_known || is_repeated) continue;
    child(entry.name, entry.key)
        .problem(fmt::format("unknown field \"{}\" ({})", entry.name, suggestion(entry.name, known_)));
  }
}

std::string to_json(const YAML::Node& node) {
  return to_json_value(node).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace gw::api
