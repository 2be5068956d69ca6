// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the text, decode() answers; what it accepts translates.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "userspace/api/decode.hpp"
#include "userspace/translate/translate.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gw::api::Decoded decoded = gw::api::decode({reinterpret_cast<const char*>(data), size}, "fuzz");
  for (const auto& problem : decoded.problems) (void)problem.to_string();
  decoded.objects.sort();
  (void)gw::translate::translate(decoded.objects, {});
  return 0;
}
