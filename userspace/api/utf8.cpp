// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace gw::api {
namespace {

/// Characters that begin with a byte of first..last: so many bytes follow, the next one between low and high, each
/// other one between 80 and BF.
struct Row {
  std::uint8_t first, last;
  std::size_t following;
  std::uint8_t low, high;
};

constexpr std::array kRows = {
    Row{0x00, 0x7f, 0, 0, 0},       Row{0xc2, 0xdf, 1, 0x80, 0xbf}, Row{0xe0, 0xe0, 2, 0xa0, 0xbf},
    Row{0xe1, 0xec, 2, 0x80, 0xbf}, Row{0xed, 0xed, 2, 0x80, 0x9f}, Row{0xee, 0xef, 2, 0x80, 0xbf},
    Row{0xf0, 0xf0, 3, 0x90, 0xbf}, Row{0xf1, 0xf3, 3, 0x80, 0xbf}, Row{0xf4, 0xf4, 3, 0x80, 0x8f},
};

bool is_between(char byte, std::uint8_t low, std::uint8_t high) {
  const auto value = static_cast<std::uint8_t>(byte);
  return low <= value && value <= high;
}

/// Bytes of the character that `text` begins with; 0 if that is none.
std::size_t length_of_first(std::string_view text) {
  const auto* const row = std::ranges::find_if(
      kRows, [&text](const Row& candidate) { return is_between(text[0], candidate.first, candidate.last); });
  if (row == kRows.end() || text.size() <= row->following) return 0;
  if (row->following == 0) return 1;
  const std::string_view others = text.substr(2, row->following - 1);
  const bool is_good = is_between(text[1], row->low, row->high) &&
                       std::ranges::all_of(others, [](char byte) { return is_between(byte, 0x80, 0xbf); });
  return is_good ? row->following + 1 : 0;
}

}  // namespace

std::size_t find_bad_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = length_of_first(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

}  // namespace gw::api
