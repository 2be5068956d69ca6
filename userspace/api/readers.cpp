// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/readers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace gw::api {
namespace {

constexpr std::size_t kLongestName = 253;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
bool is_alnum(char c) { return is_lower_or_digit(c) || is_upper(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Not empty; begins and ends with one of `edge`; between them also what `also` has.
template <typename Edge>
bool is_word(std::string_view text, Edge edge, std::string_view also) {
  if (text.empty() || !edge(text.front()) || !edge(text.back())) return false;
  return std::ranges::all_of(text, [&](char c) { return edge(c) || also.find(c) != std::string_view::npos; });
}

bool is_dns_label(std::string_view text) { return is_word(text, is_lower_or_digit, "-"); }

std::optional<std::string> unless(bool is_right, std::string_view text, std::size_t longest,
                                  std::string_view expected) {
  if (is_right && is_length_within(text, 0, longest)) return std::nullopt;
  return fmt::format("\"{}\" is not valid (expected {}, at most {} characters)", text.substr(0, 80), expected, longest);
}

std::optional<std::string> check_name(std::string_view text) {
  if (text.empty()) return check_not_empty(text);
  return unless(true, text, kLongestName, "a name");
}

std::optional<std::string> check_precise_hostname(std::string_view text) {
  return unless(is_dns_subdomain(text), text, kLongestName, "a DNS name without wildcard");
}

std::optional<std::string> check_header_name(std::string_view text) {
  const bool is_token = !text.empty() && is_made_of_alnum_and("!#$%&'*+-.^_`|~", text);
  return unless(is_token, text, 256, "a header's name such as \"x-canary\"");
}

std::optional<std::string> check_duration(std::string_view text) {
  if (parse_duration(text)) return std::nullopt;
  return fmt::format("\"{}\" is not a duration (expected such as 10s, 500ms or 1h30m)", text.substr(0, 80));
}

/// Printable ASCII, with single spaces or tabs between words: [!-~]+([\t ]?[!-~]+)*
std::optional<std::string> check_header_value(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  const auto is_visible = [](char c) { return c >= '!' && c <= '~'; };
  const auto are_spaces = [&](char a, char b) { return is_space(a) && is_space(b); };
  const bool is_right = !text.empty() && text.size() <= 4096 && is_visible(text.front()) && is_visible(text.back()) &&
                        std::ranges::all_of(text, [&](char c) { return is_space(c) || is_visible(c); }) &&
                        std::ranges::adjacent_find(text, are_spaces) == text.end();
  if (is_right) return std::nullopt;
  return "is not a header's value (expected printable ASCII with single spaces between words, 1 to 4096 characters)";
}

/// What is behind the last '/' of `text`, if it is something and a DNS subdomain may end before it.
std::string_view behind_domain(std::string_view text, std::size_t slash) {
  if (slash == std::string_view::npos || slash == 0 || !is_lower_or_digit(text[slash - 1])) return {};
  return text.substr(slash + 1);
}

int base64_digit(char c) {
  if (is_upper(c)) return c - 'A';
  if (is_lower(c)) return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::optional<std::string> decode_base64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int digit = i + padding >= text.size() ? 0 : base64_digit(text[i]);
    if (digit < 0) return std::nullopt;
    group = (group << 6U) | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const unsigned shift : {16U, 8U, 0U}) bytes.push_back(static_cast<char>((group >> shift) & 0xFFU));
    group = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

}  // namespace

bool is_dns_subdomain(std::string_view text) {
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_dns_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_made_of_alnum_and(std::string_view also, std::string_view text) {
  return std::ranges::all_of(text, [&](char c) { return is_alnum(c) || also.find(c) != std::string_view::npos; });
}

bool ends_with_domain_path(std::string_view text) {
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', slash + 1)) {
    const std::string_view path = behind_domain(text, slash);
    if (!path.empty() && is_made_of_alnum_and("/-._~%!$&'()*+,;=:", path)) return true;
  }
  return false;
}

bool is_path_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
  }
  return !text.empty() && is_made_of_alnum_and("-._~!$&'()*+,;=:@/%", text);
}

std::optional<std::string> check_dns_subdomain(std::string_view text) {
  return unless(is_dns_subdomain(text), text, kLongestName,
                "lower-case letters, digits, '-' and '.', as in \"my-name\"");
}

std::optional<std::string> check_dns_label(std::string_view text) {
  return unless(is_dns_label(text), text, 63, "lower-case letters, digits and '-', as in \"my-name\"");
}

std::optional<std::string> check_hostname(std::string_view text) {
  const bool is_wildcard = text.starts_with("*.");
  return unless(is_dns_subdomain(text.substr(is_wildcard ? 2 : 0)), text, kLongestName,
                "a DNS name, optionally with \"*.\" in front");
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
  const bool begins_with_letter = !text.empty() && !is_digit(text.front());
  return unless(begins_with_letter && is_word(text, is_alnum, "-"), text, 63, "a kind such as \"Service\"");
}

/// The CRD's pattern has no anchor in front of DOMAIN/NAME: any text that ends so is taken.
std::optional<std::string> check_protocol(std::string_view text) {
  const std::string_view name = behind_domain(text, text.rfind('/'));
  const bool is_prefixed = !name.empty() && is_made_of_alnum_and("", name);
  return unless(is_prefixed || is_word(text, is_alnum, "-"), text, 255,
                "TCP, or another protocol's name such as HTTP or example.com/bar");
}

