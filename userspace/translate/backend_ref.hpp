// SPDX-License-Identifier: Apache-2.0
// Private to translate/: one backendRef -> a port of a Service, or why not.
#pragma once

#include "userspace/translate/graph.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace gw::translate {

struct ResolvedBackend {
  ir::WeightedBackends backends;  ///< without endpoints if the reference is invalid: its share is rejected
  Verdict verdict{true, reason::kResolvedRefs, ""};
  const api::Service* service = nullptr;   ///< what it resolves to; null if it does not
  const api::ServicePort* port = nullptr;  ///< of that Service
};

/// `default_port`: for v1alpha1, where the port may be left out.
ResolvedBackend resolve_backend(const Graph& graph, const RuleName& rule, const api::BackendRef& ref,
                                std::uint16_t default_port);

/// Key of ir::Config::services or http_rules: a rule of the route, `way` as by way_of().
std::string rule_key(const api::Route& route, std::size_t index, const std::string& way);

/// Tells rules apart that are others for different listeners: v1alpha1 without a port forwards to the port of the
/// request, and UpstreamPolicies of a Gateway hold for what comes through it alone. Empty: they are the same for all.
std::string way_of(const Graph& graph, const RouteNode& route, const ListenerNode& listener);
/// A listener for each way of the route's traffic; only those that serve.
std::map<std::string, const ListenerNode*> ways_of(const Graph& graph, const RouteNode& route);

/// Makes a rule of the route for each of its ways, by `make(listener)`, and adds what comes out under its key. A route
/// that serves nothing still learns what is wrong with its references: for it the rule is made and left out. It has a
/// null listener if nothing binds it.
template <typename Rules, typename Make>
void add_rule(const RouteNode& route, std::size_t index, const std::map<std::string, const ListenerNode*>& ways,
              Rules& rules, Make make) {
  for (const auto& [way, listener] : ways) rules.emplace(rule_key(*route.common, index, way), make(listener));
  if (!ways.empty()) return;
  const ListenerNode* const any = route.bindings.empty() ? nullptr : route.bindings.front().listener;
  (void)make(any);
}

}  // namespace gw::translate
