// SPDX-License-Identifier: Apache-2.0
// Backends of each mode, as the maps have them.
#pragma once

#include "maps/backend.h"
#include "userspace/base/ip.hpp"

#include <cstdint>

namespace gw::testing {

/// Of a text that is an address.
IpAddress ip(const char* text);

gw_backend dnat(const IpAddress& address, std::uint16_t port);
/// On an address of the gateway itself.
gw_backend local(const IpAddress& address, std::uint16_t port);
gw_backend dsr(const IpAddress& address);
gw_backend dsr_tunnel(const IpAddress& address, const IpAddress& source);
gw_backend full_nat(const IpAddress& address, std::uint16_t port, const IpAddress& source);

}  // namespace gw::testing
