// SPDX-License-Identifier: Apache-2.0
#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>

namespace gw::testing {
namespace {

bool update = false;

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  if (text.empty()) {
    std::filesystem::remove(path);
  } else {
    std::ofstream(path) << text;
  }
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_file(const std::filesystem::path& path, const std::string& actual) {
  if (update) return write(path, actual);
  EXPECT_EQ(read_text(path), actual) << path;
}

std::string test_name(std::string case_name) {
  std::ranges::replace(case_name, '-', '_');
  return case_name;
}

int run_golden_tests(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  update = argc > 1 && std::string_view(argv[1]) == "--update";
  return RUN_ALL_TESTS();
}

}  // namespace gw::testing
