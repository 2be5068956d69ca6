// SPDX-License-Identifier: Apache-2.0
// The graph's verdicts -> conditions, in the words of each generation.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/assembly.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::translate {
namespace {

api::ListenerStatus listener_base(const ListenerNode& node, const BoundRoutes& routes) {
  api::ListenerStatus status;
  status.name = node.source->name;
  status.port = node.source->port;
  status.protocol = node.source->protocol;
  status.hostname = node.source->hostname.value_or("");
  status.supported_kinds = node.supported_kinds;
  status.attached_routes = static_cast<std::int32_t>(routes.size());
  return status;
}

api::ListenerStatus report_listener(const ListenerNode& node, const RoutesOnListeners& on) {
  const std::int64_t generation = node.owner->meta->generation;
  api::ListenerStatus status = listener_base(node, on[node.index]);
  status.conditions.set(condition(type::kAccepted, node.accepted, generation));
  status.conditions.set(condition(type::kResolvedRefs, node.resolved, generation));
  status.conditions.set(condition(type::kConflicted, to_status(!node.conflict_free.ok), node.conflict_free.reason,
                                  node.conflict_free.message, generation));
  // "This is a negative polarity condition and MUST NOT be set when it is False."
  if (!node.overlap.ok) {
    status.conditions.set(condition(type::kOverlappingTlsConfig, api::ConditionStatus::True, node.overlap.reason,
                                    node.overlap.message, generation));
  }
  return status;
}

/// Degraded if a route that the listener selects has references that do not resolve.
Verdict legacy_resolved(const ListenerNode& node, const BoundRoutes& routes) {
  if (!node.resolved.ok) return node.resolved;
  for (const auto& bound : routes) {
    if (!bound.route->resolved.ok) {
      return refusal(reason::kDegradedRoutes,
                     fmt::format("{}: {}", bound.route->to_string(), bound.route->resolved.message));
    }
  }
  return node.resolved;
}

api::ListenerStatus report_legacy_listener(const ListenerNode& node, const RoutesOnListeners& on) {
  const std::int64_t generation = node.owner->meta->generation;
  api::ListenerStatus status = listener_base(node, on[node.index]);
  const bool detached = !node.accepted.ok && node.conflict_free.ok;
  status.conditions.set(condition(type::kDetached, to_status(detached),
                                  detached ? node.accepted.reason : reason::kAttached,
                                  detached ? node.accepted.message : "", generation));
  status.conditions.set(condition(type::kConflicted, to_status(!node.conflict_free.ok), node.conflict_free.reason,
                                  node.conflict_free.message, generation));
  status.conditions.set(condition(type::kResolvedRefs, legacy_resolved(node, on[node.index]), generation));
  return status;
}

/// Of a ListenerSet a listener without a certificate is not valid (conformance test ListenerSetReferenceGrant); for a
/// Gateway that is left to ResolvedRefs.
const Verdict& validity_of(const ListenerNode& node) {
  const bool lacks_certificate = node.terminates_tls() && node.key_pairs.empty() && !node.resolved.ok;
  const bool is_of_set = node.owner->ref.kind == "ListenerSet";
  return node.accepted.ok && is_of_set && lacks_certificate ? node.resolved : node.accepted;
}

/// A Gateway or ListenerSet is accepted while at least one of its listeners is valid; the reason then tells of the
/// others.
Verdict judge_owner(const ListenerOwner& owner) {
  if (!owner.accepted.ok) return owner.accepted;
  std::string bad;
  std::size_t good = 0;
  for (const auto& node : owner.listeners) {
    const Verdict& validity = validity_of(node);
    if (validity.ok) {
      ++good;
    } else {
      bad += fmt::format("{}listener {}: {}", bad.empty() ? "" : "; ", node.source->name, validity.message);
    }
  }
  if (bad.empty()) return owner.accepted;
  return {good > 0, reason::kListenersNotValid, bad};
}

/// Its own references first, then a summary of its listeners'.
Verdict judge_references(const GatewayNode& gateway) {
  Verdict verdict = gateway.resolved;
  for (const auto& node : gateway.listeners) {
    if (node.resolved.ok) continue;
    add_verdict(verdict, refusal(reason::kListenersNotResolved,
                                 fmt::format("listener {}: {}", node.source->name, node.resolved.message)));
  }
  return verdict;
}

std::int32_t attached_listener_sets(const GatewayNode& gateway) {
  return static_cast<std::int32_t>(
      std::ranges::count_if(gateway.listener_sets, [](const auto* set) { return judge_owner(*set).ok; }));
}

api::GatewayStatus report_legacy_gateway(const GatewayNode& gateway, const RoutesOnListeners& on) {
  const Verdict verdict = judge_owner(gateway);
  api::GatewayStatus status;
  status.ref = gateway.ref;
  const bool is_healthy = verdict.ok && verdict.message.empty();
  status.conditions.set(condition(type::kScheduled, to_status(verdict.ok),
                                  is_healthy ? reason::kScheduled : verdict.reason, verdict.message,
                                  gateway.meta->generation));
  for (const auto& node : gateway.listeners) status.listeners.push_back(report_legacy_listener(node, on));
  return status;
}

api::GatewayStatus report_v1_gateway(const GatewayNode& gateway, const RoutesOnListeners& on) {
  const std::int64_t generation = gateway.meta->generation;
  api::GatewayStatus status;
  status.ref = gateway.ref;
  status.conditions.set(condition(type::kAccepted, judge_owner(gateway), generation));
  status.conditions.set(condition(type::kResolvedRefs, judge_references(gateway), generation));
  if (!gateway.insecure_validation.empty()) {
    status.conditions.set(condition(
        type::kInsecureFrontendValidationMode, api::ConditionStatus::True, reason::kConfigurationChanged,
        fmt::format("clients are let in without a valid certificate: {}", gateway.insecure_validation), generation));
  }
  if (!gateway.lacking_addresses.empty()) {
    status.conditions.set(condition(type::kAddressesAssigned, api::ConditionStatus::False,
                                    gateway.has_no_address ? reason::kNotAssigned : reason::kPartiallyAssigned,
                                    lacking_addresses(gateway), generation));
  }
  if (gateway.source->default_scope == api::DefaultScope::All) {
    status.conditions.set(condition(type::kDefaultGateway, api::ConditionStatus::True, reason::kDefaultGateway,
                                    "Gateway has default scope All", generation));
  }
  for (const auto& node : gateway.listeners) status.listeners.push_back(report_listener(node, on));
  if (gateway.source->allowed_listeners.from != api::NamespacesFrom::None) {
    status.attached_listener_sets = attached_listener_sets(gateway);
  }
  return status;
}

/// "This condition MUST NOT be set if a Route is fully valid, fully invalid, or not accepted."
void report_dropped_rules(const RouteNode& route, api::RouteParentStatus& status) {
  std::string dropped;
  for (const auto& problem : route.rule_problems) {
    if (!problem.empty()) dropped += (dropped.empty() ? "Dropped Rule: " : "; ") + problem;
  }
  if (dropped.empty()) return;
  status.conditions.set(condition(type::kPartiallyInvalid, api::ConditionStatus::True, reason::kUnsupportedValue,
                                  dropped, route.meta().generation));
}

bool names(const ParentNode& parent, const ListenerNode& listener) {
  return parent.owner == listener.owner && is_addressed(*listener.source, parent.reference);
}

/// What the listener's other routes make of this one; empty: it has what it is to have there.
struct Rivalry {
  bool is_left_out = false;
  std::string message;
};

Rivalry rivalry_on(const ListenerNode& listener, const RouteNode& route, const BoundRoutes& on) {
  if (most_routes(listener) != kNoLimit && std::ranges::find(on, &route, &BoundRoute::route) == on.end()) {
    return {true,
            fmt::format("listener {} takes no more routes (limits.routesPerListener: {} in {}), and others are older "
                        "or first by name",
                        listener.source->name, on.size(), listener.owner->gateway->config->ref().to_string())};
  }
  if (!listener.is_l4() || on.front().route == &route) return {};
  // The API has no condition for it (GEP-2644).
  return {false,
          fmt::format("superseded on listener {} by {}, which is older or first by name: gets no connections there",
                      listener.source->name, on.front().route->to_string())};
}

/// The parent's verdict, with what the other routes of its listeners have to do with it.
Verdict judge_among_others(const RouteNode& route, const RoutesOnListeners& on, const ParentNode& parent) {
  Verdict verdict = parent.accepted;
  if (!verdict.ok) return verdict;
  bool is_on_any = false;
  bool is_left_out = false;
  for (const auto& binding : route.bindings) {
    if (!names(parent, *binding.listener)) continue;
    const Rivalry rivalry = rivalry_on(*binding.listener, route, on[binding.listener->index]);
    (rivalry.is_left_out ? is_left_out : is_on_any) = true;
    if (!rivalry.message.empty()) verdict.message += (verdict.message.empty() ? "" : "; ") + rivalry.message;
  }
  if (is_on_any || !is_left_out) return verdict;
  return refusal(route.common->is_legacy() ? reason::kRefused : reason::kNotAllowedByListeners,
                 std::move(verdict.message));
}

api::RouteParentStatus report_parent(const RouteNode& route, const ParentNode& parent, const RoutesOnListeners& on) {
  const std::int64_t generation = route.meta().generation;
  const bool is_legacy = route.common->is_legacy();
  api::RouteParentStatus status;
  status.parent = parent.reference;
  const Verdict accepted = judge_among_others(route, on, parent);
  status.conditions.set(condition(is_legacy ? type::kAdmitted : type::kAccepted, accepted, generation));
  status.conditions.set(condition(type::kResolvedRefs, route.resolved, generation));
  if (accepted.ok) report_dropped_rules(route, status);
  return status;
}

/// "A maximum of 16 ancestors will be represented in this list."
constexpr std::size_t kMaxAncestors = 16;

api::PolicyStatus report_policy(const BackendTlsNode& policy, const BackendTlsAncestors& ancestors) {
  api::PolicyStatus status;
  status.ref = policy.ref;
  std::vector<std::pair<const GatewayNode*, Verdict>> by_name(ancestors.begin(), ancestors.end());
  std::ranges::sort(by_name, {}, [](const auto& entry) { return entry.first->meta->namespaced_name(); });
  by_name.resize(std::min(by_name.size(), kMaxAncestors));
  for (const auto& [gateway, accepted] : by_name) {
    api::PolicyAncestorStatus ancestor;
    ancestor.ancestor.ns = gateway->meta->ns;
    ancestor.ancestor.name = gateway->meta->name;
    ancestor.conditions.set(condition(type::kAccepted, accepted, policy.meta->generation));
    ancestor.conditions.set(condition(type::kResolvedRefs, policy.resolved, policy.meta->generation));
    status.ancestors.push_back(std::move(ancestor));
  }
  return status;
}

/// 2021 knows one condition, for what is missing.
api::PolicyStatus report_legacy_policy(const BackendTlsNode& policy) {
  api::PolicyStatus status;
  status.ref = policy.ref;
  const bool is_missing = !policy.missing.empty();
  status.conditions.set(condition(type::kNoSuchBackend, to_status(is_missing),
                                  is_missing ? reason::kBackendNotFound : reason::kResolvedRefs, policy.missing,
                                  policy.meta->generation));
  status.conditions.set(condition(type::kResolvedRefs, policy.resolved, policy.meta->generation));
  return status;
}

bool is_legacy(const BackendTlsNode& policy) { return policy.ref.group == api::kLegacyGroup; }

/// Why a policy has no effect, or not the whole; empty if it has.
std::string idle_reason(const BackendTlsNode& policy, const BackendTlsAncestors& ancestors) {
  if (!policy.missing.empty() || !ancestors.empty()) return policy.missing;
  return "no HTTP or gRPC route on our Gateways forwards to what it targets: it has no effect";
}

}  // namespace

