// SPDX-License-Identifier: Apache-2.0
// The rules on statuses.
#include <algorithm>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/property/answers.hpp"
#include "tests/property/judge.hpp"

namespace gw::property {
namespace {

using api::Condition;
using api::Conditions;
using api::ConditionStatus;
using api::ObjectRef;

/// Calls `visit(conditions)` for all conditions of a status. A policy need not have any: what it targets may be another
/// controller's.
template <typename Visit>
void visit_conditions(const api::GatewayClassStatus& status, Visit visit) {
  visit(status.conditions);
}
template <typename Status, typename Visit>
  requires requires(Status status) { status.listeners; }
void visit_conditions(const Status& status, Visit visit) {
  visit(status.conditions);
  for (const auto& listener : status.listeners) visit(listener.conditions);
}
template <typename Visit>
void visit_conditions(const api::RouteStatus& status, Visit visit) {
  for (const auto& parent : status.parents) visit(parent.conditions);
}
template <typename Visit>
void visit_conditions(const api::PolicyStatus& status, Visit visit) {
  for (const auto& ancestor : status.ancestors) visit(ancestor.conditions);
  if (!status.conditions.all().empty()) visit(status.conditions);
}

std::map<ObjectRef, std::int64_t> generations_of(const api::ResourceSet& resources) {
  std::map<ObjectRef, std::int64_t> generations;
  api::ResourceSet::for_each_member([&](auto member) {
    for (const auto& object : resources.*member) generations[object.ref()] = object.meta.generation;
  });
  return generations;
}

/// Of those that say by True that something is wrong.
bool is_negative(const Condition& condition) {
  static const std::set<std::string> kTypes = {"Conflicted", "Detached", "NoSuchBackend", "PartiallyInvalid",
                                               "OverlappingTLSConfig"};
  return kTypes.contains(condition.type);
}

/// metav1.Condition, and a sentence for whoever has to do something about it.
void judge_condition(const Condition& condition, std::int64_t generation, const std::string& who, Objections& found) {
  static const std::regex kReason("[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?");
  found.unless(std::regex_match(condition.reason, kReason), "{}: {} has reason \"{}\"", who, condition.type,
               condition.reason);
  found.unless(condition.observed_generation == generation, "{}: {} is of generation {}, the object of {}", who,
               condition.type, condition.observed_generation, generation);
  found.unless(condition.message.size() <= 32768, "{}: {} has {} characters", who, condition.type,
               condition.message.size());
  const bool is_wrong = condition.status == (is_negative(condition) ? ConditionStatus::True : ConditionStatus::False);
  found.unless(!is_wrong || !condition.message.empty(), "{}: {} ({}) says nothing", who, condition.type,
               condition.reason);
}

void judge_condition_list(const Conditions& conditions, std::int64_t generation, const std::string& who,
                          Objections& found) {
  std::set<std::string> types;
  found.unless(!conditions.all().empty(), "{}: no conditions", who);
  for (const Condition& condition : conditions.all()) {
    found.unless(types.insert(condition.type).second, "{}: {} twice", who, condition.type);
    judge_condition(condition, generation, who, found);
  }
}

/// What one parentRef of a v1 route is told, by what its listeners say. None if it depends on more than those.
std::string expected_reason(const Answers& answers, const Owner& owner, const api::Route& route,
                            const api::ParentReference& reference) {
  if (owner.is_kept_out()) return "NoMatchingParent";
  std::set<Fit> fits;
  for (const auto& listener : owner.listeners) fits.insert(answers.fit(listener, route, reference));
  if (fits.contains(Fit::Bound)) return "Accepted";
  if (fits.contains(Fit::NoHostname)) return "NoMatchingListenerHostname";
  return fits.contains(Fit::NotAllowed) ? "NotAllowedByListeners" : "NoMatchingParent";
}

/// A route that is bad in itself is told so by each parent.
bool is_bad_route(const std::string& reason) { return reason == "UnsupportedValue" || reason == "IncompatibleFilters"; }

/// The default Gateways that the route asks for, but for those that it names itself.
void add_default_gateways(const Answers& answers, const api::Route& route, std::vector<api::ParentReference>& parents) {
  if (route.use_default_gateways != api::DefaultScope::All) return;
  for (const Owner& owner : answers.owners()) {
    if (owner.ref.kind != "Gateway" || owner.is_legacy() || owner.gateway->default_scope != api::DefaultScope::All)
      continue;
    const auto is_named = [&](const api::ParentReference& reference) {
      return !reference.section_name && !reference.port && answers.parent(route, reference) == &owner;
    };
    if (std::ranges::any_of(parents, is_named)) continue;
    api::ParentReference reference;
    reference.ns = owner.ref.ns;
    reference.name = owner.ref.name;
    parents.push_back(reference);
  }
}

void judge_parents_of(const Answers& answers, const api::Route& route, Objections& found) {
  const std::string who = route.ref().to_string();
  std::vector<api::ParentReference> expected;
  for (const auto& reference : route.parent_refs) {
    if (answers.parent(route, reference) != nullptr) expected.push_back(reference);
  }
  add_default_gateways(answers, route, expected);
  const api::RouteStatus* const status = answers.status_of(route);
  const std::vector<api::RouteParentStatus> none;
  std::vector<api::ParentReference> answered;
  for (const auto& parent : status == nullptr ? none : status->parents) {
    answered.push_back(parent.parent);
    const Owner* const owner = answers.parent(route, parent.parent);
    if (owner == nullptr) continue;  // and so the lists differ
    const std::string reason = reason_of(parent.conditions, "Accepted");
    const std::string right = expected_reason(answers, *owner, route, parent.parent);
    found.unless(reason == right || (is_bad_route(reason) && route.kind != "TCPRoute" && route.kind != "UDPRoute"),
                 "{}: {} {} says {}, but it is {}", who, owner->ref.to_string(),
                 parent.parent.section_name.value_or(""), reason, right);
    found.unless(is_true(parent.conditions, "Accepted") == (reason == "Accepted"), "{}: status and reason differ", who);
    found.unless(parent.conditions.find("ResolvedRefs") != nullptr, "{}: no ResolvedRefs", who);
  }
  found.unless(answered == expected, "{}: {} parents of ours, {} answers", who, expected.size(), answered.size());
}

/// What a Gateway of 2021 says of a route; none: it does not select it.
std::optional<bool> is_admitted(const Answers& answers, const Owner& gateway, const api::Route& route) {
  std::set<Fit> fits;
  for (const auto& listener : gateway.listeners) fits.insert(answers.fit(listener, route));
  fits.erase(Fit::NotAddressed);
  return fits.empty() ? std::nullopt : std::optional(!fits.contains(Fit::NotAllowed));
}

void judge_gateways_of(const Answers& answers, const api::Route& route, Objections& found) {
  const api::RouteStatus* const status = answers.status_of(route);
  for (const auto& owner : answers.owners()) {
    if (!owner.is_legacy()) continue;
    const auto admitted = is_admitted(answers, owner, route);
    const std::vector<api::RouteParentStatus> none;
    const auto& parents = status == nullptr ? none : status->parents;
    const auto parent = std::ranges::find_if(
        parents, [&](const auto& candidate) { return answers.parent(route, candidate.parent) == &owner; });
    const std::string who = fmt::format("{} on {}", route.ref().to_string(), owner.ref.to_string());
    found.unless(admitted.has_value() == (parent != parents.end()), "{}: selected {}, answered {}", who,
                 admitted.has_value(), parent != parents.end());
    if (!admitted || parent == parents.end()) continue;
    const bool is_http = route.kind == "HTTPRoute";  // which may be bad in itself
    const bool says_yes = is_true(parent->conditions, "Admitted");
    found.unless(says_yes == *admitted || (is_http && !says_yes), "{}: Admitted is {}, should be {}", who, says_yes,
                 *admitted);
  }
}

enum class Class : std::uint8_t { Unknown, Tcp, Udp, Http, Tls };

Class class_of(const Listener& listener) {
  static const std::map<std::string, Class> kClasses = {
      {"TCP", Class::Tcp}, {"UDP", Class::Udp}, {"HTTP", Class::Http}, {"HTTPS", Class::Tls}, {"TLS", Class::Tls}};
  const auto found = kClasses.find(listener.source->protocol);
  return found == kClasses.end() ? Class::Unknown : found->second;
}

/// On one port of one address, a packet or a connection could be for either.
bool collide(const Listener& a, const Listener& b) {
  const Class one = class_of(a);
  const Class other = class_of(b);
  if (&a == &b || a.source->port != b.source->port) return false;
  if (one == Class::Unknown || other == Class::Unknown) return false;
  if (one == Class::Udp || other == Class::Udp) return one == other;
  return one != other || one == Class::Tcp || a.hostname == b.hostname;
}

/// Those that a Gateway asks for; none: the node's.
std::set<std::string> addresses_of(const Owner& owner) {
  std::set<std::string> addresses;
  for (const auto& address : owner.gateway->addresses) {
    if (!address.value.empty()) addresses.insert(address.value);
  }
  return addresses;
}

bool share_an_address(const Owner& a, const Owner& b) {
  const auto one = addresses_of(a);
  const auto other = addresses_of(b);
  if (one.empty() && other.empty()) return true;
  return std::ranges::any_of(one, [&other](const auto& address) { return other.contains(address); });
}

void judge_conflict(const Answers& answers, const Listener& listener, Objections& found) {
  bool has_reason = false;
  bool is_behind = false;
  for (const auto& owner : answers.owners()) {
    if (&owner == listener.owner) is_behind = true;
    const bool is_own = &owner == listener.owner;
    if (!is_own && !share_an_address(owner, *listener.owner)) continue;
    for (const auto& other : owner.listeners) {
      if (!collide(listener, other)) continue;
      found.unless(!is_own || listener.is_conflicted(), "{} collides with {}, and does not say so",
                   listener.to_string(), other.to_string());
      found.unless(!listener.serves() || !other.serves(), "{} and {} have one port", listener.to_string(),
                   other.to_string());
      has_reason = has_reason || is_own || (other.serves() && !is_behind);
    }
  }
  found.unless(has_reason || !listener.is_conflicted(), "{} gives way to nobody", listener.to_string());
}

}  // namespace

Objections judge_conditions(const api::ResourceSet& resources, const api::StatusReport& report) {
  Objections found;
  const auto generations = generations_of(resources);
  api::StatusReport::for_each_member([&](auto member) {
    const auto& statuses = report.*member;
    found.unless(std::ranges::is_sorted(statuses, {}, [](const auto& status) { return status.ref; }), "not in order");
    for (const auto& status : statuses) {
      const auto generation = generations.find(status.ref);
      found.unless(generation != generations.end(), "{} does not exist", status.ref.to_string());
      if (generation == generations.end()) continue;
      visit_conditions(status, [&](const Conditions& conditions) {
        judge_condition_list(conditions, generation->second, status.ref.to_string(), found);
      });
    }
  });
  return found;
}

Objections judge_conditions(const Case& c) { return judge_conditions(c.resources, *c.answer.report); }

Objections judge_parents(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  for (const api::Route* route : routes_of(c.resources)) {
    if (route->is_legacy()) {
      judge_gateways_of(answers, *route, found);
    } else {
      judge_parents_of(answers, *route, found);
    }
  }
  return found;
}

Objections judge_attached_routes(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  for (const auto& owner : answers.owners()) {
    for (const auto& listener : owner.listeners) {
      const std::size_t right = answers.routes_on(listener).size();
      const auto said = static_cast<std::size_t>(listener.status->attached_routes);
      found.unless(said == right, "{} has {} routes, and says {}", listener.to_string(), right, said);
    }
  }
  return found;
}

Objections judge_conflicts(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  for (const auto& owner : answers.owners()) {
    for (const auto& listener : owner.listeners) judge_conflict(answers, listener, found);
  }
  return found;
}

Objections judge_listener_sets(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  std::map<const api::Gateway*, std::int32_t> taken;
  for (const auto& owner : answers.owners()) {
    if (owner.ref.kind != "ListenerSet") continue;
    const api::Gateway& gateway = *owner.gateway;
    const bool is_let_in = lets_in(gateway.allowed_listeners, gateway.meta.ns, owner.ref.ns, c.resources);
    found.unless(is_let_in != owner.is_kept_out(), "{}: let in {}, kept out {}", owner.ref.to_string(), is_let_in,
                 owner.is_kept_out());
    if (is_true(*owner.conditions, "Accepted")) ++taken[&gateway];
  }
  for (const auto& owner : answers.owners()) {
    if (owner.ref.kind != "Gateway" || owner.is_legacy()) continue;
    const auto status = std::ranges::find(c.answer.report->gateways, owner.ref, &api::GatewayStatus::ref);
    const bool takes_any = owner.gateway->allowed_listeners.from != api::NamespacesFrom::None;
    constexpr std::int32_t kNone = -1;
    const std::int32_t right = takes_any ? taken[owner.gateway] : kNone;
    const std::int32_t said = status->attached_listener_sets.value_or(kNone);
    found.unless(said == right, "{} has {} ListenerSets, and says {}", owner.ref.to_string(), right, said);
  }
  return found;
}

}  // namespace gw::property
