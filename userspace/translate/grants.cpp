// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/grants.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::translate {
namespace {

std::string key(const Referrer& from, std::string_view to_ns) {
  return fmt::format("{}/{}/{} {}", from.group, from.kind, from.ns, to_ns);
}

}  // namespace

GrantIndex::GrantIndex(const api::Objects<api::ReferenceGrant>& grants) {
  for (const auto& grant : grants) {
    for (const auto& from : grant.from) {
      auto& list = by_namespaces_and_kind_[key({from.group, from.kind, from.ns}, grant.meta.ns)];
      for (const auto& to : grant.to) list.push_back(&to);
    }
  }
}

bool GrantIndex::allows(const Referrer& from, const Referent& to) const {
  if (from.ns == to.ns) return true;
  const auto granted = by_namespaces_and_kind_.find(key(from, to.ns));
  if (granted == by_namespaces_and_kind_.end()) return false;
  return std::ranges::any_of(granted->second, [&to](const api::ReferenceGrant::To* entry) {
    return entry->group == to.group && entry->kind == to.kind && (!entry->name || *entry->name == to.name);
  });
}

}  // namespace gw::translate
