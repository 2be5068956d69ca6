// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/backend_tls.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/tls_refs.hpp"

namespace gw::translate {
namespace {

/// What a policy of that group targets. Sections are names of ports, which have a letter; in 2021 numbers of ports.
PolicyKey key_of(const std::string& policy_group, const NamespacedName& service, std::string section) {
  return {policy_group, "Service", service.ns, service.name, std::move(section)};
}

std::string section_of(const api::ServicePort& port, const api::Route& route) {
  return route.is_legacy() ? std::to_string(port.port) : port.name;
}

void take_authorities(Graph& graph, BackendTlsNode& node, const std::vector<api::ObjectReference>& refs,
                      const AuthorityRules& rules) {
  ResolvedAuthorities resolved =
      resolve_authorities(graph, {node.ref.group, node.ref.kind, node.ref.ns}, refs, rules, graph.built);
  node.resolved = resolved.verdict;
  node.tls.ca_bundles = std::move(resolved.keys);
  if (!node.tls.ca_bundles.empty()) return;
  node.accepted = refusal(reason::kNoValidCaCertificate,
                          fmt::format("none of its certificate authorities is good: {}", resolved.verdict.message));
}

void judge(Graph& graph, BackendTlsNode& node, const api::BackendTlsPolicy& policy) {
  node.tls.hostname = policy.hostname;
  for (const auto& name : policy.subject_alt_names) {
    const bool is_uri = name.type == api::SubjectAltName::Type::Uri;
    node.tls.names.push_back(
        {is_uri ? ir::BackendTls::Name::Type::Uri : ir::BackendTls::Name::Type::Hostname, name.value});
  }
  if (!policy.ca_certificate_refs.empty()) {
    take_authorities(graph, node, policy.ca_certificate_refs,
                     {.takes_secrets = false,
                      .invalid_kind = reason::kInvalidKind,
                      .invalid_ref = reason::kInvalidCaCertificateRef});
  } else if (policy.well_known_ca_certificates == "System") {
    node.tls.trusts_system = true;
  } else {
    node.accepted = refusal(
        reason::kInvalid,
        fmt::format("wellKnownCACertificates \"{}\" is not known here (System is)", policy.well_known_ca_certificates));
  }
  node.tls.is_usable = node.accepted.ok;
}

/// Without an authority the connection is encrypted, but nobody knows with whom: the API of 2021 leaves that open.
void judge(Graph& graph, BackendTlsNode& node, const api::BackendPolicy& policy) {
  if (!policy.ca_certificate_ref) return;
  take_authorities(
      graph, node, {*policy.ca_certificate_ref},
      {.takes_secrets = true, .invalid_kind = reason::kInvalidKind, .invalid_ref = reason::kInvalidCaCertificateRef});
  node.tls.is_usable = node.accepted.ok;
}

void add_missing(BackendTlsNode& node, const std::string& what) {
  node.missing += fmt::format("{}there is no {}", node.missing.empty() ? "" : "; ", what);
}

void target(Graph& graph, BackendTlsNode& node, const api::PolicyTarget& target) {
  const NamespacedName name{node.ref.ns, target.name};
  const api::Service* const service = graph.services.find(name);
  const bool is_service = target.kind == "Service" && target.group.empty();
  if (!is_service || service == nullptr) {
    add_missing(node, fmt::format("{} {}", target.kind, name.to_string()));
    return;
  }
  const std::string section = target.section_name.value_or("");
  if (!section.empty() && std::ranges::find(service->ports, section, &api::ServicePort::name) == service->ports.end()) {
    add_missing(node, fmt::format("port {} of Service {}", section, name.to_string()));
    return;
  }
  graph.backend_tls_targets[key_of(node.ref.group, name, section)].push_back(&node);
}

void target(Graph& graph, BackendTlsNode& node, const api::BackendPolicy::Backend& backend) {
  const NamespacedName name{node.ref.ns, backend.object.name};
  const api::Service* const service = graph.services.find(name);
  if (!backend.object.group.empty() || backend.object.kind != "Service" || service == nullptr) {
    add_missing(node, fmt::format("{} {}", backend.object.kind, name.to_string()));
    return;
  }
  if (backend.port &&
      std::ranges::find(service->ports, *backend.port, &api::ServicePort::port) == service->ports.end()) {
    add_missing(node, fmt::format("port {} of Service {}", *backend.port, name.to_string()));
    return;
  }
  const std::string section = backend.port ? std::to_string(*backend.port) : "";
  graph.backend_tls_targets[key_of(node.ref.group, name, section)].push_back(&node);
}

const auto& targets_of(const api::BackendTlsPolicy& policy) { return policy.targets; }
const auto& targets_of(const api::BackendPolicy& policy) { return policy.backends; }
bool has_settings(const api::BackendTlsPolicy& /*policy*/) { return true; }
bool has_settings(const api::BackendPolicy& policy) { return policy.has_tls; }

template <typename Policies>
void attach(Graph& graph, const Policies& policies) {
  std::vector<const typename Policies::value_type*> by_age;
  for (const auto& policy : policies) by_age.push_back(&policy);
  std::ranges::stable_sort(by_age, [](const auto* a, const auto* b) { return is_older(a->meta, b->meta); });
  for (const auto* policy : by_age) {
    BackendTlsNode& node = graph.backend_tls_policies.emplace_back();
    node.ref = policy->ref();
    node.meta = &policy->meta;
    judge(graph, node, *policy);
    if (!has_settings(*policy)) continue;
    for (const auto& entry : targets_of(*policy)) target(graph, node, entry);
  }
}

/// A policy may come to a Gateway by several of its targets: that it holds for one of them is what counts.
void add_ancestor(BackendTlsAncestors& ancestors, const GatewayNode* gateway, const Verdict& verdict) {
  const auto [place, is_new] = ancestors.try_emplace(gateway, verdict);
  if (!is_new && verdict.ok) place->second = verdict;
}

}  // namespace

void attach_backend_tls(Graph& graph) {
  attach(graph, graph.resources.backend_tls_policies);
  attach(graph, graph.resources.backend_policies);
}

void note_ancestors(const RouteNode& route, BackendTlsUse& use) {
  for (const BackendTlsNodes* const policies : route.tls_policies) {
    for (const auto& parent : route.parents) {
      if (!parent.accepted.ok) continue;
      for (const BackendTlsNode* const node : *policies) {
        const bool is_first = node == policies->front();
        add_ancestor(use[node], parent.owner->gateway,
                     is_first ? node->accepted
                              : refusal(reason::kConflicted, fmt::format("{}, which is older, has this target already",
                                                                         policies->front()->ref.to_string())));
      }
    }
  }
}

std::string tls_of(const Graph& graph, const api::Service& service, const api::ServicePort& port, RouteNode& route) {
  if (graph.backend_tls_targets.empty()) return {};
  const NamespacedName name = service.meta.namespaced_name();
  const BackendTlsNode* chosen = nullptr;
  const auto consider = [&](std::string section) {
    const auto found = graph.backend_tls_targets.find(key_of(route.common->group, name, std::move(section)));
    if (found == graph.backend_tls_targets.end()) return;
    if (chosen == nullptr) chosen = found->second.front();
    route.tls_policies.push_back(&found->second);
  };
  if (const std::string section = section_of(port, *route.common); !section.empty()) consider(section);
  consider("");
  return chosen == nullptr ? "" : chosen->key();
}

}  // namespace gw::translate
