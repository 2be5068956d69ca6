// SPDX-License-Identifier: Apache-2.0
// What health checks have found -> what people read.
#pragma once

#include "userspace/agent/health_checks.hpp"

#include <chrono>
#include <ctime>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gw::agent {

/// The same moment on two clocks: outages are dated by one that people do not read.
struct Moment {
  health::Clock::time_point steady;
  std::time_t wall;
};

/// {checked, watched, outOfUse: [{backendRef, endpoint, state, why, since}]}; `since` in seconds of the Unix epoch.
nlohmann::json describe(const HealthChecks::Report& report, const Moment& now);

/// A sentence for each backendRef of which endpoints are out of use.
struct HealthFinding {
  std::string object;  ///< "Service namespace/name"
  std::string message;
};
std::vector<HealthFinding> findings_of(const HealthChecks::Report& report, const Moment& now);

}  // namespace gw::agent