api::GatewayStatus report_gateway(const GatewayNode& gateway, const RoutesOnListeners& on) {
  return gateway.is_legacy() ? report_legacy_gateway(gateway, on) : report_v1_gateway(gateway, on);
}

api::ListenerSetStatus report_listener_set(const ListenerSetNode& set, const RoutesOnListeners& on) {
  api::ListenerSetStatus status;
  status.ref = set.ref;
  status.gateway = set.gateway->ref;
  status.conditions.set(condition(type::kAccepted, judge_owner(set), set.meta->generation));
  for (const auto& node : set.listeners) status.listeners.push_back(report_listener(node, on));
  return status;
}

api::RouteStatus report_route(const RouteNode& route, const RoutesOnListeners& on) {
  api::RouteStatus status;
  status.ref = route.common->ref();
  for (const auto& parent : route.parents) status.parents.push_back(report_parent(route, parent, on));
  return status;
}

PolicyReport report_backend_tls(const Graph& graph, const BackendTlsUse& use) {
  static const BackendTlsAncestors none;
  PolicyReport made;
  for (const auto& policy : graph.backend_tls_policies) {
    if (is_legacy(policy)) {
      made.statuses.push_back(report_legacy_policy(policy));
      continue;
    }
    const auto used = use.find(&policy);
    const BackendTlsAncestors& ancestors = used == use.end() ? none : used->second;
    if (!ancestors.empty()) made.statuses.push_back(report_policy(policy, ancestors));
    std::string idle = idle_reason(policy, ancestors);
    if (!idle.empty()) made.findings.push_back({policy.ref, policy.meta->location, std::move(idle)});
  }
  return made;
}

}  // namespace gw::translate
