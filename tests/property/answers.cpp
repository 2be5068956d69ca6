// SPDX-License-Identifier: Apache-2.0
#include "tests/property/answers.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace gw::property {
namespace {

std::string key(const std::string& group, const std::string& kind, const std::string& ns, const std::string& name) {
  return fmt::format("{}/{}/{}/{}", group, kind, ns, name);
}
std::string key(const api::ObjectRef& ref) { return key(ref.group, ref.kind, ref.ns, ref.name); }

/// In 2021 "*." stands for one label.
ir::Hostname parse(const std::string& text, bool is_legacy) {
  return ir::Hostname::parse(text, is_legacy ? ir::WildcardLabels::One : ir::WildcardLabels::OneOrMore);
}

std::vector<ir::Hostname> hostnames_of(const std::vector<std::string>& texts, const api::Route& route) {
  std::vector<ir::Hostname> parsed;
  for (const auto& text : texts) parsed.push_back(parse(text, route.is_legacy()));
  return parsed;
}

/// In 2021 the names are those of the rules.
std::vector<ir::Hostname> hostnames_of(const api::TlsRoute& route) {
  if (!route.is_legacy()) return hostnames_of(route.hostnames, route);
  std::vector<std::string> names;
  for (const auto& rule : route.rules) {
    const bool takes_any =
        std::ranges::any_of(rule.legacy_matches, [](const auto& match) { return match.snis.empty(); });
    if (rule.legacy_matches.empty() || takes_any) return {};
    for (const auto& match : rule.legacy_matches) names.insert(names.end(), match.snis.begin(), match.snis.end());
  }
  return hostnames_of(names, route);
}

auto age_of(const api::ObjectMeta& meta) { return std::tuple(meta.creation_timestamp.value_or(0), meta.ns, meta.name); }

bool allows(const api::Route& route, const api::ObjectMeta& gateway) {
  using Allow = api::LegacyGatewaysAllow::Allow;
  const api::LegacyGatewaysAllow& clause = *route.legacy_gateways;
  switch (clause.allow) {
    case Allow::All: return true;
    case Allow::SameNamespace: return route.meta.ns == gateway.ns;
    case Allow::FromList: break;
  }
  return std::ranges::find(clause.gateway_refs, gateway.namespaced_name()) != clause.gateway_refs.end();
}

}  // namespace

bool is_true(const api::Conditions& conditions, const char* type) {
  const api::Condition* const condition = conditions.find(type);
  return condition != nullptr && condition->status == api::ConditionStatus::True;
}

std::string reason_of(const api::Conditions& conditions, const char* type) {
  const api::Condition* const condition = conditions.find(type);
  return condition == nullptr ? "" : condition->reason;
}

bool lets_in(const api::RouteNamespaces& clause, const std::string& own_ns, const std::string& other_ns,
             const api::ResourceSet& resources) {
  if (clause.from == api::NamespacesFrom::Selector) {
    api::Labels labels{{"kubernetes.io/metadata.name", other_ns}};
    for (const auto& object : resources.namespaces) {
      if (object.meta.name == other_ns) labels = object.meta.labels;
    }
    return clause.selector.matches(labels);
  }
  return clause.from == api::NamespacesFrom::All || (clause.from == api::NamespacesFrom::Same && own_ns == other_ns);
}

std::vector<const api::Route*> routes_of(const api::ResourceSet& resources) {
  std::vector<const api::Route*> routes;
  const auto add = [&routes](const auto& list) {
    for (const auto& route : list) routes.push_back(&route);
  };
  add(resources.http_routes);
  add(resources.grpc_routes);
  add(resources.tls_routes);
  add(resources.l4_routes);
  std::ranges::stable_sort(routes, {}, [](const api::Route* route) { return age_of(route->meta); });
  return routes;
}

bool Listener::is_conflicted() const { return is_true(status->conditions, "Conflicted"); }

bool Listener::serves() const {
  const char* const type = owner->is_legacy() ? "Scheduled" : "Accepted";
  const bool is_accepted =
      owner->is_legacy() ? !is_true(status->conditions, "Detached") : is_true(status->conditions, "Accepted");
  const bool is_owner_bad =
      !is_true(*owner->conditions, type) && reason_of(*owner->conditions, type) != "ListenersNotValid";
  return is_accepted && !is_conflicted() && !is_owner_bad;
}

std::string Listener::to_string() const { return fmt::format("{} listener {}", owner->ref.to_string(), source->name); }

bool Owner::is_kept_out() const { return reason_of(*conditions, "Accepted") == "NotAllowed"; }

template <typename Object, typename Status>
void Answers::add(const Object& object, const api::Gateway& gateway, const Status& status, Objections& objections) {
  Owner& owner = owners_.emplace_back();
  owner.ref = object.ref();
  owner.meta = &object.meta;
  owner.gateway = &gateway;
  owner.conditions = &status.conditions;
  objections.unless(status.listeners.size() == object.listeners.size(), "{}: {} listeners, {} of them have a status",
                    owner.ref.to_string(), object.listeners.size(), status.listeners.size());
  for (std::size_t i = 0; i < std::min(object.listeners.size(), status.listeners.size()); ++i) {
    const api::Listener& source = object.listeners[i];
    objections.unless(source.name == status.listeners[i].name, "{}: the status of listener {} is missing",
                      owner.ref.to_string(), source.name);
    owner.listeners.push_back(
        {&owner, &source, &status.listeners[i], parse(source.hostname.value_or(""), owner.is_legacy())});
  }
}

