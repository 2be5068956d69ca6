// SPDX-License-Identifier: Apache-2.0
// Between the maps' addresses and ours. Both hold 16 bytes in network order, IPv4 as v4-mapped.
#pragma once

#include "maps/admission.h"
#include "maps/backend.h"
#include "userspace/base/ip.hpp"

#include <cstdint>
#include <string>

namespace gw::plan {

IpAddress to_ip(const gw_addr& address);
gw_addr to_map(const IpAddress& address);
/// From the form of the IPv4 flow table; network byte order.
gw_addr to_map_v4(std::uint32_t address_be);
/// The IR's form of the key's range.
IpPrefix to_prefix(const gw_source_key& key);
gw_source_key to_map(std::uint32_t listener_id, const IpPrefix& range);
/// gw_backend.shared_bits for a backend that has these clients on its link, and back: the length of their prefix.
std::uint8_t shared_bits(const IpPrefix& clients);
std::uint32_t shared_length(const gw_backend& backend);
/// The protocol number's word: "tcp", "udp".
const char* protocol_text(std::uint8_t protocol);
/// "10.0.0.1:80" or "[2001:db8::1]:80"; the port in network byte order, as the maps have it.
std::string endpoint_text(const gw_addr& address, std::uint16_t port_be);

}  // namespace gw::plan
