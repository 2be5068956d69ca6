// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gw::plan {

/// The first 64 bits of SHA-256 (FIPS 180-4): for content that somebody else chooses, and must not be able to make pass
/// for other content. Where that does not matter, Fnv is shorter and faster.
class Digest {
 public:
  void add(std::span<const std::uint8_t> bytes) { content_.insert(content_.end(), bytes.begin(), bytes.end()); }
  /// Little endian.
  void add(std::uint32_t number) {
    for (int i = 0; i < 4; ++i, number >>= 8) content_.push_back(static_cast<std::uint8_t>(number));
  }
  /// The digest's first byte is the highest.
  [[nodiscard]] std::uint64_t value() const;

 private:
  std::vector<std::uint8_t> content_;
};

}  // namespace gw::plan
