// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what the steps hand to one another. The graph is everything but the routes: its nodes point
// into its resources and at one another; they are made once, in lists that do not move, and each step fills in its
// part. Routes come behind it, each by itself (RouteNode); what several of them do together is put together last
// (assembly.hpp, docs/design/0026).
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
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace gw::translate {

struct GatewayNode;
struct ListenerOwner;

struct ListenerNode {
  std::size_t index = 0;  ///< among all of the graph
  const api::Listener* source = nullptr;
  const ListenerOwner* owner = nullptr;
  ir::Hostname hostname;
  Verdict accepted{true, reason::kAccepted, ""};
  Verdict resolved{true, reason::kResolvedRefs, ""};
  Verdict conflict_free{true, reason::kNoConflicts, ""};
  /// Whose TLS settings may be taken for this one's. `ok`: nobody's.
  Verdict overlap{true, "", ""};
  std::vector<api::RouteGroupKind> supported_kinds;
  std::vector<std::string> key_pairs;           ///< of those of its certificates that are good
  std::vector<ir::Hostname> certificate_names;  ///< that those are good for
  std::optional<ir::ClientValidation> client_validation;

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
  const std::vector<api::Listener>* sources = nullptr;  ///< of the listeners
  std::vector<ListenerNode> listeners;

  [[nodiscard]] bool is_legacy() const { return ref.group == api::kLegacyGroup; }
};

struct ListenerSetNode : ListenerOwner {
  const api::ListenerSet* source = nullptr;
};

struct GatewayNode : ListenerOwner {
  const api::Gateway* source = nullptr;
  std::vector<IpAddress> addresses;  ///< empty: the node's
  std::string client_certificate;    ///< key pair for backends; empty: none
  Verdict resolved{true, reason::kResolvedRefs, ""};
  const api::GatewayClassConfig* config = nullptr;  ///< of its class; null: none
  std::string lacking_addresses;    ///< what its class's pools have none left of; empty: it has what it asks for
  bool has_no_address = false;      ///< it is to get addresses from a pool, and got none
  std::string insecure_validation;  ///< where invalid client certificates are let in; empty: nowhere
  std::vector<ListenerSetNode*> listener_sets;  ///< that may add listeners, the oldest first
};

inline bool ListenerNode::serves() const {
  return accepted.ok && conflict_free.ok && owner->accepted.ok && !owner->gateway->has_no_address;
}

/// One parentRef, or for v1alpha1 one Gateway that selects the route.
struct ParentNode {
  api::ParentReference reference;
  Verdict accepted{true, reason::kAccepted, ""};
  const ListenerOwner* owner = nullptr;
};

/// A listener that a route is on.
struct Binding {
  const ListenerNode* listener = nullptr;
  std::vector<ir::Hostname> hostnames;  ///< for kinds with hostnames, those that both have
  std::string key_pair;                 ///< 2021: the certificate that the route brings for them; empty: none
};

/// A BackendTLSPolicy, or a BackendPolicy of 2021.
struct BackendTlsNode {
  api::ObjectRef ref;
  const api::ObjectMeta* meta = nullptr;
  ir::BackendTls tls;
  Verdict accepted{true, reason::kAccepted, ""};
  Verdict resolved{true, reason::kResolvedRefs, ""};
  std::string missing;  ///< targets that are not there

  [[nodiscard]] std::string key() const { return ref.kind + "/" + ref.ns + "/" + ref.name; }
};

/// Those with one target. The first counts.
using BackendTlsNodes = std::vector<const BackendTlsNode*>;

using RouteSource = std::variant<std::shared_ptr<const api::HttpRoute>, std::shared_ptr<const api::GrpcRoute>,
                                 std::shared_ptr<const api::TlsRoute>, std::shared_ptr<const api::L4Route>>;

/// All that is decided of one route: by its object and the graph, and by nothing else. Routes do not see one another.
struct RouteNode {
  RouteSource source;
  const api::Route* common = nullptr;   ///< the same object: what all kinds have
  std::vector<ir::Hostname> hostnames;  ///< empty: any name, or the kind has none
  std::vector<ParentNode> parents;
  Verdict valid{true, reason::kAccepted, ""};  ///< not ok: no rule of it can be served
  std::vector<std::string> rule_problems;  ///< one for each rule, empty for a good one; empty where no rule can be bad
  Verdict resolved{true, reason::kResolvedRefs, ""};
  std::vector<Binding> bindings;                     ///< by precedence of the listeners
  std::vector<const BackendTlsNodes*> tls_policies;  ///< of the Services that it forwards to
  std::vector<Finding> findings;
  ir::Config built;  ///< its part of the configuration: services or rules, and the certificates that it brings

  [[nodiscard]] const api::ObjectMeta& meta() const { return common->meta; }
  /// "Kind namespace/name"
  [[nodiscard]] std::string to_string() const { return common->kind + " " + meta().namespaced_name().to_string(); }
  template <typename Kind>
  [[nodiscard]] const Kind* as() const {
    const auto* const found = std::get_if<std::shared_ptr<const Kind>>(&source);
    return found == nullptr ? nullptr : found->get();
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
      [&visit](const auto& source) {
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

/// Those that target a Service, or one port of it, by section.
using BackendTlsTargets = std::map<PolicyKey, BackendTlsNodes>;

/// The Gateways of 2021 that can select a route, by precedence.
struct LegacyCandidates {
  using Gateways = std::map<std::size_t, const GatewayNode*>;
  Gateways open;
  std::map<std::string_view, Gateways> by_namespace;  ///< of the routes, where that is all they take
};

/// Whether the graph reads objects of this member of ResourceSet; it can see no others.
template <typename Member>
using KindOf =
    typename std::remove_cvref_t<decltype(std::declval<api::ResourceSet&>().*std::declval<Member>())>::value_type;
template <typename Kind>
inline constexpr bool kIsOfGraph = !std::is_base_of_v<api::Route, Kind> && !std::is_same_v<Kind, api::EndpointSlice>;

struct Graph {
  Graph(const api::ResourceSet& all, const Options& options_, CertificateChecks& certificates_);
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  api::ResourceSet resources;  ///< without routes and EndpointSlices
  const Options& options;
  CertificateChecks& certificates;
  // Of the resources, by name:
  ByName<const api::Service> services;
  ByName<const api::Secret> secrets;
  ByName<const api::ConfigMap> config_maps;
  ByName<const api::GatewayClassConfig> class_configs;
  GrantIndex grants;

  std::vector<GatewayNode> gateways;  ///< ours only, by precedence: older first, then namespace/name, then group
  ByName<GatewayNode> v1_gateways;    ///< of them, those that routes name
  std::vector<const GatewayNode*> default_gateways;  ///< of them, those that take routes that ask for any
  std::vector<ListenerSetNode> listener_sets;        ///< of our Gateways, by precedence
  ByName<ListenerSetNode> listener_sets_by_name;
  LegacyCandidates legacy_gateways;
  std::size_t listener_count = 0;
  PolicyTargets<api::UpstreamPolicy> upstream_policies;  ///< the ones that count, whether the target is there or not
  PolicyTargets<api::ClientPolicy> client_policies;
  std::deque<BackendTlsNode> backend_tls_policies;  ///< by precedence
  BackendTlsTargets backend_tls_targets;
  std::vector<Finding> findings;
  ir::Config built;  ///< its part of the configuration: certificates and authorities, links to attach to
};

/// What a Gateway lacks whose class's pools have not enough, and what to do.
std::string lacking_addresses(const GatewayNode& gateway);

/// Which of two objects is older: creationTimestamp (none counts as the oldest), then namespace/name.
bool is_older(const api::ObjectMeta& a, const api::ObjectMeta& b);

/// Calls `visit(owner)` for every Gateway and then for every ListenerSet that may add listeners, by precedence.
template <typename Graph, typename Visit>
void for_each_owner(Graph& graph, Visit visit) {
  for (auto& gateway : graph.gateways) visit(gateway);
  for (auto& set : graph.listener_sets) visit(set);
}

std::unique_ptr<const Graph> make_graph(const api::ResourceSet& resources, const Options& options,
                                        CertificateChecks& certificates);
std::shared_ptr<const RouteNode> make_route(const Graph& graph, RouteSource source);

// The steps of make_graph(), in their order.
void index_resources(Graph& graph);
void collect_gateways(Graph& graph);
void limit_gateways(Graph& graph);
void assign_addresses(Graph& graph);
void collect_listener_sets(Graph& graph);
void index_legacy_gateways(Graph& graph);
void judge_listeners(Graph& graph);
void limit_listeners(Graph& graph);
void find_conflicts(Graph& graph);
void find_overlaps(Graph& graph);
void claim_policy_targets(Graph& graph);
void attach_backend_tls(Graph& graph);

// The steps of make_route(), in their order.
void judge_route(RouteNode& route);
void bind_route(const Graph& graph, RouteNode& route);         ///< v1
void bind_legacy_route(const Graph& graph, RouteNode& route);  ///< 2021
void bring_legacy_certificates(const Graph& graph, RouteNode& route);
void build_services(const Graph& graph, RouteNode& route);
void build_http_rules(const Graph& graph, RouteNode& route);

}  // namespace gw::translate