Answers::Answers(const api::ResourceSet& resources, const api::StatusReport& report, Objections& objections)
    : resources_(resources) {
  std::map<std::string, const api::Gateway*> gateways;
  for (const auto& gateway : resources.gateways) gateways[key(gateway.ref())] = &gateway;
  for (const auto& status : report.gateways) {
    const api::Gateway& gateway = *gateways.at(key(status.ref));
    add(gateway, gateway, status, objections);
  }
  const auto by_age = [](const Owner& owner) { return std::tuple(owner.ref.kind, age_of(*owner.meta)); };
  for (const auto& status : report.listener_sets) {
    for (const auto& set : resources.listener_sets) {
      if (set.ref() == status.ref) add(set, *gateways.at(key(status.gateway)), status, objections);
    }
  }
  std::ranges::stable_sort(owners_, {}, by_age);
  for (auto& owner : owners_) {
    by_name_[key(owner.ref)] = &owner;
    for (auto& listener : owner.listeners) listener.owner = &owner;
  }
  for (const auto& route : resources.http_routes) hostnames_[&route] = hostnames_of(route.hostnames, route);
  for (const auto& route : resources.grpc_routes) hostnames_[&route] = hostnames_of(route.hostnames, route);
  for (const auto& route : resources.tls_routes) hostnames_[&route] = hostnames_of(route);
  for (const auto& status : report.routes) statuses_[status.ref] = &status;
  for (const api::Route* route : routes_of(resources)) {
    if (const auto* const status = status_of(*route)) put_on_listeners(*route, *status);
  }
}

/// Where a parent has accepted it: that a route is bad in itself is not found out again here.
void Answers::put_on_listeners(const api::Route& route, const api::RouteStatus& status) {
  std::set<const Listener*> found;
  for (const auto& parent : status.parents) {
    if (!is_true(parent.conditions, route.is_legacy() ? "Admitted" : "Accepted")) continue;
    const Owner* const owner = this->parent(route, parent.parent);
    if (owner == nullptr) continue;
    for (const auto& listener : owner->listeners) {
      const Fit fits = route.is_legacy() ? fit(listener, route) : fit(listener, route, parent.parent);
      if (fits == Fit::Bound && found.insert(&listener).second) routes_[&listener].push_back(&route);
    }
  }
}

const Owner* Answers::parent(const api::Route& route, const api::ParentReference& reference) const {
  const auto found =
      by_name_.find(key(reference.group, reference.kind, reference.ns.value_or(route.meta.ns), reference.name));
  return found == by_name_.end() ? nullptr : found->second;
}

const api::RouteStatus* Answers::status_of(const api::Route& route) const {
  const auto found = statuses_.find(route.ref());
  return found == statuses_.end() ? nullptr : found->second;
}

bool Answers::has_common_hostname(const Listener& listener, const api::Route& route) const {
  const auto names = hostnames_.find(&route);
  if (names == hostnames_.end() || names->second.empty()) return true;
  return std::ranges::any_of(names->second, [&listener](const ir::Hostname& name) {
    return ir::intersect(listener.hostname, name).has_value();
  });
}

bool Answers::lets_in(const Listener& listener, const api::Route& route) const {
  const auto& kinds = listener.status->supported_kinds;
  const bool takes_kind = std::ranges::find(kinds, api::RouteGroupKind{route.group, route.kind}) != kinds.end();
  return takes_kind && property::lets_in(listener.source->allowed_routes.namespaces, listener.owner->ref.ns,
                                         route.meta.ns, resources_);
}

Fit Answers::fit(const Listener& listener, const api::Route& route, const api::ParentReference& reference) const {
  if (reference.section_name.value_or(listener.source->name) != listener.source->name) return Fit::NotAddressed;
  if (reference.port.value_or(listener.source->port) != listener.source->port) return Fit::NotAddressed;
  if (listener.owner->is_kept_out() || !lets_in(listener, route)) return Fit::NotAllowed;
  return has_common_hostname(listener, route) ? Fit::Bound : Fit::NoHostname;
}

Fit Answers::fit(const Listener& listener, const api::Route& route) const {
  const auto& selector = listener.source->legacy_route_selector;
  if (!lets_in(listener, route) || (selector && !selector->matches(route.meta.labels))) return Fit::NotAddressed;
  if (!allows(route, *listener.owner->meta)) return Fit::NotAllowed;
  return has_common_hostname(listener, route) ? Fit::Bound : Fit::NoHostname;
}

std::vector<const api::Route*> Answers::routes_on(const Listener& listener) const {
  const auto found = routes_.find(&listener);
  return found == routes_.end() ? std::vector<const api::Route*>{} : found->second;
}

}  // namespace gw::property
