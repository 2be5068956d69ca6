// SPDX-License-Identifier: Apache-2.0
// The Kubernetes kinds we read beside the Gateway API: Namespace, Service, EndpointSlice, Secret, ConfigMap; and
// ReferenceGrant.
#pragma once

#include "userspace/api/meta.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gw::api {

struct Namespace {
  ObjectMeta meta;  ///< the label kubernetes.io/metadata.name is always present, as in a cluster

  [[nodiscard]] ObjectRef ref() const { return {"", "v1", "Namespace", "", meta.name}; }
  bool operator==(const Namespace&) const = default;
};

struct ServicePort {
  std::string name;  ///< may be empty when the Service has one port
  std::string protocol = "TCP";
  std::uint16_t port = 0;
  /// Only informative: EndpointSlices carry the resolved port.
  std::variant<std::monostate, std::uint16_t, std::string> target_port;
  std::string app_protocol;  ///< "kubernetes.io/h2c", "kubernetes.io/ws", "https", ... or empty
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  ObjectMeta meta;
  std::string type = "ClusterIP";
  std::vector<ServicePort> ports;
  bool is_headless = false;             ///< clusterIP: None
  std::string external_name;            ///< with type ExternalName
  bool has_client_ip_affinity = false;  ///< sessionAffinity: ClientIP
  std::chrono::seconds affinity_timeout{10800};
  bool publishes_not_ready = false;  ///< publishNotReadyAddresses: endpoints count as ready

  [[nodiscard]] ObjectRef ref() const { return {"", "v1", "Service", meta.ns, meta.name}; }
  bool operator==(const Service&) const = default;
};

struct EndpointPort {
  std::string name;
  std::string protocol = "TCP";
  std::optional<std::uint16_t> port;
  std::string app_protocol;
  bool operator==(const EndpointPort&) const = default;
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready;  ///< unset counts as ready (EndpointConditions)
  std::optional<bool> serving;
  std::optional<bool> terminating;
  std::string node_name;
  std::string zone;
  bool operator==(const SliceEndpoint&) const = default;
};

struct EndpointSlice {
  ObjectMeta meta;           ///< label kubernetes.io/service-name names the Service
  std::string address_type;  ///< IPv4, IPv6 or FQDN
  std::vector<EndpointPort> ports;
  std::vector<SliceEndpoint> endpoints;

  [[nodiscard]] ObjectRef ref() const { return {"discovery.k8s.io", "v1", "EndpointSlice", meta.ns, meta.name}; }
  bool operator==(const EndpointSlice&) const = default;
};

struct Secret {
  static constexpr const char* kTlsType = "kubernetes.io/tls";
  ObjectMeta meta;
  std::string type = "Opaque";
  std::map<std::string, std::string> data;  ///< decoded bytes; `stringData` has replaced what `data` says

  [[nodiscard]] ObjectRef ref() const { return {"", "v1", "Secret", meta.ns, meta.name}; }
  bool operator==(const Secret&) const = default;
};

struct ConfigMap {
  ObjectMeta meta;
  std::map<std::string, std::string> data;  ///< `binaryData` decoded among it

  [[nodiscard]] ObjectRef ref() const { return {"", "v1", "ConfigMap", meta.ns, meta.name}; }
  bool operator==(const ConfigMap&) const = default;
};

struct ReferenceGrant {
  struct From {
    std::string group;
    std::string kind;
    std::string ns;
    bool operator==(const From&) const = default;
  };
  struct To {
    std::string group;
    std::string kind;
    std::optional<std::string> name;
    bool operator==(const To&) const = default;
  };
  ObjectMeta meta;
  std::vector<From> from;
  std::vector<To> to;

  [[nodiscard]] ObjectRef ref() const { return {kGatewayGroup, "v1", "ReferenceGrant", meta.ns, meta.name}; }
  bool operator==(const ReferenceGrant&) const = default;
};

}  // namespace gw::api
