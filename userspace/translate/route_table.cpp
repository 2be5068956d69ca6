// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/route_table.hpp"

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <unordered_set>

#include "userspace/api/differences.hpp"
#include "userspace/base/exchange.hpp"

namespace gw::translate {
namespace {

/// Routes of all kinds in one order: "1. The oldest Route based on creation timestamp. 2. The Route appearing first in
/// alphabetical order by {namespace}/{name}." The rest is ours.
bool goes_first(const RouteNode& a, const RouteNode& b) {
  if (is_older(a.meta(), b.meta())) return true;
  if (is_older(b.meta(), a.meta())) return false;
  const auto rest = [](const RouteNode& node) {
    return std::make_tuple(node.source.index(), std::cref(node.common->group), std::cref(node.common->kind));
  };
  return rest(a) < rest(b);
}

}  // namespace

template <typename Kind>
void RouteTable::update(api::Objects<Kind> api::ResourceSet::* member, const api::ResourceSet& resources,
                        Changes& changes) {
  visit_differences(resources_.*member, resources.*member, [&](const auto& before, const auto& now) {
    if (before != nullptr) {
      const auto known = by_object_.find(before.get());
      changes.gone.push_back(std::move(known->second));
      by_object_.erase(known);
    }
    if (now == nullptr) return;
    changes.fresh.push_back(make_route(*graph_, now));
    by_object_.emplace(now.get(), changes.fresh.back());
  });
  resources_.*member = resources.*member;
}

RouteTable::Changes RouteTable::update(const std::shared_ptr<const Graph>& graph, const api::ResourceSet& resources) {
  Changes changes;
  if (graph_ != graph) {
    graph_ = graph;
    resources_ = {};
    by_object_.clear();
    changes.gone = std::exchange(nodes_, {});
  }
  api::ResourceSet::for_each_member([&](auto member) {
    if constexpr (std::is_base_of_v<api::Route, KindOf<decltype(member)>>) update(member, resources, changes);
  });
  if (changes.gone.empty() && changes.fresh.empty()) return changes;
  std::unordered_set<const RouteNode*> gone;
  for (const auto& node : changes.gone) gone.insert(node.get());
  nodes_ = exchange(nodes_, [&gone](const auto& node) { return gone.contains(node.get()); }, changes.fresh, goes_first);
  return changes;
}

}  // namespace gw::translate
