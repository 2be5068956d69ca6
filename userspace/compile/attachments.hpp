// SPDX-License-Identifier: Apache-2.0
// Which links get programs, and which hook is right for each.
#pragma once

#include "userspace/compile/compile.hpp"

#include <vector>

namespace gw::compile {

std::vector<plan::Attachment> choose_attachments(const ir::Config& config, const net::Topology& topology,
                                                 const Options& options);

}  // namespace gw::compile
