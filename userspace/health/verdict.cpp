// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/verdict.hpp"

namespace gw::health {

void Verdict::assume_unhealthy() {
  is_healthy_ = false;
  against_ = 0;
}

bool Verdict::note(Outcome outcome, const ActiveCheck& check) {
  if (outcome == Outcome::Inconclusive) return false;
  if ((outcome == Outcome::Passed) == is_healthy_) {
    against_ = 0;
    return false;
  }
  const std::uint32_t threshold = is_healthy_ ? check.unhealthy_threshold : check.healthy_threshold;
  if (++against_ < threshold) return false;
  is_healthy_ = !is_healthy_;
  against_ = 0;
  return true;
}

}  // namespace gw::health
