// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <cstring>

namespace gw::plan {

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

const char* protocol_text(std::uint8_t protocol) { return protocol == IPPROTO_UDP ? "udp" : "tcp"; }

std::string endpoint_text(const gw_addr& address, std::uint16_t port_be) {
  const IpAddress ip = to_ip(address);
  if (ip.is_v4()) return fmt::format("{}:{}", ip.to_string(), ntohs(port_be));
  return fmt::format("[{}]:{}", ip.to_string(), ntohs(port_be));
}

}  // namespace gw::plan
