// SPDX-License-Identifier: Apache-2.0
// Sockets of this host's own processes, by sock_diag(7).
#pragma once

#include "userspace/base/connected_socket.hpp"
#include "userspace/base/error.hpp"

#include <set>

namespace gw::net {

/// Ends connections: the peer of a TCP socket gets a RST, the process an ECONNABORTED. Sockets that are gone, or
/// connected to somebody else by now, are no error. Sockets of the calling thread's network namespace. Needs a kernel
/// with CONFIG_INET_DIAG_DESTROY.
Result<> destroy_sockets(const std::set<ConnectedSocket>& sockets);

}  // namespace gw::net
