// SPDX-License-Identifier: Apache-2.0
// Which backend a connection gets: what all nodes agree on (docs/design/0002, 0007).
#pragma once

#include "tests/differential/model/parse.hpp"

#include <cstdint>

namespace gw::differential {

/// The id of the backend for a connection with that tuple, 0 if it is to be refused.
std::uint32_t choose_backend(const Service& service, const Tuple& tuple);

/// Where the next hop to a destination is kept: of those that have one place only the last is (maps/hop.h).
std::uint32_t hop_place(const IpAddress& destination);

}  // namespace gw::differential
