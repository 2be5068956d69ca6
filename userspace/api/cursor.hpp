// SPDX-License-Identifier: Apache-2.0
// Private to api/: walks a YAML document and turns what is wrong into Problems with their place and field path.
#pragma once

#include "userspace/api/problem.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gw::api {

/// Where the decoding of one object writes its problems.
struct DecodeContext {
  std::string file;
  int line_offset = 0;  ///< lines of the file before this document
  std::string object;   ///< for Problem::object; set once kind and name are known
  std::vector<Problem> problems;

  [[nodiscard]] SourceLocation locate(const YAML::Node& node) const;
};

/// One node and the path that leads to it. Cheap to copy; the context outlives it.
class Cursor {
 public:
  Cursor(const YAML::Node& node, std::string path, DecodeContext& context)
      : node_(node), path_(std::move(path)), context_(&context) {}

  [[nodiscard]] const YAML::Node& node() const { return node_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] DecodeContext& context() const { return *context_; }
  [[nodiscard]] SourceLocation location() const { return context_->locate(node_); }
  [[nodiscard]] bool is_null() const;

  void problem(std::string message) const;

  /// The value if it is of that type; otherwise a problem and a default.
  [[nodiscard]] std::string string() const;
  [[nodiscard]] std::int64_t integer(std::int64_t lowest, std::int64_t highest) const;
  [[nodiscard]] bool boolean() const;
  /// A string out of `allowed`.
  [[nodiscard]] std::string one_of(std::initializer_list<std::string_view> allowed) const;
  /// A string for which `check` says nothing; what it says otherwise is the problem.
  [[nodiscard]] std::string checked(std::optional<std::string> (*check)(std::string_view)) const;
  /// The items of a list with `at_least` to `at_most` of them.
  [[nodiscard]] std::vector<Cursor> items(std::size_t at_least, std::size_t at_most) const;
  /// A mapping of strings to strings.
  [[nodiscard]] std::map<std::string, std::string> string_map() const;

 private:
  YAML::Node node_;
  std::string path_;
  DecodeContext* context_;
};

/// The fields of one mapping. Each field that the API knows is asked for by name; finish() reports the rest.
class Fields {
 public:
  /// Reports a node that is not a mapping, and keys that occur twice.
  explicit Fields(const Cursor& cursor);
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  /// Nothing if the field is missing or null.
  std::optional<Cursor> find(std::string_view name);
  /// Reports a missing field.
  std::optional<Cursor> require(std::string_view name);
  /// Fields of the API that we have no use for.
  void ignore(std::initializer_list<std::string_view> names);
  /// Reports every field that nobody asked for.
  void finish();

 private:
  void note_known(std::string_view name) { known_.insert(std::string(name)); }
  [[nodiscard]] std::string child_path(std::string_view name) const;

  Cursor cursor_;
  std::set<std::string> known_;
};

/// What YAML's core schema makes of a plain scalar.
enum class ScalarType : std::uint8_t { Null, Boolean, Integer, Float, String };
ScalarType scalar_type(const YAML::Node& node);

/// The document as compact JSON text, keys in the order of the text.
std::string to_json(const YAML::Node& node);

/// Checks for Cursor::checked(): nothing if right, otherwise what is wrong and what would be right.
std::optional<std::string> check_dns_subdomain(std::string_view text);
std::optional<std::string> check_dns_label(std::string_view text);
std::optional<std::string> check_hostname(std::string_view text);
std::optional<std::string> check_not_empty(std::string_view text);
std::optional<std::string> check_group(std::string_view text);
std::optional<std::string> check_kind(std::string_view text);
std::optional<std::string> check_protocol(std::string_view text);
std::optional<std::string> check_controller(std::string_view text);

}  // namespace gw::api
