// SPDX-License-Identifier: Apache-2.0
// Policies -> which settings hold where. Of two policies with one target the older one counts (GEP-713).
#include "userspace/translate/policy.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace gw::translate {
namespace {

std::string describe(const api::PolicyTarget& target, const std::string& ns) {
  const std::string section = target.section_name ? " section " + *target.section_name : "";
  return fmt::format("{} {}/{}{}", target.kind, ns, target.name, section);
}

Verdict not_found(const std::string& what) { return {false, reason::kTargetNotFound, "there is no " + what}; }

/// Sections of a target that is there; nothing if the target is not.
using Sections = std::optional<std::vector<std::string>>;

template <typename Objects, typename Names>
Sections find_sections(const Objects& objects, const std::string& ns, const api::PolicyTarget& target, Names names) {
  const auto candidates = api::named(objects, {ns, target.name});
  const auto found = std::ranges::find_if(candidates, [&names](const auto& object) { return names.is(object); });
  if (found == candidates.end()) return std::nullopt;
  return names.of(*found);
}

struct ServicePorts {
  static bool is(const api::Service&) { return true; }
  static std::vector<std::string> of(const api::Service& service) {
    std::vector<std::string> names;
    for (const auto& port : service.ports) names.push_back(port.name);
    return names;
  }
};

struct RouteRules {
  const api::PolicyTarget& target;
  [[nodiscard]] bool is(const api::Route& route) const {
    return route.group == target.group && route.kind == target.kind;
  }
  template <typename Route>
  static std::vector<std::string> of(const Route& route) {
    std::vector<std::string> names;
    for (const auto& rule : route.rules) names.push_back(rule.name.value_or(""));
    return names;
  }
};

struct GatewayListeners {
  const api::PolicyTarget& target;
  [[nodiscard]] bool is(const api::Gateway& gateway) const { return gateway.group == target.group; }
  [[nodiscard]] bool is(const api::ListenerSet& set) const { return set.group == target.group; }
  template <typename Owner>
  static std::vector<std::string> of(const Owner& owner) {
    std::vector<std::string> names;
    for (const auto& listener : owner.listeners) names.push_back(listener.name);
    return names;
  }
};

Sections sections_of(const Graph& graph, const std::string& ns, const api::PolicyTarget& target) {
  const api::ResourceSet& resources = graph.resources;
  if (target.kind == "Service") return find_sections(resources.services, ns, target, ServicePorts{});
  if (target.kind == "Gateway") return find_sections(resources.gateways, ns, target, GatewayListeners{target});
  if (target.kind == "ListenerSet") return find_sections(resources.listener_sets, ns, target, GatewayListeners{target});
  if (target.kind == "HTTPRoute") return find_sections(resources.http_routes, ns, target, RouteRules{target});
  if (target.kind == "GRPCRoute") return find_sections(resources.grpc_routes, ns, target, RouteRules{target});
  if (target.kind == "TLSRoute") return find_sections(resources.tls_routes, ns, target, RouteRules{target});
  return find_sections(resources.l4_routes, ns, target, RouteRules{target});
}

Verdict judge_target(const Graph& graph, const std::string& ns, const api::PolicyTarget& target) {
  const Sections sections = sections_of(graph, ns, target);
  if (!sections) return not_found(describe({target.group, target.kind, target.name, {}, {}}, ns));
  const bool has_section =
      !target.section_name || std::ranges::find(*sections, *target.section_name) != sections->end();
  return has_section ? Verdict{true, reason::kAccepted, ""} : not_found(describe(target, ns));
}

/// The settings that only a proxy can carry out, which forwarding in the kernel is not.
std::vector<std::string_view> settings_for_proxy(const api::ClientPolicy& policy) {
  std::vector<std::string_view> settings;
  if (policy.tls) settings.emplace_back("tls");
  if (policy.http != api::ClientHttp{}) settings.emplace_back("http");
  if (policy.proxy_protocol) settings.emplace_back("proxyProtocol");
  if (policy.timeouts != api::ClientTimeouts{}) settings.emplace_back("timeouts");
  return settings;
}

std::vector<std::string_view> settings_for_proxy(const api::UpstreamPolicy& policy) {
  std::vector<std::string_view> settings;
  if (policy.connect_timeout) settings.emplace_back("connectTimeout");
  if (policy.load_balancing) settings.emplace_back("loadBalancing");
  if (policy.proxy_protocol) settings.emplace_back("proxyProtocol");
  if (policy.health_check) settings.emplace_back("healthCheck");
  if (policy.outlier_detection) settings.emplace_back("outlierDetection");
  if (policy.limits != api::UpstreamLimits{}) settings.emplace_back("limits");
  return settings;
}

/// Accepted, with what has no effect said.
Verdict accept(const std::vector<std::string_view>& without_effect) {
  if (without_effect.empty()) return {true, reason::kAccepted, ""};
  return {true, reason::kAccepted,
          fmt::format("these settings are not in effect in this version: {}", fmt::join(without_effect, ", "))};
}

template <typename Policy>
void attach(Graph& graph, const api::Objects<Policy>& policies, PolicyTargets<Policy>& targets) {
  std::vector<const Policy*> by_age;
  for (const Policy& policy : policies) by_age.push_back(&policy);
  std::ranges::stable_sort(by_age, [](const auto* a, const auto* b) { return is_older(a->meta, b->meta); });
  for (const Policy* policy : by_age) {
    PolicyNode node{policy->ref(), policy->meta.generation, {}};
    for (const api::PolicyTarget& target : policy->targets) {
      ParentNode parent;
      parent.reference = {target.group, target.kind, policy->meta.ns, target.name, target.section_name, std::nullopt};
      parent.accepted = judge_target(graph, policy->meta.ns, target);
      if (parent.accepted.ok) parent.accepted = accept(settings_for_proxy(*policy));
      const PolicyKey key{target.group, target.kind, policy->meta.ns, target.name, target.section_name.value_or("")};
      if (parent.accepted.ok) {
        const auto [place, is_first] = targets.emplace(key, policy);
        if (!is_first) {
          parent.accepted = {false, reason::kConflicted,
                             fmt::format("{} {}, which is older, has this target already", Policy::kKind,
                                         place->second->meta.namespaced_name().to_string())};
        }
      }
      node.targets.push_back(std::move(parent));
    }
    graph.policies.push_back(std::move(node));
  }
}

template <typename Policy>
const Policy* find(const PolicyTargets<Policy>& targets, const PolicyKey& key) {
  const auto found = targets.find(key);
  return found == targets.end() ? nullptr : found->second;
}

/// The policy of the section before that of the whole; nullptr where there is none.
template <typename Policy>
std::array<const Policy*, 2> nearest(const PolicyTargets<Policy>& targets, PolicyKey key, const std::string& section) {
  const Policy* const whole = find(targets, key);
  if (section.empty()) return {nullptr, whole};
  key.section = section;
  return {find(targets, key), whole};
}

std::array<const api::UpstreamPolicy*, 2> policies_of(const Graph& graph, const api::L4Route& route) {
  if (graph.upstream_policies.empty()) return {};
  const std::string rule = route.rules.empty() ? "" : route.rules.front().name.value_or("");
  return nearest(graph.upstream_policies, {route.group, route.kind, route.meta.ns, route.meta.name, ""}, rule);
}

std::array<const api::UpstreamPolicy*, 2> policies_of(const Graph& graph, const api::Service& service,
                                                      const api::ServicePort& port) {
  if (graph.upstream_policies.empty()) return {};
  return nearest(graph.upstream_policies, {"", "Service", service.meta.ns, service.meta.name, ""}, port.name);
}

/// The first that says something.
template <typename Policies, typename Member>
auto first_set(const Policies& policies, Member member) {
  for (const auto* policy : policies) {
    if (policy != nullptr && (policy->*member)) return policy->*member;
  }
  return std::remove_cvref_t<decltype(std::declval<api::UpstreamPolicy>().*member)>{};
}

ir::SourceAddress to_ir(api::SourceAddress value) {
  switch (value) {
    case api::SourceAddress::Preserve: return ir::SourceAddress::Preserve;
    case api::SourceAddress::Masquerade: return ir::SourceAddress::Masquerade;
    case api::SourceAddress::Auto: break;
  }
  return ir::SourceAddress::Auto;
}

ir::DirectReturn to_ir(api::DirectReturn value) {
  switch (value) {
    case api::DirectReturn::SameSegment: return ir::DirectReturn::SameSegment;
    case api::DirectReturn::Tunnel: return ir::DirectReturn::Tunnel;
    case api::DirectReturn::None: break;
  }
  return ir::DirectReturn::None;
}

}  // namespace

