// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace gw {

/// FNV-1a (64 bit): the same on every node and in every version.
class Fnv {
 public:
  explicit Fnv(std::uint64_t seed = 0) : hash_(0xcbf29ce484222325ULL ^ seed) {}
  void add(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) add_byte(byte);
  }
  void add(std::string_view text) {
    for (const char c : text) add_byte(static_cast<std::uint8_t>(c));
  }
  /// Little endian.
  void add(std::uint32_t number) {
    for (int i = 0; i < 4; ++i, number >>= 8) add_byte(static_cast<std::uint8_t>(number));
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  void add_byte(std::uint8_t byte) {
    hash_ ^= byte;
    hash_ *= 0x100000001b3ULL;
  }

  std::uint64_t hash_;
};

}  // namespace gw
