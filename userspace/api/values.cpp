// SPDX-License-Identifier: Apache-2.0
// Small members of the value types.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"

namespace gw::api {
void ResourceSet::sort() {
  for_each_member([this](auto member) {
    (this->*member).stable_sort([](const auto& a, const auto& b) { return is_before(a, b); });
  });
}

std::string SourceLocation::to_string() const { return fmt::format("{}:{}:{}", file, line, column); }

std::string Problem::to_string() const {
  std::string text = location.to_string() + ": ";
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

bool is_bad(const Condition& condition) {
  static const std::set<std::string_view> negative = {"Conflicted",       "Detached",
                                                      "NoSuchBackend",    "OverlappingTLSConfig",
                                                      "PartiallyInvalid", "InsecureFrontendValidationMode"};
  return condition.status == (negative.contains(condition.type) ? ConditionStatus::True : ConditionStatus::False);
}

const Condition* objection(const Conditions& conditions) {
  for (const char* type : {"Conflicted", "Detached", "Accepted", "Admitted", "Scheduled"}) {
    const Condition* const condition = conditions.find(type);
    if (condition != nullptr && is_bad(*condition)) return condition;
  }
  return nullptr;
}

}  // namespace gw::api
