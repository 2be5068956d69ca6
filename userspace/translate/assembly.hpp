// SPDX-License-Identifier: Apache-2.0
// Private to translate/: the graph and the routes, put together: what is on each listener, the configuration, the
// report.
#pragma once

#include "userspace/api/status_report.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/translate/backend_tls.hpp"
#include "userspace/translate/endpoints.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/route_table.hpp"
#include "userspace/translate/translate.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gw::translate {

struct BoundRoute {
  const RouteNode* route = nullptr;
  const Binding* binding = nullptr;  ///< of the route
  bool operator==(const BoundRoute&) const = default;
};

/// The oldest first.
using BoundRoutes = std::vector<BoundRoute>;

/// limits.routesPerListener of the listener's class.
inline constexpr std::uint32_t kNoLimit = UINT32_MAX;
std::size_t most_routes(const ListenerNode& node);

/// What is on each listener, by its index: the oldest routes that are bound to it, as many as its class allows.
using RoutesOnListeners = std::vector<BoundRoutes>;
RoutesOnListeners routes_on_listeners(const Graph& graph, const RouteNodes& routes);

ir::L4Listener build_l4_listener(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes);
ir::L7Listener build_l7_listener(const Graph& graph, const ListenerNode& node, const BoundRoutes& routes);

std::vector<api::GatewayClassStatus> judge_gateway_classes(const Graph& graph);
api::GatewayStatus report_gateway(const GatewayNode& gateway, const RoutesOnListeners& on);
api::ListenerSetStatus report_listener_set(const ListenerSetNode& set, const RoutesOnListeners& on);
/// Of what is on listeners it is looked at which route of an L4 listener is the first, since that has its connections;
/// and, where there is a limit, whether this one is among them.
api::RouteStatus report_route(const RouteNode& route, const RoutesOnListeners& on);

struct PolicyReport {
  std::vector<api::PolicyStatus> statuses;
  std::vector<Finding> findings;
};
/// Of UpstreamPolicies and ClientPolicies. `resources`: with the routes.
PolicyReport report_policies(const Graph& graph, const api::ResourceSet& resources, const RouteNodes& routes);
/// Of BackendTLSPolicies and BackendPolicies.
PolicyReport report_backend_tls(const Graph& graph, const BackendTlsUse& use);

/// Goes on from what it put together the last time, where the nodes are the same.
class Assembly {
 public:
  struct Input {
    const std::shared_ptr<const Graph>& graph;
    const api::ResourceSet& resources;
    const RouteNodes& routes;
    const RouteTable::Changes& changes;  ///< of the routes, since the last time
    const SliceIndex& slices;
    const std::set<NamespacedName>& changed_slices;  ///< Services whose slices are others than the last time
  };
  const Output& update(const Input& input);

 private:
  /// What one call works on.
  struct Round {
    const Input& input;
    bool is_new_graph;
    std::vector<bool> touched;  ///< listeners that have other routes than before, by index; all of a new graph
  };

  void bind(Round& round);
  void build_listeners(const Round& round);
  void merge(const Round& round);
  void merge_certificates(const Round& round);
  void merge_backend_tls(const BackendTlsUse& use);
  void count_ports(const Round& round);
  void report(const Round& round);
  void report_owners(const Round& round, api::StatusReport& report);
  [[nodiscard]] std::unordered_set<const RouteNode*> routes_to_report(const Round& round) const;
  void report_routes(const Round& round, api::StatusReport& report);
  void collect_findings(const Round& round, const std::vector<Finding>& of_policies);

  std::shared_ptr<const Graph> graph_;
  RoutesOnListeners on_;
  bool has_limits_ = false;                        ///< any listener of the graph has one on its routes
  std::vector<std::optional<ir::L4Listener>> l4_;  ///< by index
  std::vector<std::optional<ir::L7Listener>> l7_;
  std::map<ir::ServicePort, std::size_t> port_users_;
  std::vector<std::shared_ptr<const api::GatewayStatus>> gateway_statuses_;  ///< as in the graph
  std::vector<std::shared_ptr<const api::ListenerSetStatus>> listener_set_statuses_;
  std::unordered_map<const RouteNode*, std::shared_ptr<const api::RouteStatus>> route_statuses_;
  Output output_;
};

}  // namespace gw::translate
