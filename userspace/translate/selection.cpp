// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::translate {
namespace {

bool allows_gateway(const api::Route& route, const api::Gateway& gateway) {
  using Allow = api::LegacyGatewaysAllow::Allow;
  const api::LegacyGatewaysAllow& clause = *route.legacy_gateways;
  if (clause.allow == Allow::All) return true;
  if (clause.allow == Allow::SameNamespace) return route.meta.ns == gateway.meta.ns;
  return std::ranges::find(clause.gateway_refs, gateway.meta.namespaced_name()) != clause.gateway_refs.end();
}

}  // namespace

const char* from_word(api::NamespacesFrom from) {
  switch (from) {
    case api::NamespacesFrom::All: return "All";
    case api::NamespacesFrom::Selector: return "Selector";
    case api::NamespacesFrom::Same: return "Same";
    case api::NamespacesFrom::None: return "None";
  }
  return "";
}

bool allows_namespace(const api::RouteNamespaces& clause, const std::string& own_ns, const std::string& other_ns,
                      const api::Objects<api::Namespace>& namespaces) {
  switch (clause.from) {
    case api::NamespacesFrom::All: return true;
    case api::NamespacesFrom::Same: return own_ns == other_ns;
    case api::NamespacesFrom::None: return false;
    case api::NamespacesFrom::Selector: break;
  }
  const auto found = api::named(namespaces, {"", other_ns});
  if (!found.empty()) return clause.selector.matches(found.begin()->meta.labels);
  return clause.selector.matches({{"kubernetes.io/metadata.name", other_ns}});
}

const char* protocols_for(const std::string& kind) {
  if (kind == "TCPRoute") return "TCP";
  if (kind == "UDPRoute") return "UDP";
  return kind == "TLSRoute" ? "TLS" : "HTTP or HTTPS";
}

bool takes_kind(const std::string& protocol, const std::string& kind) {
  const bool is_http = protocol == "HTTP" || protocol == "HTTPS";
  return kind == "HTTPRoute" || kind == "GRPCRoute" ? is_http : protocol == protocols_for(kind);
}

bool is_addressed(const api::Listener& listener, const api::ParentReference& reference) {
  if (reference.section_name && *reference.section_name != listener.name) return false;
  return !reference.port || *reference.port == listener.port;
}

std::string describe_unaddressed(const api::ParentReference& reference, const std::vector<api::Listener>& listeners) {
  std::string what = reference.section_name ? fmt::format("is named \"{}\"", *reference.section_name) : "";
  if (reference.port) what += fmt::format("{}has port {}", what.empty() ? "" : " and ", *reference.port);
  if (what.empty()) what = "is there";
  std::string there;
  for (const auto& listener : listeners) {
    there += fmt::format("{}{} ({}:{})", there.empty() ? "" : ", ", listener.name, listener.protocol, listener.port);
  }
  return fmt::format("{} (it has: {})", what, there);
}

std::vector<LegacyObstacle> legacy_obstacles(const api::Gateway& gateway, const api::Listener& listener,
                                             const api::Route& route, const api::Objects<api::Namespace>& namespaces) {
  std::vector<LegacyObstacle> obstacles;
  const api::AllowedRoutes& allowed = listener.allowed_routes;
  if (std::ranges::find(allowed.kinds, api::RouteGroupKind{route.group, route.kind}) == allowed.kinds.end()) {
    obstacles.push_back(LegacyObstacle::Kind);
  }
  if (listener.legacy_route_selector && !listener.legacy_route_selector->matches(route.meta.labels)) {
    obstacles.push_back(LegacyObstacle::Labels);
  }
  if (!allows_namespace(allowed.namespaces, gateway.meta.ns, route.meta.ns, namespaces)) {
    obstacles.push_back(LegacyObstacle::Namespace);
  }
  if (!allows_gateway(route, gateway)) obstacles.push_back(LegacyObstacle::Gateways);
  return obstacles;
}

}  // namespace gw::translate
