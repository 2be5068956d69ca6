// SPDX-License-Identifier: Apache-2.0
// Which new connections a listener lets in: IR -> entries of the maps.
#pragma once

#include "userspace/ir/config.hpp"
#include "userspace/plan/plan.hpp"

namespace gw::compile {

/// Puts `admission` into the listener's entry, and what belongs to its id beside it: its ranges into `sources`, and the
/// id into `limited` if something has to be counted.
void compile_admission(const ir::Admission& admission, gw_listener& listener, plan::SourceMap& sources,
                       plan::IdSet& limited);

}  // namespace gw::compile
