// SPDX-License-Identifier: Apache-2.0
#include "userspace/analyze/analyze.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

namespace gw::analyze {
namespace {

/// Whether something works, and the words for it. Keys of the maps below say what the thing is.
struct State {
  bool works = true;
  std::string message;
};

/// A thing of one object: "listener http", "attached to Gateway default/web".
struct Thing {
  api::ObjectRef object;  ///< without its version
  std::string what;       ///< a half sentence, behind the object's name
  auto operator<=>(const Thing&) const = default;
};

using States = std::map<Thing, State>;

std::string text_of(const api::ParentReference& reference, const std::string& own_ns) {
  std::string text = fmt::format("{} {}/{}", reference.kind, reference.ns.value_or(own_ns), reference.name);
  if (reference.section_name) text += " section " + *reference.section_name;
  if (reference.port) text += fmt::format(" port {}", *reference.port);
  return text;
}

State state_of(const api::Condition* objection) {
  if (objection == nullptr) return {};
  return {false, fmt::format("{}: {}", objection->reason, objection->message)};
}

/// An accepted listener may still be one that nothing serves.
State state_of(const api::ListenerStatus& listener) {
  const api::Condition* const objection = api::objection(listener.conditions);
  const std::string waits = api::waits_for_proxy(listener);
  return objection != nullptr || waits.empty() ? state_of(objection) : State{false, "Pending: " + waits};
}

State references_of(const api::Conditions& conditions) {
  const api::Condition* condition = conditions.find("ResolvedRefs");
  return condition != nullptr && api::is_bad(*condition) ? state_of(condition) : State{};
}

/// A Gateway or a ListenerSet.
template <typename Owner>
void add_owner(const Owner& owner, States& states) {
  const api::ObjectRef ref = identity(owner.ref);
  states[{ref, "accepted"}] = state_of(api::objection(owner.conditions));
  for (const auto& listener : owner.listeners) {
    states[{ref, fmt::format("listener {}", listener.name)}] = state_of(listener);
    states[{ref, fmt::format("references of listener {}", listener.name)}] = references_of(listener.conditions);
  }
}

void add_route(const api::RouteStatus& route, States& states) {
  const api::ObjectRef ref = identity(route.ref);
  for (const auto& parent : route.parents) {
    states[{ref, "attached to " + text_of(parent.parent, ref.ns)}] = state_of(api::objection(parent.conditions));
    states[{ref, "backends"}] = references_of(parent.conditions);
  }
}

void add_policy(const api::PolicyStatus& policy, States& states) {
  const api::ObjectRef ref = identity(policy.ref);
  for (const auto& ancestor : policy.ancestors) {
    states[{ref, "in effect at " + text_of(ancestor.ancestor, ref.ns)}] = state_of(api::objection(ancestor.conditions));
  }
}

/// A share of a route's connections that is rejected for want of endpoints.
void add_endpoints(const ir::Config& config, States& states) {
  ir::for_each_backend(config, [&](const ir::WeightedBackends& backend) {
    if (!backend.port) return;
    const api::ObjectRef ref{"", "", "Service", backend.port->service.ns, backend.port->service.name};
    const bool has_any = !config.endpoints_of(backend).empty();
    states[{ref, fmt::format("endpoints of port {}", backend.name.substr(backend.name.rfind(':') + 1))}] = {
        has_any, "it has no ready endpoint: its share of connections is rejected"};
  });
}

States states_of(const translate::Output& output) {
  States states;
  for (const auto& gateway : output.report->gateways) add_owner(gateway, states);
  for (const auto& set : output.report->listener_sets) add_owner(set, states);
  for (const auto& route : output.report->routes) add_route(route, states);
  for (const auto& policy : output.report->policies) add_policy(policy, states);
  add_endpoints(output.config, states);
  return states;
}

using Places = std::map<api::ObjectRef, std::pair<api::ObjectRef, api::SourceLocation>>;

/// Every object with its version and place; those of `first` count.
Places places_of(const api::ResourceSet& first, const api::ResourceSet& second) {
  Places places;
  for (const auto* set : {&first, &second}) {
    api::ResourceSet::for_each_member([&](auto member) {
      for (const auto& object : set->*member) {
        const api::ObjectRef ref = object.ref();
        places.emplace(identity(ref), std::pair(ref, object.meta.location));
      }
    });
  }
  return places;
}

class Comparison {
 public:
  Comparison(const api::ResourceSet& before, const api::ResourceSet& after, const translate::Options& options)
      : before_(before),
        after_(after),
        old_(translate::translate(before, options)),
        new_(translate::translate(after, options)),
        places_(places_of(after, before)) {}

  Analysis run() {
    made_.changes = difference(before_, after_);
    compare_states();
    compare_listeners();
    find_unattached();
    return std::move(made_);
  }

 private:
  void add(std::vector<Effect>& effects, const api::ObjectRef& object, std::string message) const {
    const auto place = places_.find(object);
    if (place == places_.end()) {
      effects.push_back({object, {}, std::move(message)});
    } else {
      effects.push_back({place->second.first, place->second.second, std::move(message)});
    }
  }

  void compare_states() {
    const States old = states_of(old_);
    const States fresh = states_of(new_);
    for (const auto& [thing, state] : old) {
      const auto now = fresh.find(thing);
      if (!state.works) continue;
      if (now == fresh.end()) {
        if (!is_of_something_else(thing)) add(made_.breaks, thing.object, thing.what + ": no longer");
      } else if (!now->second.works) {
        add(made_.breaks, thing.object, fmt::format("{}: not any more: {}", thing.what, now->second.message));
      }
    }
    for (const auto& [thing, state] : fresh) {
      const auto before = old.find(thing);
      const bool is_new = before == old.end();
      if (state.works && !is_new && !before->second.works) add(made_.attaches, thing.object, thing.what);
      if (state.works && is_new && !is_of_something_else(thing)) add(made_.attaches, thing.object, thing.what);
      if (!state.works && is_new) report_stillborn(thing, state);
    }
  }

