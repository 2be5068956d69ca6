// SPDX-License-Identifier: Apache-2.0
// Listeners and services of the IR -> entries of the maps.
#pragma once

#include "userspace/compile/compile.hpp"

namespace gw::compile {

/// Fills listeners, services, backends, names, placed, rejections and warnings of `plan`; takes ids from `ids` and
/// gives back those that nothing uses any more.
void compile_l4(const ir::Config& config, const net::Topology& topology, plan::IdTable& ids, plan::Plan& plan);

}  // namespace gw::compile
