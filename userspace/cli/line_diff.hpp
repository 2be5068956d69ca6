// SPDX-License-Identifier: Apache-2.0
// Two texts line by line, as diff -u shows them.
#pragma once

#include <string>

namespace gw::cli {

/// Lines with "-", "+" and " " in front; three lines of what is the same around each change, "@@" where some are left
/// out. Empty if the texts are equal.
std::string line_diff(const std::string& before, const std::string& after);

}  // namespace gw::cli
