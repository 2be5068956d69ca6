// SPDX-License-Identifier: Apache-2.0
// Active health checks: connects to endpoints again and again, and tells which are healthy. For an event loop: fd() and
// due() say when to call. Not thread-safe.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"
#include "userspace/base/health_check.hpp"
#include "userspace/health/probe.hpp"
#include "userspace/health/report.hpp"
#include "userspace/health/verdict.hpp"
#include "userspace/ir/config.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gw::health {

class Checker {
 public:
  struct Options {
    std::size_t most_at_once = 256;  ///< checks, each of which holds a socket
    std::uint32_t seed = 0;          ///< of the chance that spreads checks over their interval
  };
  static Result<Checker> open(const Options& options);

  /// Endpoints that are out as far as is known from before: where their check comes first in watch(), it begins with
  /// that verdict instead of "healthy".
  void assume_unhealthy(std::set<std::pair<IpAddress, std::uint16_t>> endpoints);
  /// What is to be checked from now on: the endpoints of all backendRefs with an active check. Verdicts of those that
  /// were checked before stay. A new one has its first check within its interval, at a moment left to chance, so that
  /// many endpoints are not checked at once.
  void watch(const ir::Config& config, Clock::time_point now);

  /// Readable when on_ready() has work.
  [[nodiscard]] int fd() const { return epoll_.get(); }
  void on_ready(Clock::time_point now);
  /// When on_due() is to be called next; nothing if there is nothing to wait for.
  [[nodiscard]] std::optional<Clock::time_point> due() const;
  void on_due(Clock::time_point now);

  [[nodiscard]] const std::set<CheckTarget>& unhealthy() const { return unhealthy_; }
  /// Verdicts that have changed since the last call.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  [[nodiscard]] std::vector<Outage> outages() const;
  [[nodiscard]] std::size_t watched() const { return watched_.size(); }
  /// Why checks could not be made, the last time; empty if they could.
  [[nodiscard]] const std::string& own_problem() const { return own_problem_; }
  /// How long the check that begins next has been due: more than an interval means that there are too many.
  [[nodiscard]] Clock::duration behind(Clock::time_point now) const;

 private:
  struct Watched {
    Verdict verdict;
    std::string why;
    Clock::time_point since;
    std::map<std::string, std::uint32_t> backend_refs;  ///< who wants it checked, and how often
    Clock::time_point due;                              ///< of the next check; of the current one while it is in flight
    std::uint64_t flight = 0;                           ///< 0: none
  };
  using Entry = std::pair<const CheckTarget, Watched>;
  struct Flight {
    Probe probe;
    Entry* entry;
    Clock::time_point deadline;
    bool is_noted = false;
  };
  /// A backendRef as it was seen last.
  struct Group {
    std::string backend_ref;
    ActiveCheck check;
    ir::EndpointList endpoints;
    bool is_seen = true;

    [[nodiscard]] bool is_same(const Group& other) const {
      return backend_ref == other.backend_ref && check == other.check && endpoints == other.endpoints;
    }
  };

  Checker(Fd epoll, const Options& options) : epoll_(std::move(epoll)), options_(options), random_(options.seed) {}
  void watch_group(const std::string& key, Group group, Clock::time_point now);
  void acquire(const Group& group, Clock::time_point now);
  void release(const Group& group);
  void add(Entry& entry, Clock::time_point now);
  void remove(const CheckTarget& target);
  void start(Entry& entry, Clock::time_point now);
  void settle(std::uint64_t serial, Clock::time_point now);
  void note(Entry& entry, const CheckResult& result, Clock::time_point now);
  void end_flight(std::uint64_t serial, Clock::time_point now);

  Fd epoll_;
  Options options_;
  std::minstd_rand random_;
  std::map<std::string, Group> groups_;
  std::map<CheckTarget, Watched> watched_;
  std::set<std::pair<Clock::time_point, Entry*>> queue_;
  std::unordered_map<std::uint64_t, Flight> flights_;
  std::set<std::pair<Clock::time_point, std::uint64_t>> deadlines_;
  std::uint64_t next_serial_ = 1;
  std::set<std::pair<IpAddress, std::uint16_t>> assumed_unhealthy_;
  std::set<CheckTarget> unhealthy_;
  std::vector<Change> changes_;
  std::string own_problem_;
};

}  // namespace gw::health
