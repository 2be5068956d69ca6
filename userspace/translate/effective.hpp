// SPDX-License-Identifier: Apache-2.0
// Which settings of policies are in effect for an object, and which policy each is from: what somebody asks who sees a
// value that their own policy did not set.
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/translate/translate.hpp"

#include <string>
#include <vector>

namespace gw::translate {

/// What one policy says of a setting.
struct PolicyValue {
  api::ObjectRef policy;
  std::string target;  ///< that it is attached to: "Gateway infra/web section tcp"
  api::MergeStrategy merge = api::MergeStrategy::Defaults;
  std::string value;  ///< for people: "30s"
  bool operator==(const PolicyValue&) const = default;
};

struct EffectiveSetting {
  std::string field;                  ///< below spec: "limits.maxConnections"
  PolicyValue in_effect;              ///< what counts
  std::vector<PolicyValue> replaced;  ///< what others say, the strongest first
  bool operator==(const EffectiveSetting&) const = default;
};

struct EffectiveSettings {
  std::string where;  ///< "listener tcp"; "to Service default/a:80, through Gateway default/web listener tcp"
  std::vector<EffectiveSetting> settings;
  bool operator==(const EffectiveSettings&) const = default;
};

/// Of a Gateway: for each listener; of a route or a Service: for each way of its traffic. Places without any setting
/// are left out; objects that are not there have none.
std::vector<EffectiveSettings> effective_settings(const api::ResourceSet& resources, const Options& options,
                                                  const api::ObjectRef& object);

}  // namespace gw::translate
