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

namespace {

/// What a file says may be quoted, and may have line breaks in it.
std::string on_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\r') {
      line += "\\r";
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

std::string Problem::to_string() const {
  std::string text = location.to_string() + ": ";
  if (!object.empty()) text += object + (field.empty() ? ": " : " ");
  if (!field.empty()) text += field + ": ";
  return on_one_line(text + message);
}

std::string waits_for_proxy(const ListenerStatus& listener) {
  if (listener.protocol != "HTTP" && listener.protocol != "HTTPS" && listener.protocol != "TLS") return {};
  return fmt::format("{} is served by the proxy, which this version does not have yet: nothing listens on port {}",
                     listener.protocol, listener.port);
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
