// SPDX-License-Identifier: Apache-2.0
// What traffic is forwarded to: weighted backends, and the endpoints behind them.
#pragma once

#include "userspace/base/health_check.hpp"
#include "userspace/base/ip.hpp"
#include "userspace/base/object_name.hpp"
#include "userspace/base/shared_list.hpp"
#include "userspace/base/shared_map.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::ir {

enum class Protocol : std::uint8_t { Tcp, Udp };

/// One address and port that serves; ready ones only.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  ///< host byte order
  std::string node;        ///< the node it runs on; empty if unknown

  auto operator<=>(const Endpoint&) const = default;
};

/// Sorted, unique; both families.
using EndpointList = SharedList<Endpoint>;

/// A port of a Service: what endpoints belong to.
struct ServicePort {
  NamespacedName service;
  std::string name;  ///< the port's; may be empty where the Service has one port
  Protocol protocol = Protocol::Tcp;

  auto operator<=>(const ServicePort&) const = default;
};

using EndpointMap = SharedMap<ServicePort, EndpointList>;

/// Whose address a backend sees.
enum class SourceAddress : std::uint8_t {
  Auto,        ///< the client's, if the backend is on this node; else ours
  Preserve,    ///< the client's: the backend's replies must come back through us
  Masquerade,  ///< ours
};

/// Direct server return: the backend has the VIP itself and answers the client past us.
enum class DirectReturn : std::uint8_t {
  None,
  SameSegment,  ///< the packet goes to the backend's MAC address as it is
  Tunnel,       ///< IP in IP
};

/// How traffic reaches the endpoints of a backendRef.
struct Upstream {
  SourceAddress source_address = SourceAddress::Auto;
  DirectReturn direct_return = DirectReturn::None;
  std::optional<std::chrono::seconds> drain_timeout;  ///< flows stay that long with an endpoint that is gone
  HealthCheck health_check;

  bool operator==(const Upstream&) const = default;
};

/// One backendRef: the unit that a weight belongs to, whatever the number of its endpoints.
/// A ref that is invalid, or has no endpoints, keeps its weight: that share is rejected.
struct WeightedBackends {
  std::string name;  ///< "namespace/service:port", for people
  std::uint32_t weight = 1;
  std::optional<ServicePort> port;  ///< key of Config::endpoints; none if the ref is invalid
  Upstream upstream;
  std::string tls;  ///< key of Config::backend_tls, for the proxy; empty: without TLS of ours

  bool operator==(const WeightedBackends&) const = default;
};

/// A weighted set of backends: what one rule of a route forwards to.
struct Service {
  std::vector<WeightedBackends> backends;            ///< in the order of the route
  bool source_affinity = false;                      ///< all connections of a client go to one endpoint
  std::optional<std::chrono::seconds> idle_timeout;  ///< of established TCP connections and of UDP flows

  bool operator==(const Service&) const = default;
};

}  // namespace gw::ir
