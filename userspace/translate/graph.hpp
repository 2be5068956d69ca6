// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what the steps hand to one another. Nodes point into the ResourceSet, which outlives them.
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/translate/conditions.hpp"
#include "userspace/translate/index.hpp"
#include "userspace/translate/translate.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gw::translate {

/// A verdict and the words for it. `message` empty: nothing to add to "True".
struct Verdict {
  bool ok = true;
  const char* reason = "";
  std::string message;
};

struct RouteNode;

struct ListenerNode {
  const api::Listener* source = nullptr;
  Verdict accepted{true, reason::kAccepted, ""};
  Verdict resolved{true, reason::kResolvedRefs, ""};
  Verdict conflict_free{true, reason::kNoConflicts, ""};
  std::vector<api::RouteGroupKind> supported_kinds;
  std::vector<RouteNode*> routes;  ///< those that are bound, the live one first (after order_routes)

  [[nodiscard]] bool serves() const { return accepted.ok && conflict_free.ok; }
};

struct GatewayNode {
  const api::Gateway* source = nullptr;
  Verdict accepted{true, reason::kAccepted, ""};
  std::vector<IpAddress> addresses;  ///< empty: the node's
  std::vector<ListenerNode> listeners;
};

/// One parentRef, or for v1alpha1 one Gateway that selects the route.
struct ParentNode {
  api::ParentReference reference;
  Verdict accepted{true, reason::kAccepted, ""};
};

struct RouteNode {
  const api::L4Route* source = nullptr;
  std::vector<ParentNode> parents;
  Verdict resolved{true, reason::kResolvedRefs, ""};
  bool is_resolved = false;  ///< `resolved` says what its references are
};

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

struct Graph {
  const api::ResourceSet& resources;
  const Options& options;
  // Of the resources, by name:
  ByName<const api::Service> services;
  std::unordered_map<std::string_view, std::vector<const api::ReferenceGrant*>> grants;  ///< by their namespace

  std::vector<GatewayNode> gateways;  ///< ours only, by precedence: older first, then namespace/name, then group
  ByName<GatewayNode> v1_gateways;    ///< of them, those that routes name
  std::vector<RouteNode> routes;
  std::vector<PolicyNode> policies;
  PolicyTargets<api::UpstreamPolicy> upstream_policies;  ///< those that hold
  PolicyTargets<api::ClientPolicy> client_policies;
  std::vector<Finding> findings;
};

/// Which of two objects is older: creationTimestamp (none counts as the oldest), then namespace/name.
bool is_older(const api::ObjectMeta& a, const api::ObjectMeta& b);

Graph make_graph(const api::ResourceSet& resources, const Options& options);
/// All steps but the reports.
void decide(Graph& graph, ir::Config& config);

// The steps, in their order.
std::vector<api::GatewayClassStatus> judge_gateway_classes(const api::ResourceSet& resources, const Options& options);
void index_resources(Graph& graph);
void collect_gateways(Graph& graph);
void judge_listeners(Graph& graph);
void attach_policies(Graph& graph);
void find_conflicts(Graph& graph);
void bind_routes(Graph& graph);
void bind_legacy_routes(Graph& graph);
void order_routes(Graph& graph);
void resolve_backends(Graph& graph, ir::Config& config);
void build_listeners(const Graph& graph, ir::Config& config);
void report_gateways(const Graph& graph, api::StatusReport& report);
void report_routes(const Graph& graph, api::StatusReport& report);
void report_policies(const Graph& graph, api::StatusReport& report);

}  // namespace gw::translate
