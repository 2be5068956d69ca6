// SPDX-License-Identifier: Apache-2.0
// GatewayClass, Gateway and ListenerSet, in the shape of gateway.networking.k8s.io/v1. What only the API of 2021
// could say is kept in fields whose names begin with `legacy_`.
#pragma once

#include "userspace/api/filter.hpp"
#include "userspace/api/meta.hpp"
#include "userspace/api/reference.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct GatewayClass {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string controller_name;
  std::optional<ObjectReference> parameters_ref;

  [[nodiscard]] ObjectRef ref() const { return {group, version, "GatewayClass", "", meta.name}; }
  bool operator==(const GatewayClass&) const = default;
};

enum class NamespacesFrom : std::uint8_t { All, Selector, Same, None };

/// RouteNamespaces and ListenerNamespaces.
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

enum class TlsMode : std::uint8_t { Terminate, Passthrough };

struct ListenerTls {
  TlsMode mode = TlsMode::Terminate;
  std::vector<ObjectReference> certificate_refs;  ///< kind Secret unless said otherwise
  std::map<std::string, std::string> options;     ///< keys are an implementation's own
  /// v1alpha1 `routeOverride.certificate: Allow`: an HTTPRoute may bring the certificate of its hostnames.
  bool legacy_route_may_override_certificate = false;
  bool operator==(const ListenerTls&) const = default;
};

struct Listener {
  std::string name;  ///< v1alpha1 has none: synthesised as "listener-<index>"
  std::optional<std::string> hostname;
  std::uint16_t port = 0;
  std::string protocol;  ///< "TCP", "UDP", "HTTP", "HTTPS", "TLS" or a domain-prefixed one
  std::optional<ListenerTls> tls;
  AllowedRoutes allowed_routes;
  std::vector<RouteFilter> request_filters;  ///< ExternalAuth and ExtensionRef only
  /// v1alpha1 `routes.selector`: on the labels of routes. Empty selects all.
  std::optional<LabelSelector> legacy_route_selector;
  SourceLocation location;
  bool operator==(const Listener&) const = default;
};

struct GatewayAddress {
  std::string type = "IPAddress";
  std::string value;  ///< may be empty: any address
  std::string routability;
  SourceLocation location;
  bool operator==(const GatewayAddress&) const = default;
};

/// What Gateway `spec.infrastructure` asks to be put on whatever is generated for the Gateway.
struct GatewayInfrastructure {
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  std::optional<ObjectReference> parameters_ref;
  bool operator==(const GatewayInfrastructure&) const = default;
};

/// How a client's certificate is checked.
struct FrontendValidation {
  enum class Mode : std::uint8_t { AllowValidOnly, AllowInsecureFallback };
  std::vector<ObjectReference> ca_certificate_refs;
  Mode mode = Mode::AllowValidOnly;
  bool operator==(const FrontendValidation&) const = default;
};

struct GatewayTls {
  struct PerPort {
    std::uint16_t port = 0;
    std::optional<FrontendValidation> validation;  ///< unset: none on this port, whatever the default
    bool operator==(const PerPort&) const = default;
  };
  std::optional<ObjectReference> backend_client_certificate;  ///< kind Secret unless said otherwise
  std::optional<FrontendValidation> frontend_default;
  std::vector<PerPort> frontend_per_port;
  bool operator==(const GatewayTls&) const = default;
};

/// Which routes without a parentRef a Gateway takes (`spec.defaultScope`), and which Gateways a route
/// wants (`spec.useDefaultGateways`).
enum class DefaultScope : std::uint8_t { None, All };

struct Gateway {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string class_name;
  std::vector<Listener> listeners;
  std::vector<GatewayAddress> addresses;
  std::optional<GatewayInfrastructure> infrastructure;
  RouteNamespaces allowed_listeners = {NamespacesFrom::None, {}};  ///< of ListenerSets
  std::optional<GatewayTls> tls;
  DefaultScope default_scope = DefaultScope::None;

  [[nodiscard]] bool is_legacy() const { return group == kLegacyGroup; }
  [[nodiscard]] ObjectRef ref() const { return {group, version, "Gateway", meta.ns, meta.name}; }
  bool operator==(const Gateway&) const = default;
};

/// Listeners that are added to a Gateway by others than its owner.
struct ListenerSet {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  ParentReference parent;  ///< without sectionName and port
  std::vector<Listener> listeners;

  [[nodiscard]] ObjectRef ref() const { return {group, version, "ListenerSet", meta.ns, meta.name}; }
  bool operator==(const ListenerSet&) const = default;
};

}  // namespace gw::api
