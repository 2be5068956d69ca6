// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/choice.hpp"

#include <algorithm>
#include <bit>

#include "maps/hop.h"

namespace gw::differential {
namespace {

std::uint32_t mixed_in(std::uint32_t hash, std::uint32_t word) {
  hash ^= std::rotl(word * 0xcc9e2d51U, 15) * 0x1b873593U;
  return std::rotl(hash, 13) * 5 + 0xe6546b64U;
}

std::uint32_t finished(std::uint32_t hash) {
  hash ^= hash >> 16;
  hash *= 0x85ebca6bU;
  hash ^= hash >> 13;
  hash *= 0xc2b2ae35U;
  return hash ^ hash >> 16;
}

/// MurmurHash3 takes words as a little-endian machine reads them.
std::uint32_t word_at(const IpAddress& address, std::size_t index) {
  const auto* bytes = address.bytes().data() + index * 4;
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}
std::uint32_t swapped(std::uint16_t port) { return static_cast<std::uint32_t>((port & 0xff) << 8 | port >> 8); }

std::uint32_t mixed_in(std::uint32_t hash, const IpAddress& address) {
  for (std::size_t i = 0; i < 4; ++i) hash = mixed_in(hash, word_at(address, i));
  return hash;
}

std::uint32_t hash_of(const Tuple& tuple) {
  std::uint32_t hash = tuple.protocol;  // the seed
  hash = mixed_in(hash, tuple.source.address);
  hash = mixed_in(hash, tuple.target.address);
  hash = mixed_in(hash, swapped(tuple.source.port) << 16 | swapped(tuple.target.port));
  return finished(hash);
}

}  // namespace

std::uint32_t choose_backend(const Service& service, const Tuple& tuple) {
  const std::uint32_t hash = service.affinity ? finished(mixed_in(0, tuple.source.address)) : hash_of(tuple);
  const auto share = std::ranges::find_if(service.shares, [hash](const Share& one) { return hash <= one.limit; });
  if (share == service.shares.end() || share->slots.empty()) return 0;
  const std::uint64_t again = finished(hash * 0x9e3779b1U);
  return share->slots[again * share->slots.size() >> 32];
}

std::uint32_t hop_place(const IpAddress& destination) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word ^= word_at(destination, i);
  return word * 0x9e3779b1U >> (32 - GW_HOPS_BITS);
}

}  // namespace gw::differential
