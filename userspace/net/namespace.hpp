// SPDX-License-Identifier: Apache-2.0
// This host, and the network namespaces of its processes.
#pragma once

#include "userspace/base/error.hpp"

#include <sys/types.h>

#include <string>

namespace gw::net {

/// What the host is called, which is the name of its node unless somebody says otherwise.
std::string host_name();

/// The calling thread sees links, addresses and routes as `process` does. Nothing happens if it does already; otherwise
/// CAP_SYS_ADMIN is needed (setns(2)).
Result<> enter_namespace_of(pid_t process);

}  // namespace gw::net
