// SPDX-License-Identifier: Apache-2.0
#include "userspace/analyze/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "userspace/ir/hostname.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::analyze {
namespace {

using translate::LegacyObstacle;

std::string place(const api::SourceLocation& location) {
  if (location.file.empty()) return "";
  return fmt::format(" ({})", location.to_string());
}

std::string name_of(const api::ObjectMeta& meta) { return meta.namespaced_name().to_string(); }

/// A clause that lets in one more namespace and nobody else.
std::string clause_for(const std::string& ns) {
  return fmt::format("{{from: Selector, selector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}}}", ns);
}

/// Whether some name fits both.
bool hostnames_meet(const std::string& a, const std::string& b) {
  return ir::intersect(ir::Hostname::parse(a), ir::Hostname::parse(b)).has_value();
}

/// The Gateway or ListenerSet that a route names.
struct Parent {
  std::string kind;
  const api::ObjectMeta* meta = nullptr;
  const std::vector<api::Listener>* listeners = nullptr;

  [[nodiscard]] std::string name() const { return kind + " " + name_of(*meta); }
};

/// One route and one of its parentRefs.
class Search {
 public:
  Search(const api::ResourceSet& resources, const api::Route& route, const std::vector<std::string>& hostnames,
         const api::ParentReference& reference)
      : resources_(resources), route_(route), hostnames_(hostnames), reference_(reference) {}

