// SPDX-License-Identifier: Apache-2.0
// Private to api/: walks a YAML document and turns what is wrong into Problems with their place and field path.
#pragma once

#include "userspace/api/problem.hpp"

#include <yaml-cpp/yaml.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
  /// A number without a fraction counts as an integer ("80.0"), as it does in a cluster.
  [[nodiscard]] std::int64_t integer(std::int64_t lowest, std::int64_t highest) const;
  [[nodiscard]] bool boolean() const;
  /// A string out of `allowed`; the first of them if it is another.
  [[nodiscard]] std::string one_of(std::initializer_list<std::string_view> allowed) const;
  /// The index of the string in `allowed`; 0 if it is another.
  [[nodiscard]] std::size_t index_in(std::span<const std::string_view> allowed) const;
  /// A string for which `check` says nothing; what it says otherwise is the problem.
  [[nodiscard]] std::string checked(std::optional<std::string> (*check)(std::string_view)) const;
  /// A string of `shortest` to `longest` characters.
  [[nodiscard]] std::string text(std::size_t shortest, std::size_t longest) const;
  /// The items of a list with `at_least` to `at_most` of them.
  [[nodiscard]] std::vector<Cursor> items(std::size_t at_least, std::size_t at_most) const;
  /// The item of a list that has it.
  [[nodiscard]] Cursor item(std::size_t index) const;
  /// A mapping of strings to strings, with at most `at_most` of them.
  [[nodiscard]] std::map<std::string, std::string> string_map(std::size_t at_most = SIZE_MAX) const;
  /// What a mapping has under a name, as a field or as an entry of a string_map().
  [[nodiscard]] Cursor field(const std::string& key) const;
  [[nodiscard]] Cursor entry(const std::string& key) const;

 private:
  YAML::Node node_;
  std::string path_;
  DecodeContext* context_;
};

/// The fields of one mapping. Each field that the API knows is asked for by name, a literal; finish() reports the rest.
///
/// A reader is what makes a value of a cursor: a decoder of this module, or one of readers.hpp.
class Fields {
 public:
  /// Reports a node that is not a mapping, and keys that occur twice.
  explicit Fields(const Cursor& cursor);
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  /// Nothing if the field is missing or null, which is the same to an API server that creates an object.
  std::optional<Cursor> find(std::string_view name);
  /// Reports a missing field.
  std::optional<Cursor> require(std::string_view name);

  /// Reads a field that must be there.
  template <typename Value, typename Reader>
  void required(std::string_view name, Value& into, const Reader& read) {
    if (const auto field = require(name)) into = read(*field);
  }
  /// Reads a field if it is there; otherwise `into` keeps the default that it holds.
  template <typename Value, typename Reader>
  void optional(std::string_view name, Value& into, const Reader& read) {
    if (const auto field = find(name)) into = read(*field);
  }

  /// Fields of the API that we have no use for.
  void ignore(std::initializer_list<std::string_view> names);
  /// Reports every field that nobody asked for.
  void finish();

 private:
  struct Entry {
    std::string_view name;
    YAML::Node key;
    YAML::Node value;
    bool is_known = false;
  };

  Entry* look_up(std::string_view name);
  void report_duplicates() const;
  [[nodiscard]] Cursor child(std::string_view name, const YAML::Node& node) const;

  Cursor cursor_;
  std::vector<Entry> entries_;
  std::vector<std::string_view> known_;
};

/// What a plain scalar is. As for kubectl, that is YAML 1.1: `yes` and `off` are booleans, 0x50 and 0o17 integers.
enum class ScalarType : std::uint8_t { Null, Boolean, Integer, Float, String };
ScalarType scalar_type(const YAML::Node& node);

/// The document as compact JSON text, keys in the order of the text.
std::string to_json(const YAML::Node& node);

/// Whether the text is of that many characters (code points of UTF-8), as maxLength counts them.
bool is_length_within(std::string_view text, std::size_t shortest, std::size_t longest);

}  // namespace gw::api