void attach_policies(Graph& graph) {
  attach(graph, graph.resources.upstream_policies, graph.upstream_policies);
  attach(graph, graph.resources.client_policies, graph.client_policies);
}

ir::Upstream upstream_of(const Graph& graph, const api::L4Route& route, const api::Service& service,
                         const api::ServicePort& port) {
  const auto of_service = policies_of(graph, service, port);
  const auto of_route = policies_of(graph, route);
  const std::array policies = {of_service[0], of_service[1], of_route[0], of_route[1]};
  ir::Upstream upstream;
  upstream.source_address =
      to_ir(first_set(policies, &api::UpstreamPolicy::source_address).value_or(api::SourceAddress::Auto));
  upstream.direct_return =
      to_ir(first_set(policies, &api::UpstreamPolicy::direct_return).value_or(api::DirectReturn::None));
  upstream.drain_timeout = first_set(policies, &api::UpstreamPolicy::drain_timeout);
  return upstream;
}

void add_connection_settings(const Graph& graph, const api::L4Route& route, ir::Service& service) {
  const auto policies = policies_of(graph, route);
  const auto affinity = first_set(policies, &api::UpstreamPolicy::session_affinity);
  if (affinity) service.source_affinity = *affinity == api::SessionAffinity::ClientIP;
  if (const auto idle = first_set(policies, &api::UpstreamPolicy::idle_timeout)) service.idle_timeout = idle;
}

