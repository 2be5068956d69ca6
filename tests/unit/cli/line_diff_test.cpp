// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/line_diff.hpp"

#include <gtest/gtest.h>

namespace gw::cli {
namespace {

TEST(LineDiff, EqualTextsHaveNone) { EXPECT_EQ(line_diff("a\nb\n", "a\nb\n"), ""); }

TEST(LineDiff, ShowsWhatIsTakenOutAndPutIn) {
  EXPECT_EQ(line_diff("a\nb\nc\n", "a\nx\nc\nd\n"), " a\n-b\n+x\n c\n+d\n");
  EXPECT_EQ(line_diff("", "a\n"), "+a\n");
  EXPECT_EQ(line_diff("a\n", ""), "-a\n");
}

TEST(LineDiff, LeavesOutWhatIsFarFromAChange) {
  EXPECT_EQ(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\nz\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n"), "@@\n 7\n 8\n 9\n-z\n+x\n");
  EXPECT_EQ(line_diff("a\n1\n2\n3\n4\n5\n6\n7\nz\n", "b\n1\n2\n3\n4\n5\n6\n7\ny\n"),
            "-a\n+b\n 1\n 2\n 3\n@@\n 5\n 6\n 7\n-z\n+y\n");
}

/// Two plans of many thousand lines with nothing in common are shown, without a table of their product.
TEST(LineDiff, LargeTextsAreNoTrouble) {
  std::string before;
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    before += "a" + std::to_string(i) + "\n";
    after += "b" + std::to_string(i) + "\n";
  }
  const std::string diff = line_diff(before, after);
  EXPECT_TRUE(diff.starts_with("-a0\n"));
  EXPECT_TRUE(diff.ends_with("+b19999\n"));
}

}  // namespace
}  // namespace gw::cli
