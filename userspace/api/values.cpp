// SPDX-License-Identifier: Apache-2.0
// Small members of the value types.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"

namespace gw::api {
namespace {

template <typename Kind>
void sort_by_name(std::vector<Kind>& objects) {
  std::ranges::stable_sort(objects, {}, [](const Kind& object) { return std::tie(object.meta.ns, object.meta.name); });
}

void sort_by_name_group_and_kind(std::vector<L4Route>& routes) {
  std::ranges::stable_sort(
      routes, {}, [](const auto& route) { return std::tie(route.meta.ns, route.meta.name, route.group, route.kind); });
}

template <typename Kind>
void sort_by_name_and_group(std::vector<Kind>& objects) {
  std::ranges::stable_sort(objects, {},
                           [](const Kind& object) { return std::tie(object.meta.ns, object.meta.name, object.group); });
}

}  // namespace

void ResourceSet::sort() {
  sort_by_name_and_group(gateway_classes);
  sort_by_name_and_group(gateways);
  sort_by_name_group_and_kind(l4_routes);
  sort_by_name(reference_grants);
  sort_by_name(services);
  sort_by_name(endpoint_slices);
  sort_by_name(namespaces);
}

std::string Problem::to_string() const {
  std::string text = fmt::format("{}:{}:{}: ", location.file, location.line, location.column);
  if (!object.empty()) text += object + (field.empty() ? ": " : " ");
  if (!field.empty()) text += field + ": ";
  return text + message;
}

void Conditions::set(Condition condition) {
  const auto known = std::ranges::find(conditions_, condition.type, &Condition::type);
  if (known == conditions_.end()) {
    conditions_.push_back(std::move(condition));
  } else {
    *known = std::move(condition);
  }
}

const Condition* Conditions::find(std::string_view type) const {
  const auto known = std::ranges::find(conditions_, type, &Condition::type);
  return known == conditions_.end() ? nullptr : &*known;
}

}  // namespace gw::api
