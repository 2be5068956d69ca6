// SPDX-License-Identifier: Apache-2.0
// The composition root at work: one cycle from manifests and kernel facts to maps, status and admin socket, run
// whenever something changed. Single-threaded but for the admin server, which gets immutable snapshots.
#pragma once

#include "userspace/admin/server.hpp"
#include "userspace/agent/config.hpp"
#include "userspace/agent/event_loop.hpp"
#include "userspace/agent/events.hpp"
#include "userspace/agent/health_checks.hpp"
#include "userspace/agent/options.hpp"
#include "userspace/base/error.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/flows.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/datapath/pins.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/datapath/sockets.hpp"
#include "userspace/net/monitor.hpp"
#include "userspace/net/topology.hpp"
#include "userspace/plan/id_table.hpp"
#include "userspace/provider/file/file_provider.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/status/publish.hpp"
#include "userspace/translate/translate.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gw::agent {

class Agent {
 public:
  /// Takes the pin directory, loads the programs, opens every source. Nothing is attached yet.
  static Result<std::unique_ptr<Agent>> create(const RunOptions& options, Config config);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Until SIGTERM or SIGINT. The data path keeps running afterwards, unless `unload_on_exit`.
  Result<> run();

 private:
  /// What create() opens one after another.
  struct Parts {
    EventLoop loop;
    datapath::PinDirectory pins;
    datapath::Features features;
    datapath::Programs programs;
    datapath::Maps maps;
    provider::FileProvider provider;
    net::Monitor monitor;
    std::unique_ptr<admin::Server> admin;
  };
  Agent(RunOptions options, Config config, Parts parts);

  Result<> connect_events();
  Result<> restore();
  void on_manifests_changed();
  void on_kernel_changed();
  void on_topology_changed();
  void on_expiry_timer();
  void schedule_reload();
  void cycle();
  bool read_topology();
  void confirm_neighbours();
  void bump_generation(datapath::NextHops next_hops);
  [[nodiscard]] datapath::NextHops next_hops() const;
  void enable_forwarding(const plan::Plan& plan);
  status::ApplyOutcome apply(const plan::Plan& plan);
  Result<> write_maps(const plan::Plan& plan);
  void attach_sockets();
  void note_written(const plan::Observed& written);
  void end_orphans(const plan::BackendMap& backends);
  std::vector<std::string> attach(const plan::Plan& plan);
  void publish(const translate::Output& translated, const plan::Plan& plan, const status::ApplyOutcome& outcome);
  void say_ready(const status::ApplyOutcome& outcome);
  void log_problems(const translate::Output& translated, const plan::Plan& plan);

  RunOptions options_;
  Config config_;
  Parts parts_;
  datapath::Attacher attacher_;
  datapath::SocketHooks sockets_;
  datapath::FlowExpirer expirer_;
  std::unique_ptr<HealthChecks> health_;
  status::FileStatusWriter status_writer_;
  std::optional<EventLoop::Timer> reload_timer_;
  std::optional<EventLoop::Timer> retry_timer_;
  std::optional<EventLoop::Timer> expiry_timer_;
  std::optional<EventLoop::Timer> drain_timer_;
  std::optional<EventLoop::Timer> topology_timer_;

  provider::Snapshot snapshot_;
  net::Topology topology_;
  plan::IdTable ids_;
  plan::BackendMap draining_;  ///< as the maps had them last
  std::vector<datapath::AttachResult> attached_;
  EventLog events_;
  std::set<std::string> logged_;  ///< what was said last time, so that it is said once
  std::set<std::uint32_t> forwarding_links_;
  std::chrono::seconds retry_delay_{1};
  std::uint64_t cycles_ = 0;
  std::int64_t started_at_ = 0;
  bool hops_changed_ = false;
  bool topology_is_due_ = false;
  bool orphans_are_due_ = true;  ///< an earlier agent may not have come to it
  bool ready_ = false;
};

}  // namespace gw::agent
