// SPDX-License-Identifier: Apache-2.0
// Sets of manifests that change a little at a time, at random, for tests that say: what is done step by step is what is
// done at once.
#pragma once

#include "tests/support/random_objects.hpp"
#include "userspace/api/resource_set.hpp"

#include <cstdint>

namespace gw::testing {

/// Objects come, go and come back; all kinds that there are.
class RandomResources {
 public:
  explicit RandomResources(std::uint32_t seed) : random_(seed) {}

  /// The set after one to three more changes. Objects that they leave alone are the same objects.
  const api::ResourceSet& next();

 private:
  template <typename Kind>
  void change(api::Objects<Kind>& objects);
  void change_something();

  RandomObjects random_;
  api::ResourceSet set_;
};

}  // namespace gw::testing
