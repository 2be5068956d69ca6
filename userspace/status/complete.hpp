// SPDX-License-Identifier: Apache-2.0
// Adds what only the data path knows to a report: Programmed, addresses, the data path tier.
#pragma once

#include "userspace/api/status_report.hpp"
#include "userspace/plan/plan.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gw::status {

/// What became of a plan in the kernel.
struct ApplyOutcome {
  /// Unset: the maps were written and read back, and hold the plan. Set: why they do not.
  std::optional<std::string> failure;
  /// Links whose program could not be attached, "eth0: reason"; empty if all are.
  std::vector<std::string> attach_failures;

  bool operator==(const ApplyOutcome&) const = default;
};

/// Gives every Gateway and listener of ours its Programmed condition (v1alpha1: Ready), its addresses and tier.
/// Programmed is True only for what is in `plan` and was applied.
api::StatusReport complete(const api::StatusReport& report, const plan::Plan& plan, const ApplyOutcome& outcome);

/// complete() for one report after another. What reads nothing that has changed is the same object as the last time.
class Completer {
 public:
  /// What is completed together: a Gateway has the addresses of its ListenerSets' listeners too.
  struct Family {
    std::shared_ptr<const api::GatewayStatus> gateway;
    std::vector<std::shared_ptr<const api::ListenerSetStatus>> listener_sets;
    bool operator==(const Family&) const = default;  ///< the same objects
  };

  std::shared_ptr<const api::StatusReport> complete(const std::shared_ptr<const api::StatusReport>& report,
                                                    const plan::Plan& plan, const ApplyOutcome& outcome);

 private:
  class Completion;
  struct Entry {
    Family family;
    Family completed;
  };
  void complete_families(const api::StatusReport& report, const plan::Plan& plan, const ApplyOutcome& outcome);
  [[nodiscard]] api::Objects<api::GatewayStatus> gateways() const;
  [[nodiscard]] api::Objects<api::ListenerSetStatus> listener_sets() const;

  /// What is read of a plan.
  struct Read {
    SharedList<plan::Attachment> attachments;
    SharedList<plan::PlacedListener> placed;
    SharedList<plan::Rejection> rejections;
    bool operator==(const Read&) const = default;
  };
  std::shared_ptr<const api::StatusReport> report_;
  Read read_;
  ApplyOutcome outcome_;
  std::map<api::ObjectRef, Entry> families_;  ///< by Gateway
  std::shared_ptr<const api::StatusReport> completed_;
};

}  // namespace gw::status
