// SPDX-License-Identifier: Apache-2.0
// Passive health checks (outlier detection): from what the programs count of new connections to the backends that take
// no more of them, for a while. The clock is the caller's.
#pragma once

#include "maps/schema.hpp"
#include "userspace/health/report.hpp"
#include "userspace/plan/plan.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gw::health {

class OutlierDetector {
 public:
  using Key = gw_backend_health_key;
  /// The value grows from one ejection to the next.
  using Ejected = std::map<Key, std::uint64_t, maps::BytesLess>;

  /// What is watched from now on; the rest is forgotten.
  void watch(const plan::WatchMap& watched);
  [[nodiscard]] std::size_t watched() const { return backends_.size(); }
  /// Ejected as far as is known from before, for its base time. Ignored if it is not watched.
  void assume_ejected(const Key& key, Clock::time_point now);
  /// Takes a backend's counts as they are now; to be called about once a second for each.
  void note(const Key& key, const gw_backend_health& counts, Clock::time_point now);
  /// Ends the ejections whose time is over.
  void end_ejections(Clock::time_point now);

  [[nodiscard]] const Ejected& ejected() const { return ejected_; }
  /// Who was ejected and who is back since the last call.
  std::vector<Change> take_changes() { return std::exchange(changes_, {}); }
  [[nodiscard]] std::vector<Outage> outages() const;

 private:
  struct Backend {
    plan::Watch watch;
    /// The counts when the backend was last known to answer.
    std::optional<gw_backend_health> good;
    /// `attempts` since then, as it was when it changed: what is old enough tells who had no answer.
    std::deque<std::pair<Clock::time_point, std::uint32_t>> attempts;
    std::uint32_t ejections = 0;  ///< in a row; one less for each base time without another
    Clock::time_point quiet_since;
    Clock::time_point since;
    Clock::time_point until;
    std::string why;
  };

  static std::string failure_of(Backend& backend, std::uint32_t protocol, const gw_backend_health& counts,
                                Clock::time_point now);
  void eject(const Key& key, Backend& backend, std::string why, Clock::time_point now);
  void tell(const Backend& backend, bool is_out, std::string what);

  std::map<Key, Backend, maps::BytesLess> backends_;
  Ejected ejected_;
  std::uint64_t next_order_ = 1;
  std::vector<Change> changes_;
};

}  // namespace gw::health
