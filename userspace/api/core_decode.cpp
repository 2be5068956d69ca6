// SPDX-License-Identifier: Apache-2.0
// Service, EndpointSlice, Secret and ConfigMap of the Kubernetes API (v1, discovery.k8s.io/v1). The rules are those of
// the API server's validation (pkg/apis/core/validation, pkg/apis/discovery/validation).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"
#include "userspace/base/ip.hpp"

namespace gw::api {
namespace {

constexpr std::size_t kMaxDataBytes = 1U << 20U;  // of a Secret or ConfigMap

/// IANA_SVC_NAME (RFC 6335 section 5.1).
std::optional<std::string> check_port_name(std::string_view text) {
  const bool has_letter = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool is_right =
      has_letter && text.size() <= 15 && !check_dns_label(text) && text.find("--") == std::string_view::npos;
  if (is_right) return std::nullopt;
  return fmt::format(
      "\"{}\" is not a port (expected 1..65535, or a name of at most 15 lower-case letters, digits and "
      "'-' with a letter among them)",
      text.substr(0, 80));
}

std::string as_protocol(const Cursor& cursor) { return cursor.one_of({"TCP", "UDP", "SCTP"}); }

std::variant<std::monostate, std::uint16_t, std::string> as_target_port(const Cursor& cursor) {
  if (cursor.node().IsScalar() && scalar_type(cursor.node()) == ScalarType::Integer) return as_port(cursor);
  return cursor.checked(check_port_name);
}

ServicePort decode_service_port(const Cursor& cursor) {
  ServicePort port;
  Fields fields(cursor);
  fields.optional("name", port.name, [](const Cursor& name) {
    return name.node().IsScalar() && name.node().Scalar().empty() ? std::string() : name.checked(check_dns_label);
  });
  fields.optional("protocol", port.protocol, as_protocol);
  fields.required("port", port.port, as_port);
  fields.optional("targetPort", port.target_port, as_target_port);
  fields.optional("appProtocol", port.app_protocol, checked_by(check_qualified_name));
  fields.ignore({"nodePort"});
  fields.finish();
  return port;
}

std::vector<ServicePort> decode_service_ports(const Cursor& cursor) {
  auto ports = list_of(decode_service_port, 0, 10'000)(cursor);
  std::set<std::string> names;
  std::set<std::pair<std::uint16_t, std::string>> numbers;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const Cursor at = cursor.item(i);
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
  return ports;
}

/// Whether the address is one, or None.
bool as_is_headless(const Cursor& cursor) {
  const std::string address = cursor.string();
  if (address != "None" && !address.empty() && !IpAddress::parse(address)) {
    cursor.problem(fmt::format("\"{}\" is not an address (expected None, or leave it out)", address));
  }
  return address == "None";
}

std::chrono::seconds decode_client_ip(const Cursor& cursor) {
  std::int64_t seconds = 10'800;
  Fields fields(cursor);
  fields.optional("timeoutSeconds", seconds, integer_in<std::int64_t>(1, 86'400));
  fields.finish();
  return std::chrono::seconds(seconds);
}

std::chrono::seconds decode_affinity_config(const Cursor& cursor) {
  std::chrono::seconds timeout{10'800};
  Fields fields(cursor);
  fields.optional("clientIP", timeout, decode_client_ip);
  fields.finish();
  return timeout;
}

void decode_affinity(Fields& fields, Service& service) {
  fields.optional("sessionAffinity", service.has_client_ip_affinity,
                  word_of<bool>({{"None", false}, {"ClientIP", true}}));
  fields.optional("sessionAffinityConfig", service.affinity_timeout, decode_affinity_config);
}

void check_service(const Cursor& spec, const Service& service) {
  const bool is_external = service.type == "ExternalName";
  if (is_external && service.external_name.empty()) {
    spec.problem("externalName is missing (the type ExternalName needs it)");
  }
  if (is_external && service.is_headless) spec.problem("clusterIP is None (an ExternalName has none: leave it out)");
  if (service.type == "LoadBalancer" && service.is_headless) {
    spec.problem("clusterIP is None (the type LoadBalancer needs an address: leave it out)");
  }
  if (!is_external && !service.is_headless && service.ports.empty()) {
    spec.problem("has no ports (expected at least one, unless clusterIP is None)");
  }
}

std::string as_external_name(const Cursor& cursor) {
  std::string name = cursor.string();
  if (name.ends_with('.')) name.pop_back();
  if (auto wrong = name.empty() ? std::nullopt : check_dns_subdomain(name)) cursor.problem(std::move(*wrong));
  return name;
}

/// The name of an EndpointSlice's port may be empty.
std::optional<std::string> check_endpoint_port_name(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return check_dns_label(text);
}

EndpointPort decode_endpoint_port(const Cursor& cursor) {
  EndpointPort port;
  Fields fields(cursor);
  fields.optional("name", port.name, checked_by(check_endpoint_port_name));
  fields.optional("protocol", port.protocol, as_protocol);
  fields.optional("port", port.port, as_port);
  fields.optional("appProtocol", port.app_protocol, checked_by(check_qualified_name));
  fields.finish();
  return port;
}

std::vector<EndpointPort> decode_endpoint_ports(const Cursor& cursor) {
  auto ports = list_of(decode_endpoint_port, 0, 20'000)(cursor);
  report_repeated(
      cursor, ports, [](const EndpointPort& port) { return port.name; },
      "another port has this name (names are unique)");
  return ports;
}

void decode_conditions(const Cursor& cursor, SliceEndpoint& endpoint) {
  Fields fields(cursor);
  fields.optional("ready", endpoint.ready, as_boolean);
  fields.optional("serving", endpoint.serving, as_boolean);
  fields.optional("terminating", endpoint.terminating, as_boolean);
  fields.finish();
}

/// Addresses that no other host can have.
std::optional<std::string> wrong_endpoint(const IpAddress& address) {
  if (address.is_unspecified()) return "is the unspecified address";
  if (address.is_loopback()) return "is a loopback address";
  if (address.is_link_local()) return "is a link-local address";
  if (address.is_multicast()) return "is a multicast address";
  return std::nullopt;
}

std::string decode_address(const Cursor& cursor, const std::string& type) {
  if (type == "FQDN") return cursor.checked(check_dns_subdomain);
  const std::size_t before = cursor.context().problems.size();
  std::string text = cursor.string();
  if (cursor.context().problems.size() != before) return text;
  if (type.empty()) return text;
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != (type == "IPv4")) {
    cursor.problem(fmt::format("\"{}\" is not an {} address (addressType says so)", text, type));
  } else if (const auto wrong = wrong_endpoint(*address)) {
    cursor.problem(fmt::format("\"{}\" {} (expected one that this host can send to)", text, *wrong));
  }
  return text;
}

SliceEndpoint decode_endpoint(const Cursor& cursor, const std::string& type) {
  SliceEndpoint endpoint;
  Fields fields(cursor);
  fields.required("addresses", endpoint.addresses,
                  list_of([&type](const Cursor& address) { return decode_address(address, type); }, 1, 100));
  if (const auto conditions = fields.find("conditions")) decode_conditions(*conditions, endpoint);
  fields.optional("nodeName", endpoint.node_name, checked_by(check_dns_subdomain));
  fields.optional("zone", endpoint.zone, as_string);
  fields.ignore({"hostname", "targetRef", "deprecatedTopology", "hints"});
  fields.finish();
  return endpoint;
}

std::map<std::string, std::string> as_base64_map(const Cursor& cursor) {
  std::map<std::string, std::string> values;
  if (!cursor.node().IsMap()) {
    (void)cursor.string_map();
    return values;
  }
  for (const auto& entry : cursor.node()) {
    if (entry.first.IsScalar()) values[entry.first.Scalar()] = as_base64(cursor.entry(entry.first.Scalar()));
  }
  return values;
}

/// The keys, and how much there is of them in all.
void check_data(const Cursor& cursor, const std::map<std::string, std::string>& data) {
  std::size_t bytes = 0;
  for (const auto& [key, value] : data) {
    if (auto wrong = check_data_key(key)) cursor.problem("has a key that is wrong: " + *wrong);
    bytes += value.size();
  }
  if (bytes > kMaxDataBytes) cursor.problem(fmt::format("has {} bytes (expected at most {})", bytes, kMaxDataBytes));
}

/// A type of Secret of Kubernetes' own, and keys that one of it has.
struct SecretType {
  std::string_view type;
  std::vector<std::string> keys;
  bool needs_all = true;  ///< otherwise one of them will do
  bool is_json = false;
};

const std::vector<SecretType>& secret_types() {
  static const std::vector<SecretType> types = {{Secret::kTlsType, {"tls.crt", "tls.key"}},
                                                {"kubernetes.io/dockercfg", {".dockercfg"}, true, true},
                                                {"kubernetes.io/dockerconfigjson", {".dockerconfigjson"}, true, true},
                                                {"kubernetes.io/basic-auth", {"username", "password"}, false},
                                                {"kubernetes.io/ssh-auth", {"ssh-privatekey"}}};
  return types;
}

void check_secret_type(const Cursor& cursor, const Secret& secret) {
  const auto type = std::ranges::find(secret_types(), secret.type, &SecretType::type);
  if (type == secret_types().end()) return;
  const auto is_there = [&secret](const std::string& key) { return secret.data.contains(key); };
  const auto count = static_cast<std::size_t>(std::ranges::count_if(type->keys, is_there));
  if (count < (type->needs_all ? type->keys.size() : 1)) {
    cursor.problem(fmt::format("data has not what the type {} needs (expected {})", secret.type,
                               fmt::join(type->keys, type->needs_all ? " and " : " or ")));
  } else if (type->is_json && !nlohmann::json::accept(secret.data.at(type->keys.front()))) {
    cursor.problem(fmt::format("data[{}] is not JSON", type->keys.front()));
  }
}

}  // namespace

void decode_service(const Cursor& spec, Service& service) {
  Fields fields(spec);
  fields.optional("type", service.type, [](const Cursor& type) {
    return type.one_of({"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"});
  });
  fields.optional("ports", service.ports, decode_service_ports);
  fields.optional("clusterIP", service.is_headless, as_is_headless);
  fields.optional("externalName", service.external_name, as_external_name);
  fields.optional("publishNotReadyAddresses", service.publishes_not_ready, as_boolean);
  decode_affinity(fields, service);
  Labels selector;
  fields.optional("selector", selector, decode_labels);
  fields.ignore({"clusterIPs", "externalIPs", "loadBalancerIP", "loadBalancerSourceRanges", "loadBalancerClass",
                 "externalTrafficPolicy", "internalTrafficPolicy", "healthCheckNodePort", "ipFamilies",
                 "ipFamilyPolicy", "allocateLoadBalancerNodePorts", "trafficDistribution"});
  fields.finish();
  check_service(spec, service);
}

void decode_endpoint_slice(const Cursor& /*object*/, Fields& fields, EndpointSlice& slice) {
  fields.required("addressType", slice.address_type,
                  [](const Cursor& type) { return type.one_of({"IPv4", "IPv6", "FQDN"}); });
  fields.optional("ports", slice.ports, decode_endpoint_ports);
  const std::string& type = slice.address_type;
  fields.optional("endpoints", slice.endpoints,
                  list_of([&type](const Cursor& endpoint) { return decode_endpoint(endpoint, type); }, 0, 1000));
}

void decode_secret(const Cursor& object, Fields& fields, Secret& secret) {
  fields.optional("type", secret.type, as_string);
  fields.optional("data", secret.data, as_base64_map);
  std::map<std::string, std::string> texts;
  fields.optional("stringData", texts, as_string_map);
  fields.ignore({"immutable"});
  for (auto& [key, text] : texts) secret.data[key] = std::move(text);
  if (secret.type.empty()) secret.type = "Opaque";
  check_data(object, secret.data);
  check_secret_type(object, secret);
}

void decode_config_map(const Cursor& object, Fields& fields, ConfigMap& config_map) {
  std::map<std::string, std::string> binary;
  fields.optional("data", config_map.data, as_string_map);
  fields.optional("binaryData", binary, as_base64_map);
  fields.ignore({"immutable"});
  for (auto& [key, bytes] : binary) {
    if (!config_map.data.emplace(key, std::move(bytes)).second) {
      object.problem(fmt::format("\"{}\" is in data and in binaryData (leave one out)", key));
    }
  }
  check_data(object, config_map.data);
}

void decode_namespace(const Cursor& /*object*/, Fields& fields, Namespace& ns) {
  ns.meta.labels["kubernetes.io/metadata.name"] = ns.meta.name;
  fields.ignore({"spec"});
}

}  // namespace gw::api
