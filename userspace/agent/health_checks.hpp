// SPDX-License-Identifier: Apache-2.0
// Health checks at work on the agent's event loop: active ones by their sockets, passive ones by what the programs
// count. Says each change in the log, and asks for a cycle after it.
#pragma once

#include "userspace/agent/event_loop.hpp"
#include "userspace/base/error.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/health/checker.hpp"
#include "userspace/health/outliers.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/plan/health.hpp"
#include "userspace/plan/plan.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gw::agent {

class HealthChecks {
 public:
  /// `on_change`: called from the loop when endpoints went out of use or came back; changes that come together are one.
  static Result<std::unique_ptr<HealthChecks>> create(EventLoop& loop, const datapath::Maps& maps,
                                                      std::function<void()> on_change);
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  /// What an earlier agent had found; before the first watch_endpoints() and watch_backends().
  void restore(const plan::Observed& observed);
  /// Active checks of what `config` asks for.
  void watch_endpoints(const ir::Config& config);
  /// Passive checks of what the plan, which the maps hold now, asks for.
  void watch_backends(const plan::Plan& plan);
  [[nodiscard]] plan::Health found() const;

  struct Report {
    std::size_t checked = 0;  ///< endpoints with active checks
    std::size_t watched = 0;  ///< backends with passive ones
    std::vector<health::Outage> outages;
  };
  [[nodiscard]] Report report() const;

 private:
  HealthChecks(const datapath::Maps& maps, health::Checker checker, std::function<void()> on_change);
  Result<> connect_events(EventLoop& loop);
  void on_sockets();
  void on_check_timer();
  void on_sample_timer();
  void after_checks();
  void note_changes(const std::vector<health::Change>& changes);
  void say_if_behind();

  const datapath::Maps& maps_;
  health::Checker checker_;
  health::OutlierDetector outliers_;
  std::function<void()> on_change_;
  std::optional<EventLoop::Timer> check_timer_;
  std::optional<EventLoop::Timer> sample_timer_;
  std::optional<EventLoop::Timer> change_timer_;
  std::vector<gw_backend_health_key> ejected_before_;  ///< by an earlier agent
  std::set<std::string> own_problems_;                 ///< said already
  bool is_change_due_ = false;
  bool is_sampling_ = false;
  bool is_behind_ = false;
};

}  // namespace gw::agent
