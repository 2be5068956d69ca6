// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/meta.hpp"

#include <algorithm>

namespace gw::api {
namespace {

bool satisfies(const LabelSelectorRequirement& requirement, const Labels& labels) {
  using Operator = LabelSelectorRequirement::Operator;
  const auto label = labels.find(requirement.key);
  const bool present = label != labels.end();
  const bool listed = present && std::ranges::find(requirement.values, label->second) != requirement.values.end();
  switch (requirement.op) {
    case Operator::In: return listed;
    case Operator::NotIn: return !listed;
    case Operator::Exists: return present;
    case Operator::DoesNotExist: return !present;
  }
  return false;
}

}  // namespace

bool LabelSelector::matches(const Labels& labels) const {
  const auto equal = [&labels](const auto& wanted) {
    const auto label = labels.find(wanted.first);
    return label != labels.end() && label->second == wanted.second;
  };
  return std::ranges::all_of(match_labels, equal) &&
         std::ranges::all_of(match_expressions, [&labels](const auto& r) { return satisfies(r, labels); });
}

}  // namespace gw::api
