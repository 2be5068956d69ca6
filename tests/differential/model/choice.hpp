// SPDX-License-Identifier: Apache-2.0
// Which backend a connection gets: what all nodes agree on (docs/design/0002, 0007).
#pragma once

#include "tests/differential/model/parse.hpp"

#include <cstdint>
#include <vector>

namespace gw::differential {

/// MurmurHash3 (32 bit) of the tuple.
std::uint32_t hash_of(const Tuple& tuple);

/// The id of the backend, 0 if the connection is to be refused.
std::uint32_t choose_backend(const std::vector<Share>& service, std::uint32_t hash);

}  // namespace gw::differential
