// SPDX-License-Identifier: Apache-2.0
// How one object names another.
#pragma once

#include "userspace/api/meta.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gw::api {

/// ObjectReference, SecretObjectReference, LocalObjectReference and ParametersReference of the Gateway API: what a
/// decoder fills in for `group` and `kind` where they may be left out is each field's own default.
struct ObjectReference {
  std::string group;  ///< "" is the core group; "core" in 2021 arrives as ""
  std::string kind;
  std::optional<std::string> ns;  ///< unset: that of the object that refers; never set by local references
  std::string name;
  SourceLocation location;
  bool operator==(const ObjectReference&) const = default;
};

struct ParentReference {
  std::string group = kGatewayGroup;
  std::string kind = "Gateway";
  std::optional<std::string> ns;  ///< unset: the route's own
  std::string name;
  std::optional<std::string> section_name;
  std::optional<std::uint16_t> port;
  auto operator<=>(const ParentReference&) const = default;
};

/// BackendRef; BackendObjectReference where only the default weight makes sense (mirrors, external authorization).
struct BackendRef {
  std::string group;  ///< "" is the core group
  std::string kind = "Service";
  std::optional<std::string> ns;  ///< unset: the route's own
  std::string name;
  std::optional<std::uint16_t> port;  ///< the Service's port; v1alpha1 may leave it out: the listener's port
  std::uint32_t weight = 1;           ///< 0..1000000
  SourceLocation location;
  bool operator==(const BackendRef&) const = default;
};

/// LocalPolicyTargetReferenceWithSectionName: what a policy is attached to, in the policy's own namespace.
struct PolicyTarget {
  std::string group;
  std::string kind;
  std::string name;
  std::optional<std::string> section_name;  ///< of a Gateway: a listener; of a route: a rule; of a Service: a port
  SourceLocation location;
  bool operator==(const PolicyTarget&) const = default;
};

}  // namespace gw::api
