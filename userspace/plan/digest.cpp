// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/digest.hpp"

#include <openssl/sha.h>

#include <array>
#include <cstddef>

namespace gw::plan {

std::uint64_t Digest::value() const {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(content_.data(), content_.size(), digest.data());
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | digest[static_cast<std::size_t>(i)];
  return value;
}

}  // namespace gw::plan
