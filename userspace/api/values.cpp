// SPDX-License-Identifier: Apache-2.0
// Small members of the value types.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"

namespace gw::api {
void ResourceSet::sort() {
  for_each_member([this](auto member) {
    (this->*member).stable_sort([](const auto& a, const auto& b) { return is_before(a, b); });
  });
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
