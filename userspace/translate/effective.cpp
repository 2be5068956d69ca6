// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/effective.hpp"

#include <fmt/format.h>

#include "userspace/translate/assembly.hpp"
#include "userspace/translate/backend_ref.hpp"
#include "userspace/translate/l4_route.hpp"
#include "userspace/translate/policy.hpp"
#include "userspace/translate/policy_settings.hpp"

namespace gw::translate {
namespace {

template <typename Policy>
std::vector<EffectiveSetting> merge(const PolicyLayers<Policy>& layers) {
  std::vector<EffectiveSetting> merged;
  for (const auto& setting : settings_of(static_cast<const Policy*>(nullptr))) {
    std::vector<PolicyValue> values;
    for (const auto* layer : layers) {
      const auto& [key, policy] = *layer;
      if (const auto value = setting.value(*policy))
        values.push_back({policy->ref(), describe(key), key.merge, *value});
    }
    if (values.empty()) continue;
    EffectiveSetting& made = merged.emplace_back();
    made.field = setting.field;
    made.in_effect = values.front();
    made.replaced.assign(values.begin() + 1, values.end());
  }
  return merged;
}

/// Finds the places where `object` takes part.
class Search {
 public:
  Search(const Graph& graph, const RoutesOnListeners& on, const api::ObjectRef& object)
      : graph_(graph), on_(on), object_(object) {}

  std::vector<EffectiveSettings> run() {
    for_each_owner(graph_, [this](const ListenerOwner& owner) {
      for (const auto& listener : owner.listeners) look_at(listener);
    });
    return std::move(found_);
  }

 private:
  template <typename Object>
  [[nodiscard]] bool is_object(const Object& candidate) const {
    const api::ObjectRef ref = candidate.ref();
    return ref.group == object_.group && ref.kind == object_.kind && ref.ns == object_.ns && ref.name == object_.name;
  }

  void look_at(const ListenerNode& listener) {
    const Entrance entrance = entrance_of(listener);
    if (is_object(entrance.gateway)) {
      add(fmt::format("listener {}", listener_name(listener)),
          merge<api::ClientPolicy>(client_layers(graph_, entrance)));
    }
    for (const auto& bound : on_[listener.index]) look_at(entrance, *bound.route);
  }

  void look_at(const Entrance& entrance, const RouteNode& route) {
    for_each_rule(route, [&](const std::string& name, const auto& refs) {
      for (const auto& ref : refs) look_at(entrance, {*route.common, name}, ref);
    });
  }

  void look_at(const Entrance& entrance, const RuleName& rule, const api::BackendRef& ref) {
    const ResolvedBackend resolved = resolve_backend(graph_, rule, ref, entrance.listener.port);
    const bool is_service = resolved.service != nullptr && is_object(*resolved.service);
    if (!is_object(rule.route) && !is_service) return;
    const std::string from = is_service ? fmt::format("from {}, ", rule.route.ref().to_string()) : "";
    add(fmt::format("{}to Service {}, through Gateway {} listener {}", from, resolved.backends.name,
                    entrance.gateway.meta.namespaced_name().to_string(), entrance.listener.name),
        merge<api::UpstreamPolicy>(upstream_layers(graph_, &entrance, rule, {resolved.service, resolved.port})));
  }

  void add(std::string where, std::vector<EffectiveSetting> settings) {
    if (!settings.empty()) found_.push_back({std::move(where), std::move(settings)});
  }

  const Graph& graph_;
  const RoutesOnListeners& on_;
  const api::ObjectRef& object_;
  std::vector<EffectiveSettings> found_;
};

}  // namespace

std::vector<EffectiveSettings> effective_settings(const api::ResourceSet& resources, const Options& options,
                                                  const api::ObjectRef& object) {
  CertificateChecks certificates;
  const std::shared_ptr<const Graph> graph = make_graph(resources, options, certificates);
  RouteTable routes;
  routes.update(graph, resources);
  return Search(*graph, routes_on_listeners(*graph, routes.nodes()), object).run();
}

}  // namespace gw::translate
