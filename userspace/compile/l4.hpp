// SPDX-License-Identifier: Apache-2.0
// Listeners and services of the IR -> entries of the maps.
#pragma once

#include "userspace/compile/compile.hpp"

namespace gw::compile {

/// Fills everything of `plan` but the attachments; takes ids from `ids` and gives back those that nothing uses any
/// more.
void compile_l4(const ir::Config& config, const net::Topology& topology, const Options& options, plan::IdTable& ids,
                plan::Plan& plan);

}  // namespace gw::compile