void add_connection_settings(const Graph& graph, const api::Service& backend, const api::ServicePort& port,
                             ir::Service& service) {
  const auto policies = policies_of(graph, backend, port);
  if (first_set(policies, &api::UpstreamPolicy::session_affinity) == api::SessionAffinity::ClientIP) {
    service.source_affinity = true;
  }
  if (const auto idle = first_set(policies, &api::UpstreamPolicy::idle_timeout)) {
    service.idle_timeout = std::min(service.idle_timeout.value_or(*idle), *idle);
  }
}

ir::Admission admission_of(const Graph& graph, const api::Gateway& gateway, const api::Listener& listener) {
  ir::Admission admission;
  const auto policies =
      nearest(graph.client_policies, {gateway.group, "Gateway", gateway.meta.ns, gateway.meta.name, ""}, listener.name);
  for (const api::ClientPolicy* policy : policies) {
    if (policy == nullptr) continue;
    // Ranges are one setting: those of the nearest policy that has any.
    if (admission.allow.empty() && admission.deny.empty()) {
      admission.allow = policy->allow;
      admission.deny = policy->deny;
    }
    if (admission.rate == 0) admission.rate = policy->connections_per_second.value_or(0);
    if (admission.source_rate == 0) admission.source_rate = policy->connections_per_second_per_source.value_or(0);
    if (admission.max_connections == 0) admission.max_connections = policy->max_connections.value_or(0);
  }
  return admission;
}

}  // namespace gw::translate
