// SPDX-License-Identifier: Apache-2.0
// The graph's verdicts -> conditions, in the words of each generation.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

std::int32_t attached_routes(const ListenerNode& node) { return static_cast<std::int32_t>(node.routes.size()); }

api::ListenerStatus listener_base(const ListenerNode& node) {
  api::ListenerStatus status;
  status.name = node.source->name;
  status.port = node.source->port;
  status.protocol = node.source->protocol;
  status.supported_kinds = node.supported_kinds;
  status.attached_routes = attached_routes(node);
  return status;
}

api::ListenerStatus report_listener(const ListenerNode& node, std::int64_t generation) {
  api::ListenerStatus status = listener_base(node);
  status.conditions.set(
      condition(type::kAccepted, to_status(node.accepted.ok), node.accepted.reason, node.accepted.message, generation));
  status.conditions.set(condition(type::kResolvedRefs, to_status(node.resolved.ok), node.resolved.reason,
                                  node.resolved.message, generation));
  status.conditions.set(condition(type::kConflicted, to_status(!node.conflict_free.ok), node.conflict_free.reason,
                                  node.conflict_free.message, generation));
  return status;
}

/// Degraded if a route that the listener selects has references that do not resolve.
Verdict legacy_resolved(const ListenerNode& node) {
  if (!node.resolved.ok) return node.resolved;
  for (const auto* route : node.routes) {
    if (!route->resolved.ok) {
      return {false, reason::kDegradedRoutes,
              fmt::format("{} {}: {}", route->source->kind, route->source->meta.namespaced_name().to_string(),
                          route->resolved.message)};
    }
  }
  return node.resolved;
}

api::ListenerStatus report_legacy_listener(const ListenerNode& node, std::int64_t generation) {
  api::ListenerStatus status = listener_base(node);
  const bool detached = !node.accepted.ok && node.conflict_free.ok;
  const Verdict resolved = legacy_resolved(node);
  status.conditions.set(condition(type::kDetached, to_status(detached),
                                  detached ? node.accepted.reason : reason::kAttached,
                                  detached ? node.accepted.message : "", generation));
  status.conditions.set(condition(type::kConflicted, to_status(!node.conflict_free.ok), node.conflict_free.reason,
                                  node.conflict_free.message, generation));
  status.conditions.set(
      condition(type::kResolvedRefs, to_status(resolved.ok), resolved.reason, resolved.message, generation));
  return status;
}

/// A Gateway is accepted while at least one of its listeners is; the reason then tells of the others.
Verdict judge_gateway(const GatewayNode& gateway) {
  if (!gateway.accepted.ok) return gateway.accepted;
  std::string bad;
  std::size_t good = 0;
  for (const auto& node : gateway.listeners) {
    if (node.accepted.ok) {
      ++good;
    } else {
      bad += fmt::format("{}listener {}: {}", bad.empty() ? "" : "; ", node.source->name, node.accepted.message);
    }
  }
  if (bad.empty()) return gateway.accepted;
  return {good > 0, reason::kListenersNotValid, bad};
}

api::GatewayStatus report_gateway(const GatewayNode& gateway) {
  const std::int64_t generation = gateway.source->meta.generation;
  const bool is_legacy = gateway.source->is_legacy();
  const Verdict verdict = judge_gateway(gateway);
  api::GatewayStatus status;
  status.ref = gateway.source->ref();
  const char* reason = is_legacy && verdict.ok && verdict.message.empty() ? reason::kScheduled : verdict.reason;
  status.conditions.set(condition(is_legacy ? type::kScheduled : type::kAccepted, to_status(verdict.ok), reason,
                                  verdict.message, generation));
  for (const auto& node : gateway.listeners) {
    status.listeners.push_back(is_legacy ? report_legacy_listener(node, generation)
                                         : report_listener(node, generation));
  }
  return status;
}

api::RouteParentStatus report_parent(const RouteNode& route, const ParentNode& parent) {
  const std::int64_t generation = route.source->meta.generation;
  api::RouteParentStatus status;
  status.parent = parent.reference;
  if (route.source->is_legacy()) {
    status.conditions.set(condition(type::kAdmitted, to_status(parent.accepted.ok), parent.accepted.reason,
                                    parent.accepted.message, generation));
  } else {
    status.conditions.set(condition(type::kAccepted, to_status(parent.accepted.ok), parent.accepted.reason,
                                    parent.accepted.message, generation));
  }
  status.conditions.set(condition(type::kResolvedRefs, to_status(route.resolved.ok), route.resolved.reason,
                                  route.resolved.message, generation));
  return status;
}

}  // namespace

void report_gateways(const Graph& graph, api::StatusReport& report) {
  for (const auto& gateway : graph.gateways) report.gateways.push_back(report_gateway(gateway));
  std::ranges::sort(report.gateways, {}, &api::GatewayStatus::ref);
}

void report_routes(const Graph& graph, api::StatusReport& report) {
  for (const auto& route : graph.routes) {
    if (route.parents.empty()) continue;
    api::RouteStatus status;
    status.ref = route.source->ref();
    for (const auto& parent : route.parents) status.parents.push_back(report_parent(route, parent));
    report.routes.push_back(std::move(status));
  }
  std::ranges::sort(report.routes, {}, &api::RouteStatus::ref);
}

void report_policies(const Graph& graph, api::StatusReport& report) {
  for (const auto& policy : graph.policies) {
    api::PolicyStatus status;
    status.ref = policy.ref;
    for (const auto& node : policy.ancestors) {
      api::PolicyAncestorStatus ancestor;
      ancestor.ancestor = node.reference;
      ancestor.conditions.set(condition(type::kAccepted, to_status(node.accepted.ok), node.accepted.reason,
                                        node.accepted.message, policy.generation));
      status.ancestors.push_back(std::move(ancestor));
    }
    report.policies.push_back(std::move(status));
  }
  std::ranges::sort(report.policies, {}, &api::PolicyStatus::ref);
}

}  // namespace gw::translate
