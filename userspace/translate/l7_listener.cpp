// SPDX-License-Identifier: Apache-2.0
// Listeners of the proxy, with the matches of their routes in the order in which they are tried.
#include <algorithm>
#include <set>

#include "userspace/translate/assembly.hpp"
#include "userspace/translate/backend_ref.hpp"
#include "userspace/translate/http_match.hpp"
#include "userspace/translate/l4_route.hpp"
#include "userspace/translate/policy.hpp"

namespace gw::translate {
namespace {

using Protocol = ir::L7Listener::Protocol;

Protocol protocol_of(const ListenerNode& node) {
  if (node.source->protocol == "HTTP") return Protocol::Http;
  if (node.source->protocol == "HTTPS") return Protocol::Https;
  return node.terminates_tls() ? Protocol::TlsTerminate : Protocol::TlsPassthrough;
}

/// One match of a rule of a route, on one hostname.
struct Candidate {
  ir::HttpEntry entry;
  const ir::HttpMatch* match = nullptr;
  std::size_t route = 0;  ///< the older, the smaller
  std::size_t rule = 0;
};

/// "Across routes: longest non-wildcard matching hostname, then longest hostname", then the matches themselves, then
/// "oldest Route", "first in alphabetical order", "first matching rule".
bool goes_before(const Candidate& a, const Candidate& b) {
  if (a.entry.hostname != b.entry.hostname) return ir::is_more_specific(a.entry.hostname, b.entry.hostname);
  if (goes_first(*a.match, *b.match)) return true;
  if (goes_first(*b.match, *a.match)) return false;
  return std::tie(a.route, a.rule, a.entry.match) < std::tie(b.route, b.rule, b.entry.match);
}

void add_candidates(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes, std::size_t at,
                    std::vector<Candidate>& candidates) {
  const RouteNode& route = *routes[at].route;
  const std::string way = way_of(graph, route, node);
  const std::size_t rules = std::visit([](const auto& source) { return source->rules.size(); }, route.source);
  for (std::size_t rule = 0; rule < rules; ++rule) {
    const std::string key = rule_key(*route.common, rule, way);
    const ir::HttpRule* const built = route.built.http_rules.get(key);
    if (built == nullptr) continue;  // dropped
    for (std::uint32_t match = 0; match < built->matches.size(); ++match) {
      for (const auto& hostname : routes[at].binding->hostnames) {
        candidates.push_back({{hostname, key, match}, &built->matches[match], at, rule});
      }
    }
  }
}

std::vector<ir::HttpEntry> http_entries(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < routes.size(); ++i) add_candidates(graph, node, routes, i, candidates);
  std::ranges::stable_sort(candidates, goes_before);
  std::vector<ir::HttpEntry> entries;
  entries.reserve(candidates.size());
  for (auto& candidate : candidates) entries.push_back(std::move(candidate.entry));
  return entries;
}

/// The names of one rule, within those of the listener. Matches by extension match nothing.
std::vector<ir::Hostname> names_of(const BoundRoute& bound, const ListenerNode& node, const api::TlsRouteRule& rule) {
  if (!bound.route->common->is_legacy() || rule.legacy_matches.empty()) return bound.binding->hostnames;
  std::vector<ir::Hostname> names;
  for (const auto& match : rule.legacy_matches) {
    if (match.extension_ref) continue;
    if (match.snis.empty()) names.push_back(node.hostname);
    for (const auto& sni : match.snis) {
      auto both = ir::intersect(node.hostname, ir::Hostname::parse(sni, ir::WildcardLabels::One));
      if (both) names.push_back(std::move(*both));
    }
  }
  return names;
}

void add_tls_entries(const Graph& graph, const BoundRoute& bound, const ListenerNode& node,
                     std::vector<ir::TlsEntry>& entries) {
  if (bound.route->as<api::L4Route>() != nullptr) {
    entries.push_back({node.hostname, service_of(graph, *bound.route, 0, node)});
    return;
  }
  const auto* const route = bound.route->as<api::TlsRoute>();
  for (std::size_t i = 0; i < live_rules(*route); ++i) {
    for (auto& name : names_of(bound, node, route->rules[i])) {
      entries.push_back({std::move(name), service_of(graph, *bound.route, i, node)});
    }
  }
}

/// Of routes with one name the oldest has it: their backends are not merged.
std::vector<ir::TlsEntry> tls_entries(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes) {
  std::vector<ir::TlsEntry> entries;
  for (const auto& bound : routes) add_tls_entries(graph, bound, node, entries);
  std::ranges::stable_sort(entries, [](const auto& a, const auto& b) {
    return a.hostname != b.hostname && ir::is_more_specific(a.hostname, b.hostname);
  });
  const auto same_name = std::ranges::unique(entries, {}, &ir::TlsEntry::hostname);
  entries.erase(same_name.begin(), same_name.end());
  return entries;
}

/// 2021: certificates that routes bring. "If two routes have the same hostname, the oldest wins".
void add_route_certificates(const BoundRoutes& routes, std::vector<ir::ListenerCertificate>& certificates) {
  std::set<ir::Hostname> taken;
  for (const auto& bound : routes) {
    if (bound.binding->key_pair.empty()) continue;
    std::vector<ir::Hostname> hostnames = bound.binding->hostnames;
    std::erase_if(hostnames, [&taken](const auto& name) { return taken.contains(name); });
    taken.insert(hostnames.begin(), hostnames.end());
    if (!hostnames.empty()) certificates.push_back({bound.binding->key_pair, std::move(hostnames)});
  }
}

}  // namespace

ir::L7Listener build_l7_listener(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes) {
  const GatewayNode& gateway = *node.owner->gateway;
  ir::L7Listener listener;
  listener.gateway = gateway.meta->namespaced_name();
  listener.gateway_group = gateway.ref.group;
  listener.name = listener_name(node);
  listener.protocol = protocol_of(node);
  listener.port = node.source->port;
  listener.addresses = gateway.addresses;
  listener.hostname = node.hostname;
  for (const auto& key : node.key_pairs) listener.certificates.push_back({key, {}});
  add_route_certificates(routes, listener.certificates);
  listener.client_validation = node.client_validation;
  listener.backend_client_certificate = gateway.client_certificate;
  listener.admission = admission_of(graph, node);
  if (node.source->protocol == "TLS") {
    listener.tls = tls_entries(graph, node, routes);
  } else {
    listener.http = http_entries(graph, node, routes);
  }
  return listener;
}

}  // namespace gw::translate
