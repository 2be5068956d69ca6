// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/random_resources.hpp"
#include "userspace/ir/dump.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::translate {
namespace {

/// A Translator that has seen sets before answers as one that has not.
TEST(Translator, ChangeByChangeIsAllAtOnce) {
  std::size_t endpoints = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    testing::RandomResources resources(seed);
    Translator translator({});
    for (int round = 0; round < 100; ++round) {
      const api::ResourceSet& set = resources.next();
      const Output& output = translator.translate(set);
      const Output expected = translate(set, {});
      ASSERT_EQ(ir::dump(output.config), ir::dump(expected.config)) << "seed " << seed << " round " << round;
      ASSERT_EQ(output.config, expected.config);
      ASSERT_EQ(*output.report, *expected.report);
      ASSERT_EQ(output.findings, expected.findings);
      for (const auto& [port, list] : output.config.endpoints) endpoints += list.size();
    }
  }
  EXPECT_GT(endpoints, 500U);  // or the sets were of no use
}

TEST(Translator, AChangeOfEndpointsLeavesEverythingElseTheSameObject) {
  testing::RandomResources resources(1);
  for (int round = 0; round < 50; ++round) resources.next();
  api::ResourceSet set = resources.next();
  Translator translator({});
  const Output before = translator.translate(set);
  ASSERT_FALSE(set.endpoint_slices.empty());
  api::EndpointSlice slice = set.endpoint_slices.front();
  slice.endpoints.clear();
  std::vector<std::shared_ptr<const api::EndpointSlice>> slices = set.endpoint_slices.pointers();
  slices.front() = std::make_shared<const api::EndpointSlice>(slice);
  set.endpoint_slices = api::Objects<api::EndpointSlice>(std::move(slices));
  const Output& after = translator.translate(set);
  EXPECT_EQ(after.report, before.report);
  EXPECT_TRUE(after.config.listeners.is_same_object(before.config.listeners));
}

}  // namespace
}  // namespace gw::translate
