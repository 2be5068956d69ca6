// SPDX-License-Identifier: Apache-2.0
// The status of every object, as values: filled by `translate`, completed with what the kernel said by
// `status`, published by a provider.
#pragma once

#include "userspace/api/l4_route.hpp"
#include "userspace/api/meta.hpp"
#include "userspace/api/objects.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

enum class ConditionStatus : std::uint8_t { True, False, Unknown };

/// metav1.Condition. lastTransitionTime is the publisher's: it knows the previous status.
struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::Unknown;
  std::string reason;
  std::string message;
  std::int64_t observed_generation = 0;
  bool operator==(const Condition&) const = default;
};

/// The conditions of one thing, in the order in which they were first set.
class Conditions {
 public:
  /// Sets or replaces the condition of that type.
  void set(Condition condition);
  [[nodiscard]] const Condition* find(std::string_view type) const;
  [[nodiscard]] const std::vector<Condition>& all() const { return conditions_; }
  bool operator==(const Conditions&) const = default;

 private:
  std::vector<Condition> conditions_;
};

/// Whether it says that something of the user's does not work. Some types do that by being True.
bool is_bad(const Condition& condition);
/// The condition that keeps a Gateway, a listener, or a route at its parent, from being used; null if there is none.
const Condition* objection(const Conditions& conditions);

struct ListenerStatus {
  std::string name;
  std::uint16_t port = 0;  ///< v1alpha1 keys listener status by port
  std::string protocol;    ///< v1alpha1 repeats it,
  std::string hostname;    ///< and this; empty: any
  std::vector<RouteGroupKind> supported_kinds;
  std::int32_t attached_routes = 0;
  Conditions conditions;
  std::string data_path;  ///< tier and why, for people: "tc (eth0: veth ...)"; filled by `status`
  bool operator==(const ListenerStatus&) const = default;
};

/// Why a listener of this protocol is accepted and yet not programmed; empty for one that is forwarded in the kernel.
std::string waits_for_proxy(const ListenerStatus& listener);

struct GatewayClassStatus {
  ObjectRef ref;
  Conditions conditions;
  std::vector<std::string> supported_features;  ///< sorted
  bool operator==(const GatewayClassStatus&) const = default;
};

struct GatewayStatus {
  ObjectRef ref;
  std::vector<GatewayAddress> addresses;  ///< filled by `status`: those really in use
  Conditions conditions;
  std::vector<ListenerStatus> listeners;
  std::optional<std::int32_t> attached_listener_sets;  ///< unset: it takes none
  bool operator==(const GatewayStatus&) const = default;
};

struct ListenerSetStatus {
  ObjectRef ref;
  ObjectRef gateway;  ///< its parent
  Conditions conditions;
  std::vector<ListenerStatus> listeners;
  bool operator==(const ListenerSetStatus&) const = default;
};

/// status.parents[] of a route; for v1alpha1 status.gateways[].
struct RouteParentStatus {
  ParentReference parent;
  std::string controller_name = kControllerName;
  Conditions conditions;
  bool operator==(const RouteParentStatus&) const = default;
};

struct RouteStatus {
  ObjectRef ref;
  std::vector<RouteParentStatus> parents;
  bool operator==(const RouteStatus&) const = default;
};

/// status.ancestors[] of a policy. What a policy is attached to is its ancestor.
struct PolicyAncestorStatus {
  ParentReference ancestor;
  std::string controller_name = kControllerName;
  Conditions conditions;
  bool operator==(const PolicyAncestorStatus&) const = default;
};

struct PolicyStatus {
  ObjectRef ref;
  std::vector<PolicyAncestorStatus> ancestors;
  Conditions conditions;  ///< of a BackendPolicy of 2021, whose status has no ancestors
  bool operator==(const PolicyStatus&) const = default;
};

/// Each list is sorted by ref. What has not changed is the same object as in the report before.
struct StatusReport {
  Objects<GatewayClassStatus> gateway_classes;
  Objects<GatewayStatus> gateways;
  Objects<ListenerSetStatus> listener_sets;
  Objects<RouteStatus> routes;
  Objects<PolicyStatus> policies;

  /// Calls `visit` with a pointer to each of the members above: what is the same for all kinds is written once.
  template <typename Visit>
  static void for_each_member(Visit visit) {
    visit(&StatusReport::gateway_classes);
    visit(&StatusReport::gateways);
    visit(&StatusReport::listener_sets);
    visit(&StatusReport::routes);
    visit(&StatusReport::policies);
  }
  bool operator==(const StatusReport&) const = default;
};

}  // namespace gw::api
