// SPDX-License-Identifier: Apache-2.0
// The Kubernetes kinds we read beside the Gateway API: Namespace, Service, EndpointSlice; and ReferenceGrant.
#pragma once

#include "userspace/api/meta.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gw::api {

struct Namespace {
  ObjectMeta meta;  ///< the label kubernetes.io/metadata.name is always present, as in a cluster
  bool operator==(const Namespace&) const = default;
};

struct ServicePort {
  std::string name;  ///< may be empty when the Service has one port
  std::string protocol = "TCP";
  std::uint16_t port = 0;
  /// Only informative: EndpointSlices carry the resolved port.
  std::variant<std::monostate, std::uint16_t, std::string> target_port;
  bool operator==(const ServicePort&) const = default;
};

struct Service {
  ObjectMeta meta;
  std::string type = "ClusterIP";
  std::vector<ServicePort> ports;
  bool operator==(const Service&) const = default;
};

struct EndpointPort {
  std::string name;
  std::string protocol = "TCP";
  std::optional<std::uint16_t> port;
  bool operator==(const EndpointPort&) const = default;
};

struct SliceEndpoint {
  std::vector<std::string> addresses;
  std::optional<bool> ready;  ///< unset counts as ready (EndpointConditions)
  std::optional<bool> serving;
  std::optional<bool> terminating;
  std::string node_name;
  bool operator==(const SliceEndpoint&) const = default;
};

struct EndpointSlice {
  ObjectMeta meta;           ///< label kubernetes.io/service-name names the Service
  std::string address_type;  ///< IPv4, IPv6 or FQDN
  std::vector<EndpointPort> ports;
  std::vector<SliceEndpoint> endpoints;
  bool operator==(const EndpointSlice&) const = default;
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
  bool operator==(const ReferenceGrant&) const = default;
};

}  // namespace gw::api
