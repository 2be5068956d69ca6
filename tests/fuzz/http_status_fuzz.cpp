// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever a server answers, the reader of its status ends, and in whatever pieces it comes, it ends alike.
// The first byte says how long the pieces are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "userspace/health/http.hpp"

using gw::health::HttpStatusReader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view answer(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpStatusReader at_once;
  const auto expected = at_once.feed(answer);
  HttpStatusReader in_pieces;
  auto progress = HttpStatusReader::Progress::More;
  const std::size_t piece = std::max<std::size_t>(data[0], 1);
  for (std::size_t i = 0; i < answer.size() && progress == HttpStatusReader::Progress::More; i += piece) {
    progress = in_pieces.feed(answer.substr(i, piece));
  }
  if (progress != expected || in_pieces.status() != at_once.status()) std::abort();
  if (progress == HttpStatusReader::Progress::Done && (at_once.status() < 200 || at_once.status() > 999)) std::abort();
  return 0;
}
