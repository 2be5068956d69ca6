// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what the steps hand to one another. Nodes point into the ResourceSet, which outlives them, and
// at one another; they are made once, in lists that do not move, and each step fills in its part.
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/translate/certificates.hpp"
#include "userspace/translate/conditions.hpp"
#include "userspace/translate/grants.hpp"
#include "userspace/translate/index.hpp"
#include "userspace/translate/translate.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace gw::translate {

struct RouteNode;
struct GatewayNode;
struct ListenerOwner;

/// A route on a listener: for kinds with hostnames, those that both have.
struct BoundRoute {
  RouteNode* route = nullptr;
  std::vector<ir::Hostname> hostnames;
};

struct ListenerNode {
  const api::Listener* source = nullptr;
  const ListenerOwner* owner = nullptr;
  ir::Hostname hostname;
  Verdict accepted{true, reason::kAccepted, ""};
  Verdict resolved{true, reason::kResolvedRefs, ""};
  Verdict conflict_free{true, reason::kNoConflicts, ""};
  std::string overlap;  ///< whose TLS settings may be taken for this one's; empty: nobody's
  std::vector<api::RouteGroupKind> supported_kinds;
  std::vector<std::string> key_pairs;  ///< of those of its certificates that are good
  /// 2021: certificates that routes bring, for these hostnames of theirs.
  std::vector<std::pair<std::string, std::vector<ir::Hostname>>> route_key_pairs;
  std::optional<ir::ClientValidation> client_validation;
  std::vector<BoundRoute> routes;  ///< the oldest first

  [[nodiscard]] bool serves() const;
  /// Forwarded in the kernel, without a look inside the bytes.
  [[nodiscard]] bool is_l4() const { return source->protocol == "TCP" || source->protocol == "UDP"; }
  [[nodiscard]] bool has_tls() const { return source->protocol == "HTTPS" || source->protocol == "TLS"; }
  [[nodiscard]] bool terminates_tls() const {
    return has_tls() && (!source->tls || source->tls->mode == api::TlsMode::Terminate);
  }
};

/// What a route names as its parent: a Gateway, or a ListenerSet that adds listeners to one.
struct ListenerOwner {
  const api::ObjectMeta* meta = nullptr;
  api::ObjectRef ref;
  GatewayNode* gateway = nullptr;  ///< itself, or that of the ListenerSet
  Verdict accepted{true, reason::kAccepted, ""};
  std::vector<ListenerNode> listeners;

  [[nodiscard]] bool is_legacy() const { return ref.group == api::kLegacyGroup; }
};

inline bool ListenerNode::serves() const { return accepted.ok && conflict_free.ok && owner->accepted.ok; }

struct ListenerSetNode : ListenerOwner {
  const api::ListenerSet* source = nullptr;
};

struct GatewayNode : ListenerOwner {
  const api::Gateway* source = nullptr;
  std::vector<IpAddress> addresses;  ///< empty: the node's
  std::string client_certificate;    ///< key pair for backends; empty: none
  Verdict resolved{true, reason::kResolvedRefs, ""};
  std::string insecure_validation;              ///< where invalid client certificates are let in; empty: nowhere
  std::vector<ListenerSetNode*> listener_sets;  ///< that may add listeners, the oldest first
};

/// One parentRef, or for v1alpha1 one Gateway that selects the route.
struct ParentNode {
  api::ParentReference reference;
  Verdict accepted{true, reason::kAccepted, ""};
  const ListenerOwner* owner = nullptr;
};

using RouteSource =
    std::variant<const api::L4Route*, const api::HttpRoute*, const api::GrpcRoute*, const api::TlsRoute*>;

struct RouteNode {
  RouteSource source;
  const api::Route* common = nullptr;   ///< the same object: what all kinds have
  std::vector<ir::Hostname> hostnames;  ///< empty: any name, or the kind has none
  std::vector<ParentNode> parents;
  Verdict valid{true, reason::kAccepted, ""};  ///< not ok: no rule of it can be served
  std::vector<std::string> rule_problems;  ///< one for each rule, empty for a good one; empty where no rule can be bad
  Verdict resolved{true, reason::kResolvedRefs, ""};
  std::vector<const ListenerNode*> listeners;  ///< that it is on, by precedence

  [[nodiscard]] const api::ObjectMeta& meta() const { return common->meta; }
  /// "Kind namespace/name"
  [[nodiscard]] std::string to_string() const { return common->kind + " " + meta().namespaced_name().to_string(); }
  template <typename Kind>
  [[nodiscard]] const Kind* as() const {
    const auto* const found = std::get_if<const Kind*>(&source);
    return found == nullptr ? nullptr : *found;
  }
  [[nodiscard]] bool drops(std::size_t rule) const {
    return rule < rule_problems.size() && !rule_problems[rule].empty();
  }
};

/// A rule of a route, as policies name it.
struct RuleName {
  const api::Route& route;
  std::string_view name;  ///< empty if it has none
};

