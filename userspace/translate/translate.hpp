// SPDX-License-Identifier: Apache-2.0
// ResourceSet -> IR and status. Pure and total: whatever the manifests say, there is an answer; what is wrong with
// them becomes a condition on the object, and the rest goes on.
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"
#include "userspace/ir/config.hpp"

#include <string>
#include <vector>

namespace gw::translate {

struct Options {
  std::string controller_name = api::kControllerName;
  /// With files, a Gateway whose class has no GatewayClass object is ours too.
  bool adopt_unknown_classes = true;
};

/// Something a user should know that no object's status has a place for.
struct Finding {
  api::ObjectRef object;
  api::SourceLocation location;
  std::string message;
  bool operator==(const Finding&) const = default;
};

struct Output {
  ir::Config config;
  /// Without Programmed and addresses: those come from the kernel, by status::complete().
  api::StatusReport report;
  std::vector<Finding> findings;
};

Output translate(const api::ResourceSet& resources, const Options& options);

}  // namespace gw::translate
