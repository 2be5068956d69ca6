// SPDX-License-Identifier: Apache-2.0
// What the data plane shall do, in its own words: no Gateway API types, no map types, no
// kernel facts. `translate` makes it, `compile` reads it. Plain values.
#pragma once

#include "userspace/base/ip.hpp"
#include "userspace/base/object_name.hpp"
#include "userspace/base/shared_list.hpp"
#include "userspace/base/shared_map.hpp"
#include "userspace/ir/backend.hpp"
#include "userspace/ir/http.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::ir {

/// A port on some addresses. Conflicted or rejected listeners are not in the config.
struct L4Listener {
  NamespacedName gateway;
  std::string gateway_group;  ///< API group of the Gateway: tells the two generations apart
  std::string name;           ///< the listener's within the Gateway; "<namespace>/<set>/<listener>" of a ListenerSet's
  Protocol protocol = Protocol::Tcp;
  std::uint16_t port = 0;            ///< host byte order
  std::vector<IpAddress> addresses;  ///< empty: the node's own addresses
  Admission admission;
  std::string service;  ///< key of Config::services; empty: nothing bound, every connection is rejected

  /// "namespace/gateway/listener", unique within a group; what maps and gwctl show.
  [[nodiscard]] std::string qualified_name() const { return gateway.to_string() + "/" + name; }
  bool operator==(const L4Listener&) const = default;
};

/// Endpoints are apart from what refers to them: they change more often than everything else.
struct Config {
  SharedList<L4Listener> listeners;          ///< sorted by precedence: the first claims an address:port
  SharedMap<std::string, Service> services;  ///< key: "<kind>/<namespace>/<name>/<rule>", unique
  SharedList<std::string> interfaces;        ///< links to attach to: names, or shell patterns; empty: all
  EndpointMap endpoints;                     ///< of each port that a service or an HTTP rule refers to

  // For the proxy:
  SharedList<L7Listener> l7_listeners;             ///< sorted by precedence
  SharedMap<std::string, HttpRule> http_rules;     ///< key as that of services
  SharedMap<std::string, BackendTls> backend_tls;  ///< key: "<policy's kind>/<namespace>/<name>"
  SharedMap<std::string, KeyPair> key_pairs;       ///< key: "<namespace>/<name>" of the Secret
  SharedMap<std::string, std::string> ca_bundles;  ///< PEM; key: "<kind>/<namespace>/<name>"

  /// Empty for an invalid ref.
  [[nodiscard]] EndpointList endpoints_of(const WeightedBackends& ref) const;
  bool operator==(const Config&) const = default;
};

/// Calls `visit(const WeightedBackends&)` for everything that traffic of the filters goes to.
template <typename Visit>
void for_each_backend(const HttpFilters& filters, Visit visit) {
  for (const auto& mirror : filters.mirrors) visit(mirror.backend.target);
  if (filters.auth) visit(filters.auth->backend.target);
}

/// Calls `visit(const WeightedBackends&)` for every backendRef.
template <typename Visit>
void for_each_backend(const Config& config, Visit visit) {
  for (const auto& [name, service] : config.services) {
    for (const auto& ref : service.backends) visit(ref);
  }
  for (const auto& [name, rule] : config.http_rules) {
    for_each_backend(rule.filters, visit);
    for (const auto& backend : rule.backends) {
      visit(backend.target);
      for_each_backend(backend.filters, visit);
    }
  }
}

}  // namespace gw::ir
