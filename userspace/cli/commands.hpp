// SPDX-License-Identifier: Apache-2.0
// gwctl's commands. Each returns an ExitCode.
#pragma once

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

/// The names that dump_maps() knows.
std::vector<std::string> map_names();

}  // namespace gw::cli
