// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/address.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace gw::plan {
namespace {

/// What stands before the address in a gw_source_key, and before the IPv4 address in a v4-mapped one.
constexpr std::uint32_t kListenerBits = 32;
constexpr std::uint32_t kV4MappedBits = 96;

}  // namespace

IpAddress to_ip(const gw_addr& address) {
  std::array<std::uint8_t, 16> bytes{};
  std::memcpy(bytes.data(), &address, bytes.size());
  return IpAddress::from_v6(bytes);
}

gw_addr to_map(const IpAddress& address) {
  gw_addr result{};
  std::memcpy(&result, address.bytes().data(), sizeof(result));
  return result;
}

gw_addr to_map_v4(std::uint32_t address_be) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &address_be, bytes.size());
  return to_map(IpAddress::from_v4(bytes));
}

IpPrefix to_prefix(const gw_source_key& key) {
  const IpAddress address = to_ip(key.addr);
  const std::uint32_t bits_before = kListenerBits + (address.is_v4() ? kV4MappedBits : 0);
  return {address, static_cast<std::uint8_t>(key.prefix_length - bits_before)};
}

gw_source_key to_map(std::uint32_t listener_id, const IpPrefix& range) {
  const std::uint32_t bits_before = kListenerBits + (range.address.is_v4() ? kV4MappedBits : 0);
  return {bits_before + range.length, listener_id, to_map(range.address)};
}

std::uint8_t shared_bits(const IpPrefix& clients) {
  return static_cast<std::uint8_t>((clients.address.is_v4() ? kV4MappedBits : 0) + clients.length);
}

std::uint32_t shared_length(const gw_backend& backend) {
  return backend.shared_bits - (to_ip(backend.addr).is_v4() ? kV4MappedBits : 0);
}

const char* protocol_text(std::uint8_t protocol) { return protocol == IPPROTO_UDP ? "udp" : "tcp"; }

std::string endpoint_text(const gw_addr& address, std::uint16_t port_be) {
  return to_ip(address).with_port(ntohs(port_be));
}

}  // namespace gw::plan
