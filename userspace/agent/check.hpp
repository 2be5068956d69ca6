// SPDX-License-Identifier: Apache-2.0
// `portcullis check`: offline validation.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace gw::agent {

/// What is looked at: each object by itself, or also how they fit together.
enum class CheckScope : std::uint8_t { Objects, Everything };

/// Reads files and directories, prints a line for each problem to `out`. 0: clean; 1: problems.
int check(const std::vector<std::string>& paths, CheckScope scope, std::ostream& out);

}  // namespace gw::agent
