// SPDX-License-Identifier: Apache-2.0
// For tests whose expectations are files, which `--update` writes anew.
#pragma once

#include <filesystem>
#include <string>

namespace gw::testing {

std::string read_text(const std::filesystem::path& path);

/// The text is that of the file; an empty one may be no file. With `--update` the file is made so.
void expect_file(const std::filesystem::path& path, const std::string& actual);

/// The name of a case as that of a test: these have no dashes.
std::string test_name(std::string case_name);

/// main() of such a test.
int run_golden_tests(int argc, char** argv);

}  // namespace gw::testing
