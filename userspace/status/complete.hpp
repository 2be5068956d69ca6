// SPDX-License-Identifier: Apache-2.0
// Adds what only the data path knows to a report: Programmed, addresses, the data path tier.
#pragma once

#include "userspace/api/status_report.hpp"
#include "userspace/plan/plan.hpp"

#include <optional>
#include <string>

namespace gw::status {

/// What became of a plan in the kernel.
struct ApplyOutcome {
  /// Unset: the maps were written and read back, and hold the plan. Set: why they do not.
  std::optional<std::string> failure;
  /// Links whose program could not be attached, "eth0: reason"; empty if all are.
  std::vector<std::string> attach_failures;
};

/// Gives every Gateway and listener of ours its Programmed condition (v1alpha1: Ready), its addresses and tier.
/// Programmed is True only for what is in `plan` and was applied.
api::StatusReport complete(api::StatusReport report, const plan::Plan& plan, const ApplyOutcome& outcome);

}  // namespace gw::status