std::optional<std::string> check_controller(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view path = slash == std::string_view::npos ? "" : text.substr(slash + 1);
  const bool is_right =
      is_dns_subdomain(text.substr(0, slash)) && !path.empty() && is_made_of_alnum_and("/-._~%!$&'()*+,;=:", path);
  return unless(is_right, text, kLongestName, "DOMAIN/PATH, such as portcullis.dev/gateway-controller");
}

std::optional<std::string> check_qualified_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view prefix = slash == std::string_view::npos ? "a" : text.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
  const bool is_right =
      is_dns_subdomain(prefix) && prefix.size() <= kLongestName && name.size() <= 63 && is_word(name, is_alnum, "-_.");
  if (is_right) return std::nullopt;
  return fmt::format(
      "\"{}\" is not valid (expected such as app or example.com/app, at most 63 characters behind the /)",
      text.substr(0, 80));
}

std::optional<std::string> check_label_value(std::string_view text) {
  return unless(text.empty() || is_word(text, is_alnum, "-_."), text, 63,
                "letters, digits, '-', '_' and '.', beginning and ending with a letter or digit");
}

std::optional<std::string> check_data_key(std::string_view text) {
  const bool is_right = !text.empty() && is_made_of_alnum_and("-._", text) && text != "." && !text.starts_with("..");
  return unless(is_right, text, kLongestName, "letters, digits, '-', '_' and '.', such as tls.crt");
}

std::string as_group(const Cursor& cursor) { return cursor.checked(check_group); }
std::string as_kind(const Cursor& cursor) { return cursor.checked(check_kind); }
std::string as_object_name(const Cursor& cursor) { return cursor.checked(check_name); }
std::string as_namespace(const Cursor& cursor) { return cursor.checked(check_dns_label); }
std::string as_section_name(const Cursor& cursor) { return cursor.checked(check_dns_subdomain); }
std::string as_hostname(const Cursor& cursor) { return cursor.checked(check_hostname); }
std::string as_precise_hostname(const Cursor& cursor) { return cursor.checked(check_precise_hostname); }
std::string as_header_name(const Cursor& cursor) { return cursor.checked(check_header_name); }
std::string as_header_value(const Cursor& cursor) { return cursor.checked(check_header_value); }
std::uint16_t as_port(const Cursor& cursor) { return static_cast<std::uint16_t>(cursor.integer(1, 65535)); }

/// ([0-9]{1,5}(h|m|s|ms)){1,4}
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::chrono::milliseconds total{0};
  int parts = 0;
  for (; !text.empty() && parts < 4; ++parts) {
    std::int64_t number = 0;
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    if (digits == 0 || digits > 5) return std::nullopt;
    std::from_chars(text.data(), text.data() + digits, number);
    text.remove_prefix(digits);
    const std::string_view unit = text.substr(0, text.starts_with("ms") ? 2 : 1);
    if (unit == "ms")
      total += std::chrono::milliseconds(number);
    else if (unit == "s")
      total += std::chrono::seconds(number);
    else if (unit == "m")
      total += std::chrono::minutes(number);
    else if (unit == "h")
      total += std::chrono::hours(number);
    else
      return std::nullopt;
    text.remove_prefix(unit.size());
  }
  if (!text.empty() || parts == 0) return std::nullopt;
  return total;
}

std::chrono::milliseconds as_duration(const Cursor& cursor) {
  return parse_duration(cursor.checked(check_duration)).value_or(std::chrono::milliseconds(0));
}

namespace {

/// In the largest unit that it is a multiple of.
std::string duration_text(std::chrono::milliseconds duration) {
  using Unit = std::pair<std::chrono::milliseconds, const char*>;
  for (const auto& [unit, name] :
       {Unit(std::chrono::hours(1), "h"), Unit(std::chrono::minutes(1), "m"), Unit(std::chrono::seconds(1), "s")}) {
    if (duration.count() != 0 && duration % unit == duration.zero()) return fmt::format("{}{}", duration / unit, name);
  }
  return fmt::format("{}ms", duration.count());
}

}  // namespace

std::chrono::milliseconds as_duration_in(const Cursor& cursor, std::chrono::milliseconds least,
                                         std::chrono::milliseconds most) {
  const std::size_t before = cursor.context().problems.size();
  const std::chrono::milliseconds duration = as_duration(cursor);
  const bool is_duration = cursor.context().problems.size() == before;
  if (is_duration && (duration < least || duration > most)) {
    cursor.problem(fmt::format("is out of range (expected {}..{})", duration_text(least), duration_text(most)));
  }
  return duration;
}

std::string as_base64(const Cursor& cursor) {
  const std::size_t before = cursor.context().problems.size();
  std::string text = cursor.is_null() ? std::string() : cursor.string();
  if (cursor.context().problems.size() != before) return {};
  auto bytes = decode_base64(std::move(text));
  if (!bytes) cursor.problem("is not base64 (in stringData the text itself may stand)");
  return std::move(bytes).value_or("");
}

}  // namespace gw::api
