// SPDX-License-Identifier: Apache-2.0
// Private to compile/: the address families, since a service is compiled once for each that its listeners have.
#pragma once

#include "userspace/base/ip.hpp"

#include <cstdint>

namespace gw::compile {

enum class Family : std::uint8_t { V4, V6 };

inline Family family_of(const IpAddress& address) { return address.is_v4() ? Family::V4 : Family::V6; }
/// Of a service's name in plan::IdTable and gw_names.
inline const char* suffix(Family family) { return family == Family::V4 ? "/ipv4" : "/ipv6"; }

}  // namespace gw::compile
