// SPDX-License-Identifier: Apache-2.0
// One cycle's results -> what the log says and the admin socket serves.
#pragma once

#include "userspace/admin/snapshot.hpp"
#include "userspace/agent/config.hpp"
#include "userspace/agent/events.hpp"
#include "userspace/agent/health_report.hpp"
#include "userspace/api/status_report.hpp"
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

/// References are only used during the call.
struct PublishInput {
  const std::string& source;
  std::int64_t started_at;
  std::uint64_t cycle;
  const Config& config;
  const provider::Snapshot& snapshot;
  const translate::Output& translated;
  const plan::Plan& plan;
  const status::ApplyOutcome& outcome;
  const std::vector<datapath::AttachResult>& attached;
  const datapath::SocketStatus& sockets;
  const datapath::Features& features;
  const HealthChecks::Report& health;
  const api::StatusReport& report;
  bool ready;
  EventLog& events;
};

/// Also brings the events up to date.
std::shared_ptr<const admin::Snapshot> make_snapshot(const PublishInput& input);

/// One line for each problem of manifests, bindings and plan; conditions are not among them.
std::set<std::string> problem_lines(const provider::Snapshot& snapshot, const translate::Output& translated,
                                    const plan::Plan& plan);

}  // namespace gw::agent
