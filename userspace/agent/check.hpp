// SPDX-License-Identifier: Apache-2.0
// `portcullis check`: offline validation.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace gw::agent {

/// Reads files and directories, prints a line for each problem to `out`. 0: clean; 1: problems.
int check(const std::vector<std::string>& paths, std::ostream& out);

}  // namespace gw::agent
