// SPDX-License-Identifier: Apache-2.0
// What health checks tell people.
#pragma once

#include <chrono>
#include <string>

namespace gw::health {

using Clock = std::chrono::steady_clock;

/// An endpoint went out of use, or came back.
struct Change {
  std::string backend_ref;  ///< "namespace/service:port"; one of them if there are several
  std::string endpoint;     ///< "10.0.0.1:80"
  bool is_out = false;
  std::string what;  ///< goes on behind the endpoint: "is unhealthy: connection refused"
};

/// An endpoint of a backendRef that is out of use.
struct Outage {
  std::string backend_ref;
  std::string endpoint;
  const char* state = "";  ///< "unhealthy" or "ejected"
  std::string why;
  Clock::time_point since;
};

}  // namespace gw::health
