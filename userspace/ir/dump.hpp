// SPDX-License-Identifier: Apache-2.0
// The IR as text, for goldens and people.
#pragma once

#include "userspace/ir/config.hpp"

#include <string>

namespace gw::ir {

/// One line for each listener, service, backendRef and endpoint; equal configurations give equal text.
std::string dump(const Config& config);

}  // namespace gw::ir