  /// What comes and goes with something else, which is told.
  static bool is_of_something_else(const Thing& thing) {
    return thing.what.starts_with("references of ") || thing.what.starts_with("endpoints of ") ||
           thing.what == "backends" || thing.what == "accepted";
  }

  /// New, and it does not work. What is not attached is told apart, with all that stands in the way.
  void report_stillborn(const Thing& thing, const State& state) {
    if (thing.what.starts_with("attached to ")) return;
    // Its reason is its listeners'.
    if (thing.what == "accepted" && state.message.starts_with("ListenersNotValid")) return;
    add(made_.stillborn, thing.object, fmt::format("{}: {}", thing.what, state.message));
  }

  /// The route that has a listener's connections.
  static std::map<std::string, std::string> live_routes(const ir::Config& config) {
    std::map<std::string, std::string> live;
    for (const auto& listener : config.listeners) {
      // The scope behind "@" tells services apart, not routes.
      live[listener.gateway_group + " " + listener.qualified_name()] =
          listener.service.substr(0, listener.service.find('@'));
    }
    return live;
  }

  void compare_listeners() {
    const auto old = live_routes(old_.config);
    for (const auto& listener : new_.config.listeners) {
      const auto known = old.find(listener.gateway_group + " " + listener.qualified_name());
      if (known == old.end()) continue;
      const std::string now = listener.service.substr(0, listener.service.find('@'));
      if (known->second == now) continue;
      const api::ObjectRef gateway{listener.gateway_group, "", "Gateway", listener.gateway.ns, listener.gateway.name};
      const auto or_nobody = [](const std::string& service) { return service.empty() ? "nothing" : service; };
      add(now.empty() ? made_.breaks : made_.moves, gateway,
          fmt::format("new connections to listener {} (port {}) go to {} instead of {}", listener.name, listener.port,
                      or_nobody(now), or_nobody(known->second)));
    }
  }

  // Why something is not attached

  void find_unattached() {
    for (const auto& change : made_.changes) touched_.insert(identity(change.ref));
    for (const auto& effect : made_.breaks) touched_.insert(identity(effect.object));
    for (const auto& route : after_.http_routes) look_at(route, route.hostnames);
    for (const auto& route : after_.grpc_routes) look_at(route, route.hostnames);
    for (const auto& route : after_.tls_routes) look_at(route, route.hostnames);
    for (const auto& route : after_.l4_routes) look_at(route, {});
  }

  [[nodiscard]] const api::RouteStatus* status_of(const api::Route& route) const {
    const auto& routes = new_.report->routes;
    const auto found = std::ranges::find(routes, route.ref(), &api::RouteStatus::ref);
    return found == routes.end() ? nullptr : &*found;
  }

  /// What the route names, and the default Gateways that it is held against.
  static std::vector<api::ParentReference> references_of(const api::Route& route, const api::RouteStatus* status) {
    std::vector<api::ParentReference> references = route.parent_refs;
    if (status == nullptr) return references;
    for (const auto& entry : status->parents) {
      if (std::ranges::find(references, entry.parent) == references.end()) references.push_back(entry.parent);
    }
    return references;
  }

  void look_at(const api::Route& route, const std::vector<std::string>& hostnames) {
    if (!made_.changes.empty() && !touched_.contains(identity(route.ref()))) return;
    const api::RouteStatus* const status = status_of(route);
    if (route.is_legacy()) {
      look_at_legacy(route, status);
      return;
    }
    for (const auto& reference : references_of(route, status)) {
      const api::RouteParentStatus* entry = nullptr;
      if (status != nullptr) {
        const auto found = std::ranges::find(status->parents, reference, &api::RouteParentStatus::parent);
        if (found != status->parents.end()) entry = &*found;
      }
      const api::Condition* const objection = entry == nullptr ? nullptr : api::objection(entry->conditions);
      if (entry != nullptr && objection == nullptr) continue;
      auto obstacles = explain(after_, route, hostnames, reference);
      if (entry == nullptr && obstacles.empty()) continue;  // another controller's
      made_.unattached.push_back({route.ref(), route.meta.location, text_of(reference, route.meta.ns),
                                  objection == nullptr ? "" : state_of(objection).message, std::move(obstacles)});
    }
  }

  void look_at_legacy(const api::Route& route, const api::RouteStatus* status) {
    std::string message;
    if (status != nullptr) {
      for (const auto& parent : status->parents) {
        const api::Condition* const objection = api::objection(parent.conditions);
        if (objection == nullptr) return;
        message = state_of(objection).message;
      }
    }
    auto obstacles = explain_legacy(after_, route);
    if (obstacles.empty() && message.empty()) return;
    made_.unattached.push_back({route.ref(), route.meta.location, "", std::move(message), std::move(obstacles)});
  }

  const api::ResourceSet& before_;
  const api::ResourceSet& after_;
  translate::Output old_;
  translate::Output new_;
  Places places_;
  std::set<api::ObjectRef> touched_;
  Analysis made_;
};

}  // namespace

Analysis analyze(const api::ResourceSet& before, const api::ResourceSet& after, const translate::Options& options) {
  return Comparison(before, after, options).run();
}

}  // namespace gw::analyze
