// SPDX-License-Identifier: Apache-2.0
// How endpoints are checked, as values that every stage carries. Words and defaults are those of Envoy Gateway's
// BackendTrafficPolicy.healthCheck, as far as they mean the same here (docs/design/0018).
#pragma once

#include "userspace/base/ip.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw {

/// The request of an HTTP check, and what is right as an answer.
struct HttpCheck {
  std::string method = "GET";
  std::string path = "/";
  std::string host = {};                              ///< of the Host field; empty: the endpoint's address and port
  std::vector<std::uint16_t> expected_statuses = {};  ///< sorted; empty: 200 to 399

  auto operator<=>(const HttpCheck&) const = default;
};

/// A call of grpc.health.v1.
struct GrpcCheck {
  std::string service = {};  ///< empty: the server as a whole

  auto operator<=>(const GrpcCheck&) const = default;
};

/// A check that we make ourselves, again and again. Without `http` and `grpc` a TCP connection that comes about is
/// enough.
struct ActiveCheck {
  std::optional<HttpCheck> http = {};
  std::optional<GrpcCheck> grpc = {};
  std::optional<std::uint16_t> port = {};    ///< host byte order; none: the endpoint's own
  std::chrono::milliseconds interval{3000};  ///< from one check's begin to the next
  std::chrono::milliseconds timeout{1000};   ///< of one check as a whole
  std::uint32_t healthy_threshold = 1;       ///< so many good ones in a row and it is healthy again
  std::uint32_t unhealthy_threshold = 3;     ///< so many bad ones in a row and it is out

  auto operator<=>(const ActiveCheck&) const = default;
};

/// What is concluded from clients' connections.
struct PassiveCheck {
  std::uint32_t consecutive_failures = 5;                ///< connections in a row that were refused or not answered
  std::chrono::milliseconds connect_timeout{3000};       ///< TCP: a SYN without an answer for so long is a failure
  std::chrono::milliseconds base_ejection_time{30'000};  ///< times the number of ejections in a row
  std::uint32_t max_ejection_percent = 50;               ///< of the endpoints of one backendRef

  auto operator<=>(const PassiveCheck&) const = default;
};

/// If fewer than so many percent of a backendRef's endpoints are healthy, health is ignored. 1: if none is.
inline constexpr std::uint32_t kDefaultPanicThreshold = 1;

struct HealthCheck {
  std::optional<ActiveCheck> active;
  std::optional<PassiveCheck> passive;
  std::uint32_t panic_threshold = kDefaultPanicThreshold;  ///< percent; 0: health is never ignored

  bool operator==(const HealthCheck&) const = default;
};

/// One endpoint and how it is actively checked: equal ones are one check, whoever asks for it.
struct CheckTarget {
  IpAddress address;
  std::uint16_t port = 0;  ///< the endpoint's, host byte order; the check's own may be another
  ActiveCheck check;

  auto operator<=>(const CheckTarget&) const = default;
};

}  // namespace gw
