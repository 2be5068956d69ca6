// SPDX-License-Identifier: Apache-2.0
// The composition root at work: one cycle from manifests and kernel facts to maps, status and admin socket, run
// whenever something changed. Single-threaded but for the admin server, which gets immutable snapshots.
#pragma once

#include "userspace/admin/server.hpp"
#include "userspace/agent/event_loop.hpp"
#include "userspace/agent/events.hpp"
#include "userspace/agent/health_checks.hpp"
#include "userspace/agent/options.hpp"
#include "userspace/agent/pipeline.hpp"
#include "userspace/agent/publish.hpp"
#include "userspace/base/error.hpp"
#include "userspace/config/config.hpp"
#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/flows.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/datapath/pins.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/datapath/sockets.hpp"
#include "userspace/net/monitor.hpp"
#include "userspace/net/topology.hpp"
#include "userspace/provider/file/file_provider.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/status/publish.hpp"

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
  static Result<std::unique_ptr<Agent>> create(const RunOptions& options, config::Config config);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Until SIGTERM or SIGINT. The data path keeps running afterwards, unless `unload_on_exit`.
  Result<> run();

 private:
  /// What create() opens one after another. It stays where it is: the rest refers to it.
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
  Agent(RunOptions options, config::Config config, std::unique_ptr<Parts> parts, Pipeline pipeline);

  Result<> connect_events();
  Result<> restore();
  void on_manifests_changed();
  void on_kernel_changed();
  void on_topology_changed();
  void on_expiry_timer();
  void schedule_reload();
  void on_tidy_timer();
  void cycle();
  bool read_topology();
  void confirm_neighbours();
  [[nodiscard]] std::set<std::uint32_t> find_peers() const;
  void watch_peers();
  void bump_generation(datapath::NextHops next_hops);
  [[nodiscard]] datapath::NextHops next_hops() const;
  void enable_forwarding(const plan::Plan& plan);
  status::ApplyOutcome apply();
  Result<> write_maps();
  void schedule_drain();
  void schedule_tidying();
  void attach_sockets();
  void end_orphans(const plan::BackendMap& backends);
  std::vector<std::string> attach(const plan::Plan& plan);
  void publish(const status::ApplyOutcome& outcome);
  void say_ready(const status::ApplyOutcome& outcome);
  void log_problems();

  RunOptions options_;
  config::Config config_;
  std::unique_ptr<Parts> parts_;
  Pipeline pipeline_;
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
  std::optional<EventLoop::Timer> tidy_timer_;

  provider::Snapshot snapshot_;
  net::Topology topology_;
  std::vector<datapath::AttachResult> attached_;
  EventLog events_;
  Problems problems_;             ///< as they were at the last cycle
  std::set<std::string> logged_;  ///< what was said of them, so that it is said once
  status::Completer completer_;
  std::set<std::uint32_t> forwarding_links_;
  std::set<std::uint32_t> peers_;  ///< what the programs were told (GW_LINK_PEER)
  std::chrono::seconds retry_delay_{1};
  std::uint64_t cycles_ = 0;
  std::int64_t started_at_ = 0;
  bool hops_changed_ = false;
  bool topology_is_due_ = false;
  bool orphans_are_due_ = true;  ///< an earlier agent may not have come to it
  bool tidying_is_due_ = false;
  bool peers_are_due_ = true;
  bool ready_ = false;
};

}  // namespace gw::agent