  std::vector<Obstacle> run() {
    const auto parent = find_parent();
    if (!parent) {
      missing_parent();
    } else if (is_set_kept_out()) {
      return std::move(found_);
    } else if (!look_at_listeners(*parent)) {
      no_listener_addressed(*parent);
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] NamespacedName wanted() const { return {reference_.ns.value_or(route_.meta.ns), reference_.name}; }
  [[nodiscard]] std::string route_place() const { return place(route_.meta.location); }

  template <typename Object>
  std::optional<Parent> find_in(const api::Objects<Object>& objects) const {
    for (const auto& object : api::named(objects, wanted())) {
      if (object.group == reference_.group) return Parent{reference_.kind, &object.meta, &object.listeners};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Parent> find_parent() const {
    if (reference_.kind == "ListenerSet") return find_in(resources_.listener_sets);
    return reference_.kind == "Gateway" ? find_in(resources_.gateways) : std::nullopt;
  }

  Obstacle& add(std::string where, std::string why) {
    Obstacle& obstacle = found_.emplace_back();
    obstacle.where = std::move(where);
    obstacle.why = std::move(why);
    return obstacle;
  }

  void missing_parent() {
    const std::string name = fmt::format("{} {}", reference_.kind, wanted().to_string());
    if (reference_.kind != "Gateway" && reference_.kind != "ListenerSet") {
      add(name, "only a Gateway or a ListenerSet can be a parent here").changes = {
          fmt::format("name a Gateway in parentRefs of {} {}{}", route_.kind, name_of(route_.meta), route_place())};
      return;
    }
    Obstacle& obstacle = add(name, "it does not exist");
    for (const auto& gateway : resources_.gateways) {
      if (reference_.kind != "Gateway" || gateway.meta.name != reference_.name) continue;
      obstacle.changes.push_back(advice_for(gateway));
    }
    if (obstacle.changes.empty())
      obstacle.changes = {fmt::format("create it, or name another parent{}", route_place())};
  }

  /// The Gateway has the right name, but not what the reference says beside it.
  [[nodiscard]] std::string advice_for(const api::Gateway& gateway) const {
    if (gateway.is_legacy() && reference_.group == api::kGatewayGroup) {
      return fmt::format("{} is of {}/v1alpha1, which selects its routes itself: convert it (gwctl convert){}",
                         gateway.ref().to_string(), api::kLegacyGroup, place(gateway.meta.location));
    }
    return fmt::format("there is a {}{}: set namespace: {} in the parentRef{}", gateway.ref().to_string(),
                       place(gateway.meta.location), gateway.meta.ns, route_place());
  }

  /// A ListenerSet adds its listeners only to a Gateway that lets it.
  bool is_set_kept_out() {
    if (reference_.kind != "ListenerSet") return false;
    for (const auto& set : api::named(resources_.listener_sets, wanted())) {
      const NamespacedName parent{set.parent.ns.value_or(set.meta.ns), set.parent.name};
      for (const auto& gateway : api::named(resources_.gateways, parent)) {
        const api::RouteNamespaces& clause = gateway.allowed_listeners;
        const bool is_let_in = translate::allows_namespace(clause, gateway.meta.ns, set.meta.ns, resources_.namespaces);
        if (gateway.is_legacy() || is_let_in) continue;
        add(fmt::format("ListenerSet {}", name_of(set.meta)),
            fmt::format(
                "Gateway {} takes no ListenerSets from namespace {} (spec.allowedListeners.namespaces.from: {})",
                name_of(gateway.meta), set.meta.ns, translate::from_word(clause.from)))
            .changes = {fmt::format("let them in by spec.allowedListeners.namespaces of Gateway {}{}",
                                    name_of(gateway.meta), place(gateway.meta.location))};
        return true;
      }
    }
    return false;
  }

  /// Of several listeners one is enough: with an obstacle at each, each has its own. False if none is addressed.
  bool look_at_listeners(const Parent& parent) {
    bool is_any_addressed = false;
    for (const auto& listener : *parent.listeners) {
      if (!translate::is_addressed(listener, reference_)) continue;
      is_any_addressed = true;
      const std::size_t before = found_.size();
      look_at(parent, listener);
      if (found_.size() != before) continue;
      found_.clear();
      return true;
    }
    return is_any_addressed;
  }

  void no_listener_addressed(const Parent& parent) {
    add(parent.name(),
        fmt::format("no listener of it {}", translate::describe_unaddressed(reference_, *parent.listeners)))
        .changes = {fmt::format(
        "name one of them in sectionName or port of the parentRef{}, or neither to take all that fit", route_place())};
  }

  void look_at(const Parent& parent, const api::Listener& listener) {
    const std::string where = fmt::format("{} listener {}", parent.name(), listener.name);
    const std::string at = place(listener.location);
    const auto& kinds = listener.allowed_routes.kinds;
    const api::RouteGroupKind kind{route_.group, route_.kind};
    if (!translate::takes_kind(listener.protocol, route_.kind)) {
      add(where, fmt::format("its protocol is {}, and a {} needs {}", listener.protocol, route_.kind,
                             translate::protocols_for(route_.kind)))
          .changes = {fmt::format("add a listener with protocol {} to {}, or write the route as another kind",
                                  translate::protocols_for(route_.kind), parent.name())};
    } else if (!kinds.empty() && std::ranges::find(kinds, kind) == kinds.end()) {
      add(where, fmt::format("its allowedRoutes.kinds leave out {} of {}", route_.kind, route_.group)).changes = {
          fmt::format("add {{kind: {}}} to allowedRoutes.kinds of the listener{}", route_.kind, at)};
    }
    look_at_namespaces(parent, listener, where);
    look_at_hostnames(listener, where);
  }

  void look_at_namespaces(const Parent& parent, const api::Listener& listener, const std::string& where) {
    const api::RouteNamespaces& clause = listener.allowed_routes.namespaces;
    const std::string& ns = route_.meta.ns;
    if (translate::allows_namespace(clause, parent.meta->ns, ns, resources_.namespaces)) return;
    const bool is_same = clause.from == api::NamespacesFrom::Same;
    Obstacle& obstacle =
        add(where,
            fmt::format(
                "it takes no routes of namespace {}: allowedRoutes.namespaces.from is {}{}", ns,
                translate::from_word(clause.from),
                is_same ? fmt::format(", the default, which is the Gateway's own namespace {}", parent.meta->ns) : ""));
    obstacle.changes.push_back(
        fmt::format("set allowedRoutes.namespaces of the listener to {}{}", clause_for(ns), place(listener.location)));
    if (clause.from == api::NamespacesFrom::Selector) {
      obstacle.changes.push_back(fmt::format("give Namespace {} the labels that the listener's selector wants", ns));
    }
    if (is_same) {
      obstacle.changes.push_back(fmt::format("move {} {}, and what it refers to, to namespace {}{}", route_.kind,
                                             name_of(route_.meta), parent.meta->ns, route_place()));
    }
  }

  void look_at_hostnames(const api::Listener& listener, const std::string& where) {
    if (!listener.hostname || listener.hostname->empty() || hostnames_.empty()) return;
    const auto meets = [&](const std::string& name) { return hostnames_meet(*listener.hostname, name); };
    if (std::ranges::any_of(hostnames_, meets)) return;
    add(where, fmt::format("its hostname {} has no name in common with the route's ({})", *listener.hostname,
                           fmt::join(hostnames_, ", ")))
        .changes = {fmt::format("give the route a hostname that {} stands for{}", *listener.hostname, route_place()),
                    fmt::format("add a listener with such a hostname{}", place(listener.location))};
  }

  const api::ResourceSet& resources_;
  const api::Route& route_;
  const std::vector<std::string>& hostnames_;
  const api::ParentReference& reference_;
  std::vector<Obstacle> found_;
};

std::string labels_text(const api::Labels& labels) {
  std::vector<std::string> words;
  for (const auto& [key, value] : labels) words.push_back(fmt::format("{}: {}", key, value));
  return fmt::format("{{{}}}", fmt::join(words, ", "));
}

/// The sentence and the changes for one obstacle between a Gateway of 2021 and a route.
Obstacle describe(LegacyObstacle obstacle, const api::Gateway& gateway, const api::Listener& listener,
                  const api::Route& route) {
  const std::string where =
      fmt::format("{} listener {} ({}:{})", gateway.ref().to_string(), listener.name, listener.protocol, listener.port);
  const std::string gateway_place = place(listener.location);
  const std::string route_place = place(route.meta.location);
  switch (obstacle) {
    case LegacyObstacle::Kind:
      return {where,
              fmt::format("its routes.kind is not {}", route.kind),
              {fmt::format("add a listener with routes.kind: {} to it{}", route.kind, gateway_place)}};
    case LegacyObstacle::Labels: {
      const api::LabelSelector& selector = *listener.legacy_route_selector;
      const std::string wanted =
          selector.match_labels.empty() ? "labels that fit" : "the labels " + labels_text(selector.match_labels);
      return {where,
              fmt::format("its routes.selector does not match the route's labels {}", labels_text(route.meta.labels)),
              {fmt::format("give {} {}{}", route.ref().to_string(), wanted, route_place)}};
    }
    case LegacyObstacle::Namespace: {
      const api::NamespacesFrom from = listener.allowed_routes.namespaces.from;
      const std::string default_text =
          from == api::NamespacesFrom::Same
              ? fmt::format(", the default, which is the Gateway's own namespace {}", gateway.meta.ns)
              : "";
      return {where,
              fmt::format("it selects no routes of namespace {}: routes.namespaces.from is {}{}", route.meta.ns,
                          translate::from_word(from), default_text),
              {fmt::format("set routes.namespaces of the listener to {}{}", clause_for(route.meta.ns), gateway_place)}};
    }
    case LegacyObstacle::Gateways: break;
  }
  using Allow = api::LegacyGatewaysAllow::Allow;
  const std::string now = route.legacy_gateways->allow == Allow::FromList
                              ? "FromList, without this Gateway"
                              : fmt::format("SameNamespace, the default, which is its own namespace {}", route.meta.ns);
  return {where,
          fmt::format("the route does not let Gateways of namespace {} have it: gateways.allow is {}", gateway.meta.ns,
                      now),
          {fmt::format("set gateways of {} to {{allow: FromList, gatewayRefs: [{{name: {}, namespace: {}}}]}}{}",
                       route.ref().to_string(), gateway.meta.name, gateway.meta.ns, route_place)}};
}

/// In 2021 all of a listener's obstacles must go; what removes them at once is a move.
void add_move(const api::Gateway& gateway, const api::Route& route, std::vector<Obstacle>& obstacles) {
  if (gateway.meta.ns == route.meta.ns || obstacles.empty()) return;
  obstacles.back().changes.push_back(
      fmt::format("or, instead of all of these, move {}, and what it refers to, to namespace {}{}",
                  route.ref().to_string(), gateway.meta.ns, place(route.meta.location)));
}

}  // namespace

std::vector<Obstacle> explain(const api::ResourceSet& resources, const api::Route& route,
                              const std::vector<std::string>& hostnames, const api::ParentReference& reference) {
  return Search(resources, route, hostnames, reference).run();
}

std::vector<Obstacle> explain_legacy(const api::ResourceSet& resources, const api::Route& route) {
  std::vector<Obstacle> near;  // of listeners that want routes with these labels: more likely meant
  std::vector<Obstacle> far;
  for (const auto& gateway : resources.gateways) {
    if (!gateway.is_legacy()) continue;
    for (const auto& listener : gateway.listeners) {
      const auto obstacles = translate::legacy_obstacles(gateway, listener, route, resources.namespaces);
      if (obstacles.empty()) return {};
      if (obstacles.front() == LegacyObstacle::Kind) continue;
      std::vector<Obstacle> of_listener;
      of_listener.reserve(obstacles.size());
      for (const auto obstacle : obstacles) of_listener.push_back(describe(obstacle, gateway, listener, route));
      const bool is_far = std::ranges::find(obstacles, LegacyObstacle::Labels) != obstacles.end();
      if (!is_far) add_move(gateway, route, of_listener);
      std::vector<Obstacle>& all = is_far ? far : near;
      all.insert(all.end(), of_listener.begin(), of_listener.end());
    }
  }
  if (!near.empty()) return near;
  if (!far.empty()) return far;
  return {{route.ref().to_string(),
           fmt::format("no Gateway of 2021 has a listener with routes.kind: {}", route.kind),
           {fmt::format("add one whose routes.selector matches {}", labels_text(route.meta.labels))}}};
}

}  // namespace gw::analyze
