// SPDX-License-Identifier: Apache-2.0
// One cycle's results -> what the log says and the admin socket serves.
#pragma once

#include "userspace/admin/snapshot.hpp"
#include "userspace/agent/events.hpp"
#include "userspace/agent/health_report.hpp"
#include "userspace/api/status_report.hpp"
#include "userspace/config/config.hpp"
#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/sockets.hpp"
#include "userspace/plan/plan.hpp"
#include "userspace/provider/file/file_provider.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/translate/translate.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace gw::agent {

inline constexpr const char* kVersion = GW_VERSION;

/// Copies share what is large.
struct PublishInput {
  std::string source;
  std::int64_t started_at = 0;
  std::int64_t updated_at = 0;
  std::uint64_t cycle = 0;
  config::Config config;
  provider::Snapshot snapshot;
  SharedList<translate::Finding> findings;
  plan::Plan plan;
  status::ApplyOutcome outcome;
  std::vector<datapath::AttachResult> attached;
  datapath::SocketStatus sockets;
  datapath::Features features;
  HealthChecks::Report health;
  std::shared_ptr<const api::StatusReport> report;
  bool ready = false;
};

/// Also brings the events up to date.
std::shared_ptr<const admin::Snapshot> make_snapshot(PublishInput input, EventLog& events);

/// What is said of manifests, bindings and plan beside the conditions.
struct Problems {
  SharedList<api::Problem> manifests;
  SharedList<std::string> stale_files;
  SharedList<translate::Finding> findings;
  SharedList<std::string> warnings;
  SharedList<plan::Rejection> rejections;

  bool operator==(const Problems&) const = default;
};

Problems problems_of(const provider::Snapshot& snapshot, const translate::Output& translated, const plan::Plan& plan);

/// One line for each.
std::set<std::string> lines_of(const Problems& problems);

}  // namespace gw::agent
