// SPDX-License-Identifier: Apache-2.0
#include "tests/support/wire.hpp"

#include <algorithm>

namespace gw::testing {

void put8(Bytes& to, std::uint8_t value) { to.push_back(value); }

void put16(Bytes& to, std::uint16_t value) {
  put8(to, static_cast<std::uint8_t>(value >> 8));
  put8(to, static_cast<std::uint8_t>(value));
}

void put32(Bytes& to, std::uint32_t value) {
  put16(to, static_cast<std::uint16_t>(value >> 16));
  put16(to, static_cast<std::uint16_t>(value));
}

void put_address(Bytes& to, const IpAddress& address) {
  const auto& bytes = address.bytes();
  to.insert(to.end(), bytes.begin() + (address.is_v4() ? 12 : 0), bytes.end());
}

std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(read16(bytes, at)) << 16 | read16(bytes, at + 2);
}

void write16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

void write32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  write16(bytes, at, static_cast<std::uint16_t>(value >> 16));
  write16(bytes, at + 2, static_cast<std::uint16_t>(value));
}

void write_address(Bytes& bytes, std::size_t at, const IpAddress& address) {
  const auto& from = address.bytes();
  std::copy(from.begin() + (address.is_v4() ? 12 : 0), from.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

IpAddress read_v4(std::span<const std::uint8_t> bytes, std::size_t at) {
  return IpAddress::from_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

IpAddress read_v6(std::span<const std::uint8_t> bytes, std::size_t at) {
  std::array<std::uint8_t, 16> address{};
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), address.size(), address.begin());
  return IpAddress::from_v6(address);
}

std::uint16_t ones_sum(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

Bytes pseudo_header(const IpAddress& source, const IpAddress& target, std::size_t length, std::uint8_t protocol) {
  Bytes header;
  put_address(header, source);
  put_address(header, target);
  put32(header, static_cast<std::uint32_t>(length));
  put32(header, protocol);
  return header;
}

}  // namespace gw::testing
