// SPDX-License-Identifier: Apache-2.0
// What the data plane shall do, in its own words: no Gateway API types, no map types, no
// kernel facts. `translate` makes it, `compile` reads it. Plain values.
#pragma once

#include "userspace/base/ip.hpp"
#include "userspace/base/object_name.hpp"

#include <cstdint>
#include <map>
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

/// One backendRef: the unit that a weight belongs to, whatever the number of its endpoints.
/// A ref that is invalid, or has no endpoints, keeps its weight: that share is rejected.
struct WeightedBackends {
  std::string name;  ///< "namespace/service:port", for people
  std::uint32_t weight = 1;
  std::vector<Endpoint> endpoints;  ///< sorted, unique; both families

  bool operator==(const WeightedBackends&) const = default;
};

/// A weighted set of backends: what one rule of a route forwards to.
struct Service {
  std::vector<WeightedBackends> backends;  ///< in the order of the route

  bool operator==(const Service&) const = default;
};

/// A port on some addresses. Conflicted or rejected listeners are not in the config.
struct L4Listener {
  NamespacedName gateway;
  std::string gateway_group;  ///< API group of the Gateway: tells the two generations apart
  std::string name;           ///< the listener's name within the Gateway
  Protocol protocol = Protocol::Tcp;
  std::uint16_t port = 0;            ///< host byte order
  std::vector<IpAddress> addresses;  ///< empty: the node's own addresses
  std::string service;               ///< key of Config::services; empty: nothing bound, every connection is rejected

  /// "namespace/gateway/listener", unique within a group; what maps and gwctl show.
  [[nodiscard]] std::string qualified_name() const { return gateway.to_string() + "/" + name; }
  bool operator==(const L4Listener&) const = default;
};

struct Config {
  std::vector<L4Listener> listeners;        ///< sorted by precedence: the first claims an address:port
  std::map<std::string, Service> services;  ///< key: "<kind>/<namespace>/<name>/<rule>", unique

  bool operator==(const Config&) const = default;
};

}  // namespace gw::ir
