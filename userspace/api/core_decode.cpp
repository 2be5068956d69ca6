// SPDX-License-Identifier: Apache-2.0
// Service and EndpointSlice of the Kubernetes API (v1, discovery.k8s.io/v1).
#include <fmt/format.h>

#include <set>

#include "userspace/api/kinds.hpp"
#include "userspace/base/ip.hpp"

namespace gw::api {
namespace {

ServicePort decode_service_port(const Cursor& cursor) {
  ServicePort port;
  Fields fields(cursor);
  if (const auto name = fields.find("name")) port.name = name->checked(check_dns_label);
  if (const auto protocol = fields.find("protocol")) port.protocol = protocol->one_of({"TCP", "UDP", "SCTP"});
  if (const auto number = fields.require("port")) port.port = static_cast<std::uint16_t>(number->integer(1, 65535));
  if (const auto target = fields.find("targetPort")) {
    if (target->node().IsScalar() && scalar_type(target->node()) == ScalarType::Integer) {
      port.target_port = static_cast<std::uint16_t>(target->integer(1, 65535));
    } else {
      port.target_port = target->string();
    }
  }
  fields.ignore({"appProtocol", "nodePort"});
  fields.finish();
  return port;
}

void check_service_ports(const Cursor& cursor, const std::vector<ServicePort>& ports) {
  std::set<std::string> names;
  std::set<std::pair<std::uint16_t, std::string>> numbers;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Cursor at(cursor.node()[i], fmt::format("{}[{}]", cursor.path(), i), cursor.context());
    if (ports.size() > 1 && ports[i].name.empty())
      at.problem("name is missing (a Service with several ports names each)");
    if (!ports[i].name.empty() && !names.insert(ports[i].name).second) {
      at.problem(fmt::format("another port is named \"{}\" (names are unique)", ports[i].name));
    }
    if (!numbers.emplace(ports[i].port, ports[i].protocol).second) {
      at.problem(
          fmt::format("another port is {}/{} too (port and protocol are unique)", ports[i].port, ports[i].protocol));
    }
  }
}

EndpointPort decode_endpoint_port(const Cursor& cursor) {
  EndpointPort port;
  Fields fields(cursor);
  if (const auto name = fields.find("name")) port.name = name->string();
  if (const auto protocol = fields.find("protocol")) port.protocol = protocol->one_of({"TCP", "UDP", "SCTP"});
  if (const auto number = fields.find("port")) port.port = static_cast<std::uint16_t>(number->integer(1, 65535));
  fields.ignore({"appProtocol"});
  fields.finish();
  return port;
}

void decode_conditions(const Cursor& cursor, SliceEndpoint& endpoint) {
  Fields fields(cursor);
  if (const auto ready = fields.find("ready")) endpoint.ready = ready->boolean();
  if (const auto serving = fields.find("serving")) endpoint.serving = serving->boolean();
  if (const auto terminating = fields.find("terminating")) endpoint.terminating = terminating->boolean();
  fields.finish();
}

std::string decode_address(const Cursor& cursor, const std::string& type) {
  std::string text = cursor.string();
  if (type == "FQDN" || text.empty()) return text;
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != (type == "IPv4")) {
    cursor.problem(fmt::format("\"{}\" is not an {} address (addressType says so)", text, type));
  }
  return text;
}

SliceEndpoint decode_endpoint(const Cursor& cursor, const std::string& type) {
  SliceEndpoint endpoint;
  Fields fields(cursor);
  if (const auto addresses = fields.require("addresses")) {
    for (const auto& item : addresses->items(1, 100)) endpoint.addresses.push_back(decode_address(item, type));
  }
  if (const auto conditions = fields.find("conditions")) decode_conditions(*conditions, endpoint);
  if (const auto node = fields.find("nodeName")) endpoint.node_name = node->string();
  fields.ignore({"hostname", "targetRef", "deprecatedTopology", "zone", "hints"});
  fields.finish();
  return endpoint;
}

}  // namespace

void decode_service(const Cursor& spec, Service& service) {
  Fields fields(spec);
  if (const auto type = fields.find("type")) {
    service.type = type->one_of({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"});
  }
  if (const auto ports = fields.find("ports")) {
    for (const auto& item : ports->items(0, 10'000)) service.ports.push_back(decode_service_port(item));
    check_service_ports(*ports, service.ports);
  }
  if (const auto selector = fields.find("selector")) (void)selector->string_map();
  fields.ignore({"clusterIP", "clusterIPs", "externalIPs", "sessionAffinity", "sessionAffinityConfig", "loadBalancerIP",
                 "loadBalancerSourceRanges", "loadBalancerClass", "externalName", "externalTrafficPolicy",
                 "internalTrafficPolicy", "healthCheckNodePort", "publishNotReadyAddresses", "ipFamilies",
                 "ipFamilyPolicy", "allocateLoadBalancerNodePorts", "trafficDistribution"});
  fields.finish();
}

void decode_endpoint_slice(Fields& object, EndpointSlice& slice) {
  if (const auto type = object.require("addressType")) slice.address_type = type->one_of({"IPv4", "IPv6", "FQDN"});
  if (const auto ports = object.find("ports")) {
    for (const auto& item : ports->items(0, 20'000)) slice.ports.push_back(decode_endpoint_port(item));
  }
  if (const auto endpoints = object.find("endpoints")) {
    for (const auto& item : endpoints->items(0, 1000))
      slice.endpoints.push_back(decode_endpoint(item, slice.address_type));
  }
}

}  // namespace gw::api
