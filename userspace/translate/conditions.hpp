// SPDX-License-Identifier: Apache-2.0
// Every condition type and reason that translate can set. The words are the specification's: gateway.networking.k8s.io
// apis/v1/{gatewayclass,gateway,shared}_types.go, and networking.x-k8s.io apis/v1alpha1/gateway_types.go of 2021.
#pragma once

#include "userspace/api/status_report.hpp"

#include <cstdint>
#include <string>

namespace gw::translate {

namespace type {
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kConflicted = "Conflicted";
// v1alpha1 of 2021
inline constexpr const char* kAdmitted = "Admitted";
inline constexpr const char* kScheduled = "Scheduled";
inline constexpr const char* kDetached = "Detached";
}  // namespace type

namespace reason {
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kInvalidParameters = "InvalidParameters";
inline constexpr const char* kListenersNotValid = "ListenersNotValid";
inline constexpr const char* kUnsupportedAddress = "UnsupportedAddress";
inline constexpr const char* kUnsupportedProtocol = "UnsupportedProtocol";
inline constexpr const char* kConflicted = "Conflicted";
inline constexpr const char* kProtocolConflict = "ProtocolConflict";
inline constexpr const char* kNoConflicts = "NoConflicts";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kInvalidRouteKinds = "InvalidRouteKinds";
inline constexpr const char* kNotAllowedByListeners = "NotAllowedByListeners";
inline constexpr const char* kNoMatchingParent = "NoMatchingParent";
inline constexpr const char* kRefNotPermitted = "RefNotPermitted";
inline constexpr const char* kInvalidKind = "InvalidKind";
inline constexpr const char* kBackendNotFound = "BackendNotFound";
// of policies (apis/v1/policy_types.go)
inline constexpr const char* kTargetNotFound = "TargetNotFound";
// v1alpha1 of 2021, which has no words for the healthy state; ours follow v0.4's
inline constexpr const char* kAdmitted = "Admitted";
inline constexpr const char* kRefused = "Refused";
inline constexpr const char* kScheduled = "Scheduled";
inline constexpr const char* kAttached = "Attached";
inline constexpr const char* kDegradedRoutes = "DegradedRoutes";
inline constexpr const char* kInvalidRoutesRef = "InvalidRoutesRef";
}  // namespace reason

inline api::Condition condition(const char* type, api::ConditionStatus status, const char* reason, std::string message,
                                std::int64_t generation) {
  return {type, status, reason, std::move(message), generation};
}

inline api::ConditionStatus to_status(bool value) {
  return value ? api::ConditionStatus::True : api::ConditionStatus::False;
}

}  // namespace gw::translate
