// SPDX-License-Identifier: Apache-2.0
// From a described packet to the bytes of its frame.
#pragma once

#include "tests/differential/case.hpp"
#include "tests/differential/model/connection.hpp"
#include "tests/support/data_path.hpp"

namespace gw::differential {

/// The tuple that the connection's client uses.
Tuple client_tuple(const Packet& packet);

/// The frame as it arrives by the link of the hook. `connection`: that of the packet, nullptr if there is none.
Bytes frame_of(const Packet& packet, const Connection* connection, testing::Hook hook);

}  // namespace gw::differential
