// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/assembly.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "userspace/base/exchange.hpp"

namespace gw::translate {
namespace {

template <typename Visit>
void for_each_listener(const Graph& graph, Visit visit) {
  for_each_owner(graph, [&visit](const ListenerOwner& owner) {
    for (const auto& node : owner.listeners) visit(node);
  });
}

bool has_certificate(const ListenerNode& node) { return !node.terminates_tls() || !node.key_pairs.empty(); }

bool is_touched(const ListenerOwner& owner, const std::vector<bool>& touched) {
  return std::ranges::any_of(owner.listeners, [&touched](const auto& node) { return touched[node.index]; });
}

bool has_limit(const ListenerNode& node) { return most_routes(node) != kNoLimit; }

/// What is there, in its order.
template <typename T>
std::vector<T> present(const std::vector<std::optional<T>>& all) {
  std::vector<T> items;
  for (const auto& item : all) {
    if (item) items.push_back(*item);
  }
  return items;
}

/// Keys of rules hold the name of their route, so no two routes have one.
template <typename Rules>
void exchange_rules(Rules ir::Config::* member, const RouteTable::Changes& changes, ir::Config& config) {
  std::unordered_set<std::string_view> kept;
  for (const auto& route : changes.fresh) {
    for (const auto& [key, rule] : route->built.*member) kept.insert(key);
  }
  for (const auto& route : changes.gone) {
    for (const auto& [key, rule] : route->built.*member) {
      if (!kept.contains(key)) (config.*member).erase(key);
    }
  }
  for (const auto& route : changes.fresh) {
    for (const auto& [key, rule] : route->built.*member) (config.*member).set(key, rule);
  }
}

/// The list with those of `made` that are equal to what is there already as the same objects.
template <typename Status>
api::Objects<Status> renew(const api::Objects<Status>& known, std::vector<std::shared_ptr<const Status>> made) {
  std::ranges::sort(made, {}, [](const auto& status) -> const auto& { return status->ref; });
  auto old = known.pointers().begin();
  bool is_same = made.size() == known.size();
  for (auto& status : made) {
    while (old != known.pointers().end() && (*old)->ref < status->ref) ++old;
    const bool is_known = old != known.pointers().end() && (*old == status || **old == *status);
    if (is_known) status = *old;
    is_same = is_same && is_known;
  }
  return is_same ? known : api::Objects<Status>(std::move(made));
}

/// Makes `list` equal to `items`; the same object if it is already.
template <typename T>
void renew(SharedList<T>& list, std::vector<T> items) {
  if (list.items() != items) list = std::move(items);
}

/// Whether it is another value than before.
template <typename T>
bool replace(std::optional<T>& value, T by) {
  if (value == by) return false;
  value = std::move(by);
  return true;
}

template <typename Status>
api::Objects<Status> renew(const api::Objects<Status>& known, std::vector<Status> made) {
  std::vector<std::shared_ptr<const Status>> pointers;
  pointers.reserve(made.size());
  for (auto& status : made) pointers.push_back(std::make_shared<const Status>(std::move(status)));
  return renew(known, std::move(pointers));
}

BackendTlsUse use_of(const RouteNodes& routes) {
  BackendTlsUse use;
  for (const auto& route : routes) note_ancestors(*route, use);
  return use;
}

}  // namespace

std::size_t most_routes(const ListenerNode& node) {
  const api::GatewayClassConfig* const config = node.owner->gateway->config;
  return config == nullptr ? kNoLimit : config->limits.routes_per_listener.value_or(kNoLimit);
}

RoutesOnListeners routes_on_listeners(const Graph& graph, const RouteNodes& routes) {
  RoutesOnListeners on(graph.listener_count);
  for (const auto& route : routes) {
    for (const auto& binding : route->bindings) {
      BoundRoutes& bound = on[binding.listener->index];
      if (bound.size() < most_routes(*binding.listener)) bound.push_back({route.get(), &binding});
    }
  }
  return on;
}

const Output& Assembly::update(const Input& input) {
  Round round{input, graph_ != input.graph, {}};
  refresh_endpoints(input.slices, input.changed_slices, output_.config.endpoints);
  if (!round.is_new_graph && input.changes.gone.empty() && input.changes.fresh.empty()) return output_;
  if (round.is_new_graph) {
    graph_ = input.graph;
    l4_.assign(graph_->listener_count, std::nullopt);
    l7_.assign(graph_->listener_count, std::nullopt);
    has_limits_ = false;
    for_each_listener(*graph_, [this](const auto& node) { has_limits_ = has_limits_ || has_limit(node); });
  }
  bind(round);
  build_listeners(round);
  merge(round);
  report(round);
  return output_;
}

void Assembly::bind(Round& round) {
  RoutesOnListeners on = routes_on_listeners(*graph_, round.input.routes);
  if (round.is_new_graph) {
    round.touched.assign(on.size(), true);
  } else {
    round.touched.resize(on.size());
    for (std::size_t i = 0; i < on.size(); ++i) round.touched[i] = on[i] != on_[i];
  }
  on_ = std::move(on);
}

void Assembly::build_listeners(const Round& round) {
  bool has_other_l4 = round.is_new_graph;
  bool has_other_l7 = round.is_new_graph;
  for_each_listener(*graph_, [&](const ListenerNode& node) {
    if (!round.touched[node.index] || !node.serves()) return;
    if (node.is_l4()) {
      has_other_l4 = replace(l4_[node.index], build_l4_listener(*graph_, node, on_[node.index])) || has_other_l4;
    } else if (has_certificate(node)) {
      has_other_l7 = replace(l7_[node.index], build_l7_listener(*graph_, node, on_[node.index])) || has_other_l7;
    }
  });
  if (has_other_l4) renew(output_.config.listeners, present(l4_));
  if (has_other_l7) renew(output_.config.l7_listeners, present(l7_));
}

void Assembly::merge(const Round& round) {
  const RouteTable::Changes& changes = round.input.changes;
  exchange_rules(&ir::Config::services, changes, output_.config);
  exchange_rules(&ir::Config::http_rules, changes, output_.config);
  merge_certificates(round);
  count_ports(round);
}

/// Several routes of 2021 may bring one certificate, and listeners may have it too.
void Assembly::merge_certificates(const Round& round) {
  const auto brings = [](const auto& route) { return !route->built.key_pairs.empty(); };
  const RouteTable::Changes& changes = round.input.changes;
  if (!round.is_new_graph && std::ranges::none_of(changes.gone, brings) &&
      std::ranges::none_of(changes.fresh, brings)) {
    return;
  }
  auto key_pairs = graph_->built.key_pairs;
  for (const auto& route : round.input.routes) {
    for (const auto& [key, pair] : route->built.key_pairs) key_pairs.emplace(key, pair);
  }
  if (round.is_new_graph) output_.config.interfaces = graph_->built.interfaces;
  become(output_.config.key_pairs, key_pairs);
  become(output_.config.ca_bundles, graph_->built.ca_bundles);
}

/// Endpoints of the ports that rules refer to, and of no others.
void Assembly::count_ports(const Round& round) {
  ir::EndpointMap& endpoints = output_.config.endpoints;
  const auto for_each_port = [](const RouteNodes& routes, auto visit) {
    for (const auto& route : routes) {
      ir::for_each_backend(route->built, [&visit](const ir::WeightedBackends& ref) {
        if (ref.port) visit(*ref.port);
      });
    }
  };
  for_each_port(round.input.changes.fresh, [&](const ir::ServicePort& port) {
    if (++port_users_[port] == 1) endpoints.emplace(port, round.input.slices.endpoints_of(port));
  });
  for_each_port(round.input.changes.gone, [&](const ir::ServicePort& port) {
    const auto users = port_users_.find(port);
    if (--users->second != 0) return;
    port_users_.erase(users);
    endpoints.erase(port);
  });
}

void Assembly::merge_backend_tls(const BackendTlsUse& use) {
  SharedMap<std::string, ir::BackendTls> used;
  for (const auto& [policy, ancestors] : use) used.emplace(policy->key(), policy->tls);
  become(output_.config.backend_tls, used);
}

void Assembly::report(const Round& round) {
  api::StatusReport report = *output_.report;
  if (round.is_new_graph) report.gateway_classes = renew(report.gateway_classes, judge_gateway_classes(*graph_));
  report_owners(round, report);
  report_routes(round, report);
  const BackendTlsUse use = use_of(round.input.routes);
  merge_backend_tls(use);
  PolicyReport policies = report_policies(*graph_, round.input.resources, round.input.routes);
  PolicyReport of_tls = report_backend_tls(*graph_, use);
  std::ranges::move(of_tls.statuses, std::back_inserter(policies.statuses));
  std::ranges::move(of_tls.findings, std::back_inserter(policies.findings));
  report.policies = renew(report.policies, std::move(policies.statuses));
  output_.report = std::make_shared<const api::StatusReport>(std::move(report));
  collect_findings(round, policies.findings);
}

void Assembly::report_owners(const Round& round, api::StatusReport& report) {
  const auto update = [&round](const auto& owners, auto& statuses, auto& known, auto report_one) {
    using Pointer = typename std::remove_cvref_t<decltype(known)>::Pointer;
    bool any = round.is_new_graph;
    statuses.resize(owners.size());
    for (std::size_t i = 0; i < owners.size(); ++i) {
      if (!round.is_new_graph && !is_touched(owners[i], round.touched)) continue;
      statuses[i] = std::make_shared<const typename Pointer::element_type>(report_one(owners[i]));
      any = true;
    }
    if (any) known = renew(known, statuses);
  };
  update(graph_->gateways, gateway_statuses_, report.gateways,
         [this](const GatewayNode& gateway) { return report_gateway(gateway, on_); });
  update(graph_->listener_sets, listener_set_statuses_, report.listener_sets,
         [this](const ListenerSetNode& set) { return report_listener_set(set, on_); });
}

/// Fresh ones, and those that others may have come before: on an L4 listener, or on one that has not room for all.
std::unordered_set<const RouteNode*> Assembly::routes_to_report(const Round& round) const {
  std::unordered_set<const RouteNode*> routes;
  for (const auto& route : round.input.changes.fresh) routes.insert(route.get());
  for_each_listener(*graph_, [&](const ListenerNode& node) {
    if (!round.touched[node.index] || !node.is_l4()) return;
    for (const auto& bound : on_[node.index]) routes.insert(bound.route);
  });
  if (!has_limits_) return routes;
  for (const auto& route : round.input.routes) {
    const auto is_bound_to_touched = [&round](const Binding& binding) {
      return round.touched[binding.listener->index] && has_limit(*binding.listener);
    };
    if (std::ranges::any_of(route->bindings, is_bound_to_touched)) routes.insert(route.get());
  }
  return routes;
}

void Assembly::report_routes(const Round& round, api::StatusReport& report) {
  using Status = std::shared_ptr<const api::RouteStatus>;
  std::map<api::ObjectRef, Status> before;
  const auto take = [&](const RouteNode* route) {
    const auto known = route_statuses_.find(route);
    if (known == route_statuses_.end()) return;
    before.emplace(known->second->ref, known->second);
    route_statuses_.erase(known);
  };
  for (const auto& route : round.input.changes.gone) take(route.get());
  std::vector<Status> fresh;
  for (const RouteNode* const route : routes_to_report(round)) {
    take(route);
    if (route->parents.empty()) continue;
    Status status = std::make_shared<const api::RouteStatus>(report_route(*route, on_));
    const auto known = before.find(status->ref);
    if (known != before.end() && *known->second == *status) {
      status = known->second;
      before.erase(known);
    } else {
      fresh.push_back(status);
    }
    route_statuses_.emplace(route, std::move(status));
  }
  std::unordered_set<const api::RouteStatus*> gone;
  for (const auto& [ref, status] : before) gone.insert(status.get());
  if (gone.empty() && fresh.empty()) return;
  report.routes = api::Objects<api::RouteStatus>(exchange(
      report.routes.pointers(), [&gone](const Status& status) { return gone.contains(status.get()); }, std::move(fresh),
      [](const auto& a, const auto& b) { return a.ref < b.ref; }));
}

void Assembly::collect_findings(const Round& round, const std::vector<Finding>& of_policies) {
  std::vector<Finding> findings = graph_->findings;
  for (const auto& route : round.input.routes) std::ranges::copy(route->findings, std::back_inserter(findings));
  std::ranges::copy(of_policies, std::back_inserter(findings));
  renew(output_.findings, std::move(findings));
}

}  // namespace gw::translate
