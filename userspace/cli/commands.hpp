// SPDX-License-Identifier: Apache-2.0
// gwctl's commands. Each returns an ExitCode.
#pragma once

#include "userspace/analyze/change.hpp"
#include "userspace/cli/env.hpp"
#include "userspace/cli/objects.hpp"

#include <string>

namespace gw::cli {

/// `kinds`: one or several, separated by commas, or "all".
int get(Env& env, const std::string& kinds, const Selection& selection, Output output);
int describe(Env& env, const std::string& kind, const Selection& selection);
int status(Env& env, Output output);
/// `map`: empty for all.
int dump_maps(Env& env, const std::string& map, Output output);

/// A change, and what it is compared with.
struct ChangeRequest {
  std::vector<std::string> files;  ///< files, directories, "-"; may be empty for analyze()
  analyze::Action action = analyze::Action::Apply;
  std::string state;  ///< directory with the state before; "none" for nothing; empty: what the daemon has
};

/// What the change breaks and brings into effect, and why things are not attached.
int analyze_change(Env& env, const ChangeRequest& request, Output output);
/// The operations on the maps that the change leads to.
int plan_change(Env& env, const ChangeRequest& request, Output output);
/// Objects, intermediate representation and plan, before and after.
int diff_change(Env& env, const ChangeRequest& request, Output output);
/// Older APIs to YAML of gateway.networking.k8s.io/v1.
int convert_files(Env& env, const std::vector<std::string>& files, Output output);
/// The names that dump_maps() knows.
std::vector<std::string> map_names();

}  // namespace gw::cli
