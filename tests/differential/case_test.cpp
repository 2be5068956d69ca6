// SPDX-License-Identifier: Apache-2.0
// Cases as text, random cases, and making cases small: what the differential test stands on. Needs no kernel.
#include "tests/differential/case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/differential/generate.hpp"
#include "tests/differential/shrink.hpp"

namespace gw::differential {
namespace {

TEST(Case, IsReadAsItWasWritten) {
  for (std::uint64_t number = 0; number < 200; ++number) {
    const Case one = Generator(7, number).make();
    const auto read = parse_case(print(one));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(print(*read), print(one));
    EXPECT_EQ(read->steps.size(), one.steps.size());
  }
}

TEST(Case, AMistakeIsNamedWithItsLine) {
  for (const char* wrong : {"packet xdp ttl=300", "packet xdp size=3", "packet udp", "backend 1 nat 10.0.0.1:1 ::",
                            "service 1 12", "listener tcp 10.0.0.1 1 1", "nat-ports 1", "frame"}) {
    const auto read = parse_case(std::string("# a comment\n\n") + wrong + "\n");
    ASSERT_FALSE(read) << wrong;
    EXPECT_TRUE(read.error().message.starts_with("line 3:")) << read.error().message;
  }
}

TEST(Generator, MakesTheSameCaseOfTheSameNumbers) {
  EXPECT_EQ(print(Generator(1, 2).make()), print(Generator(1, 2).make()));
  EXPECT_NE(print(Generator(1, 2).make()), print(Generator(1, 3).make()));
  EXPECT_NE(print(Generator(1, 2).make()), print(Generator(2, 2).make()));
}

TEST(Shrink, LeavesWhatTheFailureNeeds) {
  // "Fails" if a packet of 100 bytes or more follows a removed backend.
  const auto fails = [](const Case& one) {
    const auto removal = std::ranges::find_if(one.steps, [](const Step& step) {
      const auto* change = std::get_if<Change>(&step);
      return change != nullptr && std::holds_alternative<RemoveBackend>(*change);
    });
    return std::any_of(removal, one.steps.end(), [](const Step& step) {
      const auto* packet = std::get_if<Packet>(&step);
      return packet != nullptr && packet->payload >= 100;
    });
  };
  Case one;
  for (std::uint64_t number = 0; !fails(one); ++number) one = Generator(3, number).make();
  const Case small = shrink(one, fails);
  ASSERT_TRUE(fails(small));
  ASSERT_EQ(small.steps.size(), 2U) << print(small);
  const auto& packet = std::get<Packet>(small.steps[1]);
  Packet plain;
  plain.client = packet.client;
  plain.vip = packet.vip;
  plain.protocol = packet.protocol;
  plain.path = packet.path;
  plain.payload = packet.payload;
  EXPECT_LT(packet.payload, 200);
  EXPECT_EQ(packet, plain) << print(small);
}

}  // namespace
}  // namespace gw::differential
