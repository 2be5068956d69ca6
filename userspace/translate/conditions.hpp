// SPDX-License-Identifier: Apache-2.0
// Every condition type and reason that translate can set. The words are the specification's: gateway.networking.k8s.io
// apis/v1/*_types.go (v1.7.0), and networking.x-k8s.io apis/v1alpha1/*_types.go of 2021 (v0.3.0). tests/spec has the
// list that tests hold them to.
#pragma once

#include "userspace/api/status_report.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gw::translate {

namespace type {
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kConflicted = "Conflicted";
inline constexpr const char* kOverlappingTlsConfig = "OverlappingTLSConfig";
inline constexpr const char* kInsecureFrontendValidationMode = "InsecureFrontendValidationMode";
inline constexpr const char* kAddressesAssigned = "AddressesAssigned";
inline constexpr const char* kDefaultGateway = "DefaultGateway";
inline constexpr const char* kPartiallyInvalid = "PartiallyInvalid";
inline constexpr const char* kSupportedVersion = "SupportedVersion";
// v1alpha1 of 2021
inline constexpr const char* kAdmitted = "Admitted";
inline constexpr const char* kScheduled = "Scheduled";
inline constexpr const char* kDetached = "Detached";
inline constexpr const char* kNoSuchBackend = "NoSuchBackend";
}  // namespace type

namespace reason {
inline constexpr const char* kAccepted = "Accepted";
inline constexpr const char* kInvalid = "Invalid";
inline constexpr const char* kSupportedVersion = "SupportedVersion";
// of GatewayClasses and Gateways
inline constexpr const char* kInvalidParameters = "InvalidParameters";
inline constexpr const char* kListenersNotValid = "ListenersNotValid";
inline constexpr const char* kListenersNotResolved = "ListenersNotResolved";
inline constexpr const char* kUnsupportedAddress = "UnsupportedAddress";
inline constexpr const char* kInvalidClientCertificateRef = "InvalidClientCertificateRef";
inline constexpr const char* kConfigurationChanged = "ConfigurationChanged";
inline constexpr const char* kPartiallyAssigned = "PartiallyAssigned";
inline constexpr const char* kNotAssigned = "NotAssigned";
inline constexpr const char* kDefaultGateway = "DefaultGateway";  // GEP-3793 names the condition and no reason
// of ListenerSets
inline constexpr const char* kNotAllowed = "NotAllowed";
inline constexpr const char* kParentNotAccepted = "ParentNotAccepted";
// of listeners
inline constexpr const char* kUnsupportedProtocol = "UnsupportedProtocol";
inline constexpr const char* kUnsupportedValue = "UnsupportedValue";
inline constexpr const char* kTooManyListeners = "TooManyListeners";
inline constexpr const char* kProtocolConflict = "ProtocolConflict";
inline constexpr const char* kHostnameConflict = "HostnameConflict";
inline constexpr const char* kNoConflicts = "NoConflicts";
inline constexpr const char* kResolvedRefs = "ResolvedRefs";
inline constexpr const char* kInvalidRouteKinds = "InvalidRouteKinds";
inline constexpr const char* kInvalidCertificateRef = "InvalidCertificateRef";
inline constexpr const char* kInvalidCaCertificateRef = "InvalidCACertificateRef";
inline constexpr const char* kInvalidCaCertificateKind = "InvalidCACertificateKind";
inline constexpr const char* kNoValidCaCertificate = "NoValidCACertificate";
inline constexpr const char* kOverlappingHostnames = "OverlappingHostnames";
inline constexpr const char* kOverlappingCertificates = "OverlappingCertificates";
// of routes
inline constexpr const char* kNotAllowedByListeners = "NotAllowedByListeners";
inline constexpr const char* kNoMatchingListenerHostname = "NoMatchingListenerHostname";
inline constexpr const char* kNoMatchingParent = "NoMatchingParent";
inline constexpr const char* kIncompatibleFilters = "IncompatibleFilters";
inline constexpr const char* kRefNotPermitted = "RefNotPermitted";
inline constexpr const char* kInvalidKind = "InvalidKind";
inline constexpr const char* kBackendNotFound = "BackendNotFound";
// of policies (apis/v1/policy_types.go)
inline constexpr const char* kConflicted = "Conflicted";
inline constexpr const char* kTargetNotFound = "TargetNotFound";
// v1alpha1 of 2021, which has no words for the healthy state; ours follow v0.4's
inline constexpr const char* kAdmitted = "Admitted";
inline constexpr const char* kRefused = "Refused";
inline constexpr const char* kScheduled = "Scheduled";
inline constexpr const char* kNoResources = "NoResources";
inline constexpr const char* kAttached = "Attached";
inline constexpr const char* kDegradedRoutes = "DegradedRoutes";
inline constexpr const char* kInvalidRoutesRef = "InvalidRoutesRef";
}  // namespace reason

/// A verdict and the words for it. `message` empty: nothing to add to "True".
struct Verdict {
  bool ok = true;
  std::string_view reason;  ///< a literal, which outlives the verdict
  std::string message;
};

inline Verdict refusal(std::string_view reason, std::string message) { return {false, reason, std::move(message)}; }

/// Takes `more` into account: the first thing that is wrong is the reason; every one is in the message.
void add_verdict(Verdict& verdict, const Verdict& more);

inline api::Condition condition(const char* type, api::ConditionStatus status, std::string_view reason,
                                std::string message, std::int64_t generation) {
  return {type, status, std::string(reason), std::move(message), generation};
}

inline api::ConditionStatus to_status(bool value) {
  return value ? api::ConditionStatus::True : api::ConditionStatus::False;
}

inline api::Condition condition(const char* type, const Verdict& verdict, std::int64_t generation) {
  return condition(type, to_status(verdict.ok), verdict.reason, verdict.message, generation);
}

}  // namespace gw::translate
