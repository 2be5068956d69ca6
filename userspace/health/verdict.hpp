// SPDX-License-Identifier: Apache-2.0
// Results of checks -> healthy or not. So many results in a row that say otherwise change the verdict; one that agrees
// with it begins the count anew.
#pragma once

#include "userspace/base/health_check.hpp"

#include <cstdint>

namespace gw::health {

enum class Outcome : std::uint8_t {
  Passed,
  Failed,
  Inconclusive,  ///< the check could not be made, for a reason of our own: says nothing
};

class Verdict {
 public:
  /// An endpoint is healthy until it is proven otherwise.
  [[nodiscard]] bool is_healthy() const { return is_healthy_; }
  /// As known from before.
  void assume_unhealthy();
  /// Takes a result into account. True if the verdict is another one now.
  bool note(Outcome outcome, const ActiveCheck& check);

 private:
  bool is_healthy_ = true;
  std::uint32_t against_ = 0;  ///< results in a row that disagree
};

}  // namespace gw::health
