// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/digest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace gw::plan {
namespace {

/// The standard's own example: SHA-256 of "abc" begins with ba7816bf 8f01cfea.
TEST(Digest, IsTheBeginningOfSha256) {
  Digest digest;
  digest.add(std::array<std::uint8_t, 3>{'a', 'b', 'c'});
  EXPECT_EQ(digest.value(), 0xba7816bf8f01cfeaULL);
}

TEST(Digest, TakesNumbersInOneByteOrder) {
  Digest number;
  number.add(0x01020304U);
  Digest bytes;
  bytes.add(std::array<std::uint8_t, 4>{4, 3, 2, 1});
  EXPECT_EQ(number.value(), bytes.value());
}

}  // namespace
}  // namespace gw::plan
