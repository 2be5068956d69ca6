// SPDX-License-Identifier: Apache-2.0
// TLS towards backends: BackendTLSPolicy of today, BackendPolicy of 2021.
#pragma once

#include "userspace/api/reference.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct SubjectAltName {
  enum class Type : std::uint8_t { Hostname, Uri };
  Type type = Type::Hostname;
  std::string value;
  bool operator==(const SubjectAltName&) const = default;
};

struct BackendTlsPolicy {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::vector<PolicyTarget> targets;
  std::vector<ObjectReference> ca_certificate_refs;  ///< of the policy's namespace; or else:
  std::string well_known_ca_certificates;            ///< "System" or an implementation's own
  std::string hostname;                              ///< the SNI, and the name to check if subject_alt_names is empty
  std::vector<SubjectAltName> subject_alt_names;
  std::map<std::string, std::string> options;  ///< keys are an implementation's own

  [[nodiscard]] ObjectRef ref() const { return {group, version, "BackendTLSPolicy", meta.ns, meta.name}; }
  bool operator==(const BackendTlsPolicy&) const = default;
};

/// networking.x-k8s.io/v1alpha1. It names no hostname: neither SNI nor the certificate's name can be checked by it.
struct BackendPolicy {
  struct Backend {
    ObjectReference object;
    std::optional<std::uint16_t> port;  ///< unset: every port
    bool operator==(const Backend&) const = default;
  };
  ObjectMeta meta;
  std::string group = kLegacyGroup;
  std::string version = "v1alpha1";
  std::vector<Backend> backends;
  bool has_tls = false;
  std::optional<ObjectReference> ca_certificate_ref;  ///< Secret or ConfigMap with the key "ca.crt"
  std::map<std::string, std::string> options;

  [[nodiscard]] ObjectRef ref() const { return {group, version, "BackendPolicy", meta.ns, meta.name}; }
  bool operator==(const BackendPolicy&) const = default;
};

}  // namespace gw::api
