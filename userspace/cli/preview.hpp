// SPDX-License-Identifier: Apache-2.0
// What a change would do to the maps: the daemon's own stages, run on the manifests before and after it.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/cli/env.hpp"
#include "userspace/cli/state.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/translate/translate.hpp"

#include <string>
#include <vector>

namespace gw::cli {

struct Preview {
  translate::Output before;
  translate::Output after;
  plan::Plan plan_before;
  plan::Plan plan_after;
  MapView maps;  ///< as they are; of the plan before, if there are none or the daemon was not asked
  bool is_of_kernel = false;
  std::vector<plan::Operation> operations;
};

/// Compiles for the links, addresses and routes of the daemon's network namespace, with the daemon's configuration;
/// with a state of its own for those of this namespace, with the defaults. Moves the calling thread into that
/// namespace.
Result<Preview> make_preview(Env& env, const ChangeRequest& request, const States& states);

/// Connections that the operations leave without their backend, a sentence for each backend.
std::vector<std::string> draining_connections(const Preview& preview);

/// A title and indented lines; nothing if there are none.
void print_list(Env& env, const char* title, const std::vector<std::string>& lines);

}  // namespace gw::cli