/// Calls `visit(name, backendRefs)` for every rule of the route.
template <typename Visit>
void for_each_rule(const RouteNode& route, Visit visit) {
  std::visit(
      [&visit](const auto* source) {
        for (const auto& rule : source->rules) visit(rule.name.value_or(""), rule.backend_refs);
      },
      route.source);
}

/// What a policy is attached to, and how; `section` is empty for the whole object.
struct PolicyKey {
  std::string group;
  std::string kind;
  std::string ns;
  std::string name;
  std::string section;
  api::MergeStrategy merge = api::MergeStrategy::Defaults;
  auto operator<=>(const PolicyKey&) const = default;
};

template <typename Policy>
using PolicyTargets = std::map<PolicyKey, const Policy*>;

struct PolicyNode {
  api::ObjectRef ref;
  std::int64_t generation = 0;
  std::vector<ParentNode> ancestors;  ///< what its targets are served through; sorted
};

/// A BackendTLSPolicy, or a BackendPolicy of 2021.
struct BackendTlsNode {
  api::ObjectRef ref;
  const api::ObjectMeta* meta = nullptr;
  ir::BackendTls tls;
  Verdict accepted{true, reason::kAccepted, ""};
  Verdict resolved{true, reason::kResolvedRefs, ""};
  std::string missing;  ///< targets that are not there
  /// The Gateways that forward to its targets, and whether an older policy has the target there.
  std::map<const GatewayNode*, Verdict> ancestors;

  [[nodiscard]] std::string key() const { return ref.kind + "/" + ref.ns + "/" + ref.name; }
};

/// Those that target a Service, or one port of it, by section. The first of each list counts.
using BackendTlsTargets = std::map<PolicyKey, std::vector<BackendTlsNode*>>;

struct Graph {
  Graph(const api::ResourceSet& resources_, const Options& options_, CertificateChecks& certificates_)
      : resources(resources_), options(options_), certificates(certificates_) {}

  const api::ResourceSet& resources;
  const Options& options;
  CertificateChecks& certificates;
  // Of the resources, by name:
  ByName<const api::Service> services;
  ByName<const api::Secret> secrets;
  ByName<const api::ConfigMap> config_maps;
  GrantIndex grants;

  std::vector<GatewayNode> gateways;  ///< ours only, by precedence: older first, then namespace/name, then group
  ByName<GatewayNode> v1_gateways;    ///< of them, those that routes name
  std::vector<ListenerSetNode> listener_sets;  ///< of our Gateways, by precedence
  ByName<ListenerSetNode> listener_sets_by_name;
  std::vector<RouteNode> routes;  ///< by precedence
  std::vector<PolicyNode> policies;
  PolicyTargets<api::UpstreamPolicy> upstream_policies;  ///< those that hold
  PolicyTargets<api::ClientPolicy> client_policies;
  std::deque<BackendTlsNode> backend_tls_policies;  ///< by precedence
  BackendTlsTargets backend_tls_targets;
  std::vector<Finding> findings;
};

/// Which of two objects is older: creationTimestamp (none counts as the oldest), then namespace/name.
bool is_older(const api::ObjectMeta& a, const api::ObjectMeta& b);

/// Calls `visit(owner)` for every Gateway and then for every ListenerSet that may add listeners, by precedence.
template <typename Graph, typename Visit>
void for_each_owner(Graph& graph, Visit visit) {
  for (auto& gateway : graph.gateways) visit(gateway);
  for (auto& set : graph.listener_sets) visit(set);
}

/// All steps but the reports.
void decide(Graph& graph, ir::Config& config);

// The steps, in their order.
std::vector<api::GatewayClassStatus> judge_gateway_classes(const api::ResourceSet& resources, const Options& options);
void index_resources(Graph& graph);
void collect_gateways(Graph& graph);
void collect_listener_sets(Graph& graph);
void judge_listeners(Graph& graph, ir::Config& config);
void find_conflicts(Graph& graph);
void find_overlaps(Graph& graph);
void collect_routes(Graph& graph);
void bind_routes(Graph& graph);
void bind_legacy_routes(Graph& graph);
void note_superseded_routes(Graph& graph);
void bring_legacy_certificates(Graph& graph, ir::Config& config);
void attach_policies(Graph& graph);
void attach_backend_tls(Graph& graph, ir::Config& config);
void build_services(Graph& graph, ir::Config& config);
void build_http_rules(Graph& graph, ir::Config& config);
void build_l4_listeners(const Graph& graph, ir::Config& config);
void build_l7_listeners(Graph& graph, ir::Config& config);
void report_gateways(const Graph& graph, api::StatusReport& report);
void report_listener_sets(const Graph& graph, api::StatusReport& report);
void report_routes(const Graph& graph, api::StatusReport& report);
void report_policies(const Graph& graph, api::StatusReport& report);
void note_idle_backend_tls(Graph& graph);

}  // namespace gw::translate
