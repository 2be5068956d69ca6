// SPDX-License-Identifier: Apache-2.0
// GatewayClass and Gateway, in the shape of gateway.networking.k8s.io/v1. What only the API of 2021
// could say is kept in fields whose names begin with `legacy_`.
#pragma once

#include "userspace/api/meta.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct GatewayClass {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string controller_name;
  bool has_parameters_ref = false;
  bool operator==(const GatewayClass&) const = default;
};

enum class NamespacesFrom : std::uint8_t { All, Selector, Same, None };

struct RouteNamespaces {
  NamespacesFrom from = NamespacesFrom::Same;
  LabelSelector selector;  ///< on namespace labels; with Selector only
  bool operator==(const RouteNamespaces&) const = default;
};

struct RouteGroupKind {
  std::string group = kGatewayGroup;
  std::string kind;
  auto operator<=>(const RouteGroupKind&) const = default;
};

struct AllowedRoutes {
  RouteNamespaces namespaces;
  std::vector<RouteGroupKind> kinds;  ///< empty: what the listener's protocol implies
  bool operator==(const AllowedRoutes&) const = default;
};

struct Listener {
  std::string name;  ///< v1alpha1 has none: synthesised as "listener-<index>"
  std::optional<std::string> hostname;
  std::uint16_t port = 0;
  std::string protocol;  ///< "TCP", "UDP", "HTTP", "HTTPS", "TLS" or a domain-prefixed one
  AllowedRoutes allowed_routes;
  /// v1alpha1 `routes.selector`: on the labels of routes. Empty selects all.
  std::optional<LabelSelector> legacy_route_selector;
  SourceLocation location;
  bool operator==(const Listener&) const = default;
};

struct GatewayAddress {
  std::string type = "IPAddress";
  std::string value;  ///< may be empty: any address
  SourceLocation location;
  bool operator==(const GatewayAddress&) const = default;
};

struct Gateway {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string class_name;
  std::vector<Listener> listeners;
  std::vector<GatewayAddress> addresses;

  [[nodiscard]] bool is_legacy() const { return group == kLegacyGroup; }
  [[nodiscard]] ObjectRef ref() const { return {group, version, "Gateway", meta.ns, meta.name}; }
  bool operator==(const Gateway&) const = default;
};

}  // namespace gw::api
