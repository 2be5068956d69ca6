// SPDX-License-Identifier: Apache-2.0
#include "userspace/analyze/change.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

namespace gw::analyze {
namespace {

template <typename Kind>
using ByRef = std::map<api::ObjectRef, const Kind*>;

template <typename Kind>
ByRef<Kind> by_ref(const api::Objects<Kind>& objects) {
  ByRef<Kind> found;
  for (const Kind& object : objects) found.emplace(identity(object.ref()), &object);
  return found;
}

/// Places are no difference: neither of the object nor of its parts.
void forget_places(api::SourceLocation& location) { location = {}; }

template <typename Kind>
void forget_generation(Kind& object) {
  object.meta.generation = 0;
  object.meta.location = {};
}

void forget(std::vector<api::RouteFilter>& filters) {
  for (auto& filter : filters) forget_places(filter.location);
}

void forget(std::vector<api::PolicyTarget>& targets) {
  for (auto& target : targets) forget_places(target.location);
}

void forget(std::vector<api::Listener>& listeners) {
  for (auto& listener : listeners) {
    forget_places(listener.location);
    if (!listener.tls) continue;
    for (auto& ref : listener.tls->certificate_refs) forget_places(ref.location);
  }
}

void forget_parts(api::Gateway& gateway) {
  forget(gateway.listeners);
  for (auto& address : gateway.addresses) forget_places(address.location);
}

void forget_parts(api::ListenerSet& set) { forget(set.listeners); }

void forget_parts(api::GatewayClass& gateway_class) {
  if (gateway_class.parameters_ref) forget_places(gateway_class.parameters_ref->location);
}

template <typename Rule>
void forget_rule(Rule& rule) {
  if constexpr (requires { rule.location; }) forget_places(rule.location);
  if constexpr (requires { rule.filters; }) forget(rule.filters);
  for (auto& ref : rule.backend_refs) {
    forget_places(ref.location);
    if constexpr (requires { ref.filters; }) forget(ref.filters);
  }
}

template <typename Object>
void forget_parts(Object& object) {
  if constexpr (requires { object.rules; }) {
    for (auto& rule : object.rules) forget_rule(rule);
  }
  if constexpr (requires { object.targets; }) forget(object.targets);
  if constexpr (requires { object.backends; }) {
    for (auto& backend : object.backends) forget_places(backend.object.location);
  }
}

template <typename Kind>
Kind without_places(Kind object) {
  forget_generation(object);
  if constexpr (requires { object.version; }) object.version.clear();
  forget_parts(object);
  return object;
}

template <typename Kind>
void add_differences(const api::Objects<Kind>& before, const api::Objects<Kind>& after,
                     std::vector<ObjectChange>& changes) {
  if (before.is_same_object(after)) return;
  const ByRef<Kind> old = by_ref(before);
  const ByRef<Kind> fresh = by_ref(after);
  for (const auto& [ref, object] : fresh) {
    const auto known = old.find(ref);
    if (known == old.end()) {
      changes.push_back({ObjectChange::Kind::Added, object->ref(), object->meta.location});
    } else if (known->second != object && without_places(*known->second) != without_places(*object)) {
      changes.push_back({ObjectChange::Kind::Changed, object->ref(), object->meta.location});
    }
  }
  for (const auto& [ref, object] : old) {
    if (!fresh.contains(ref)) changes.push_back({ObjectChange::Kind::Removed, object->ref(), object->meta.location});
  }
}

template <typename Kind>
api::Objects<Kind> merge(const api::Objects<Kind>& before, const api::Objects<Kind>& change, Action action) {
  if (change.empty()) return before;
  std::set<api::ObjectRef> touched;
  for (const Kind& object : change) touched.insert(identity(object.ref()));
  std::vector<std::shared_ptr<const Kind>> objects;
  for (const auto& object : before.pointers()) {
    if (!touched.contains(identity(object->ref()))) objects.push_back(object);
  }
  if (action == Action::Apply) objects.insert(objects.end(), change.pointers().begin(), change.pointers().end());
  std::ranges::stable_sort(objects, [](const auto& a, const auto& b) { return api::is_before(*a, *b); });
  return api::Objects<Kind>(std::move(objects));
}

/// An object that a file changes is as old as it was: who is older decides conflicts.
template <typename Kind>
void keep_age(const api::Objects<Kind>& before, api::Objects<Kind>& after) {
  const ByRef<Kind> old = by_ref(before);
  std::vector<std::shared_ptr<const Kind>> objects;
  for (const auto& object : after.pointers()) {
    const auto known = old.find(identity(object->ref()));
    const bool is_dated =
        known == old.end() || object->meta.creation_timestamp || !known->second->meta.creation_timestamp;
    if (is_dated) {
      objects.push_back(object);
      continue;
    }
    Kind copy = *object;
    copy.meta.creation_timestamp = known->second->meta.creation_timestamp;
    objects.push_back(std::make_shared<const Kind>(std::move(copy)));
  }
  after = api::Objects<Kind>(std::move(objects));
}

}  // namespace

api::ObjectRef identity(api::ObjectRef ref) {
  ref.version.clear();
  return ref;
}

api::ResourceSet put_into_effect(const api::ResourceSet& before, const api::ResourceSet& change, Action action) {
  api::ResourceSet after;
  api::ResourceSet::for_each_member([&](auto member) {
    auto dated = change.*member;
    if (!dated.empty()) keep_age(before.*member, dated);
    after.*member = merge(before.*member, dated, action);
  });
  return after;
}

std::vector<ObjectChange> difference(const api::ResourceSet& before, const api::ResourceSet& after) {
  std::vector<ObjectChange> changes;
  api::ResourceSet::for_each_member([&](auto member) { add_differences(before.*member, after.*member, changes); });
  std::ranges::sort(changes, {}, &ObjectChange::ref);
  return changes;
}

}  // namespace gw::analyze
