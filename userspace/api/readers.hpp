// SPDX-License-Identifier: Apache-2.0
// Private to api/: readers for Fields (cursor.hpp). The scalars of the API by the names that its types have there
// (ObjectName, SectionName, HeaderName, Duration, ...), with the patterns and bounds of the CRDs; and what makes
// readers of lists, words and numbers.
#pragma once

#include "userspace/api/cursor.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gw::api {

// --- scalars -------------------------------------------------------------------------------------------------------

inline std::string as_string(const Cursor& cursor) { return cursor.string(); }
inline bool as_boolean(const Cursor& cursor) { return cursor.boolean(); }
inline std::map<std::string, std::string> as_string_map(const Cursor& cursor) { return cursor.string_map(); }
std::string as_group(const Cursor& cursor);
std::string as_kind(const Cursor& cursor);
std::string as_object_name(const Cursor& cursor);
std::string as_namespace(const Cursor& cursor);
std::string as_section_name(const Cursor& cursor);
std::string as_hostname(const Cursor& cursor);          ///< may begin with "*."
std::string as_precise_hostname(const Cursor& cursor);  ///< no wildcard
std::string as_header_name(const Cursor& cursor);       ///< a token of RFC 9110 section 5.6.2
std::string as_header_value(const Cursor& cursor);
std::uint16_t as_port(const Cursor& cursor);
/// GEP-2257: "1h30m", "10s", "500ms".
std::chrono::milliseconds as_duration(const Cursor& cursor);
/// The same, within bounds.
std::chrono::milliseconds as_duration_in(const Cursor& cursor, std::chrono::milliseconds least,
                                         std::chrono::milliseconds most);
/// RFC 4648 section 4 with padding; line breaks are skipped. Yields the bytes.
std::string as_base64(const Cursor& cursor);

// --- what makes readers --------------------------------------------------------------------------------------------

/// Nothing if the text is right, otherwise what is wrong with it and what would be right.
using Check = std::optional<std::string> (*)(std::string_view);

inline auto checked_by(Check check) {
  return [check](const Cursor& cursor) { return cursor.checked(check); };
}

/// A string of `shortest` to `longest` characters.
inline auto text_of(std::size_t shortest, std::size_t longest) {
  return [shortest, longest](const Cursor& cursor) { return cursor.text(shortest, longest); };
}

template <typename Number = std::uint32_t>
auto integer_in(std::int64_t lowest, std::int64_t highest) {
  return [lowest, highest](const Cursor& cursor) { return static_cast<Number>(cursor.integer(lowest, highest)); };
}

inline auto duration_in(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  return [least, most](const Cursor& cursor) { return as_duration_in(cursor, least, most); };
}

/// A string out of a few, each of which stands for a value: word_of<Mode>({{"On", Mode::On}, {"Off", Mode::Off}}).
template <typename Value, std::size_t N>
auto word_of(const std::pair<std::string_view, Value> (&words)[N]) {
  std::array<std::string_view, N> texts;
  std::array<Value, N> values;
  for (std::size_t i = 0; i < N; ++i) {
    texts[i] = words[i].first;
    values[i] = words[i].second;
  }
  return [texts, values](const Cursor& cursor) { return values[cursor.index_in(texts)]; };
}

template <typename Reader>
auto list_of(Reader read, std::size_t at_least, std::size_t at_most) {
  return [read, at_least, at_most](const Cursor& cursor) {
    std::vector<decltype(read(cursor))> values;
    for (const Cursor& item : cursor.items(at_least, at_most)) values.push_back(read(item));
    return values;
  };
}

/// Reports each item whose key an earlier one has too. `message` says of the item what is wrong.
template <typename Values, typename KeyOf>
void report_repeated(const Cursor& list, const Values& values, KeyOf key_of, std::string_view message) {
  std::set<decltype(key_of(*values.begin()))> seen;
  std::size_t index = 0;
  for (const auto& value : values) {
    if (!seen.insert(key_of(value)).second) list.item(index).problem(std::string(message));
    ++index;
  }
}

/// A list with x-kubernetes-list-type: set.
template <typename Reader>
auto set_of(Reader read, std::size_t at_least, std::size_t at_most) {
  return [list = list_of(read, at_least, at_most)](const Cursor& cursor) {
    auto values = list(cursor);
    report_repeated(cursor, values, [](const auto& value) { return value; }, "occurs twice (items are unique)");
    return values;
  };
}

// --- checks --------------------------------------------------------------------------------------------------------

std::optional<std::string> check_dns_subdomain(std::string_view text);
std::optional<std::string> check_dns_label(std::string_view text);
std::optional<std::string> check_hostname(std::string_view text);
std::optional<std::string> check_not_empty(std::string_view text);
std::optional<std::string> check_group(std::string_view text);
std::optional<std::string> check_kind(std::string_view text);
std::optional<std::string> check_protocol(std::string_view text);
std::optional<std::string> check_controller(std::string_view text);
/// Of labels and annotations: an optional DNS subdomain and '/', then at most 63 characters.
std::optional<std::string> check_qualified_name(std::string_view text);
std::optional<std::string> check_label_value(std::string_view text);
/// Of a ConfigMap's or Secret's data.
std::optional<std::string> check_data_key(std::string_view text);

/// [a-z0-9]([-a-z0-9]*[a-z0-9])? separated by dots, of any length.
bool is_dns_subdomain(std::string_view text);
/// Letters, digits, "-._~!$&'()*+,;=:@/" and %XX: what the path of a URI may have (RFC 3986 section 3.3).
bool is_path_text(std::string_view text);
/// Of a-z, A-Z, 0-9, and the characters of `also`.
bool is_made_of_alnum_and(std::string_view also, std::string_view text);
/// Whether some end of the text is of the form DOMAIN/PATH.
bool ends_with_domain_path(std::string_view text);
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace gw::api
