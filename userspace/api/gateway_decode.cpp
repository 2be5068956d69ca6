// SPDX-License-Identifier: Apache-2.0
// GatewayClass, Gateway, ListenerSet and ReferenceGrant of gateway.networking.k8s.io. Bounds, patterns and rules are
// those of the CRDs of v1.7, experimental channel.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"
#include "userspace/base/ip.hpp"

namespace gw::api {
namespace {

RouteGroupKind decode_route_kind(const Cursor& cursor) {
  RouteGroupKind kind;
  Fields fields(cursor);
  fields.optional("group", kind.group, as_group);
  fields.required("kind", kind.kind, as_kind);
  fields.finish();
  return kind;
}

AllowedRoutes decode_allowed_routes(const Cursor& cursor) {
  AllowedRoutes allowed;
  Fields fields(cursor);
  fields.optional("namespaces", allowed.namespaces, decode_route_namespaces);
  fields.optional("kinds", allowed.kinds, list_of(decode_route_kind, 0, 8));
  fields.finish();
  return allowed;
}

TlsMode as_tls_mode(const Cursor& cursor) {
  return word_of<TlsMode>({{"Terminate", TlsMode::Terminate}, {"Passthrough", TlsMode::Passthrough}})(cursor);
}

ListenerTls decode_listener_tls(const Cursor& cursor) {
  ListenerTls tls;
  Fields fields(cursor);
  fields.optional("mode", tls.mode, as_tls_mode);
  fields.optional("certificateRefs", tls.certificate_refs, list_of(decode_secret_reference, 0, 64));
  fields.optional("options", tls.options, decode_tls_options);
  fields.finish();
  if (tls.mode == TlsMode::Terminate && tls.certificate_refs.empty() && tls.options.empty()) {
    cursor.problem("has no certificateRefs (the mode Terminate needs a certificate, or options)");
  }
  return tls;
}

std::vector<RouteFilter> decode_filters(const Cursor& cursor) {
  std::vector<RouteFilter> filters;
  Fields fields(cursor);
  fields.optional("requests", filters, decode_listener_filters);
  fields.finish();
  return filters;
}

/// The CEL rules of a single listener.
void check_listener(const Cursor& cursor, const Listener& listener, bool has_filters) {
  const std::string& protocol = listener.protocol;
  const bool is_l4 = protocol == "TCP" || protocol == "UDP";
  if (listener.tls && (is_l4 || protocol == "HTTP")) {
    cursor.field("tls").problem(
        fmt::format("is set, but the protocol is {} (only HTTPS and TLS listeners have tls)", protocol));
  }
  if (listener.tls && protocol == "HTTPS" && listener.tls->mode != TlsMode::Terminate) {
    cursor.field("tls").problem("has the mode Passthrough (an HTTPS listener terminates; use the protocol TLS)");
  }
  if (!listener.tls && protocol == "TLS") cursor.problem("tls is missing (a TLS listener needs it, with its mode)");
  if (listener.hostname && is_l4) {
    cursor.problem(fmt::format("has a hostname, which a {} listener cannot match (leave it out)", protocol));
  }
  if (has_filters && protocol != "HTTP" && protocol != "HTTPS") {
    cursor.field("filters").problem(
        fmt::format("is set, but the protocol is {} (only HTTP and HTTPS listeners have filters)", protocol));
  }
}

Listener decode_listener(const Cursor& cursor) {
  Listener listener;
  listener.location = cursor.location();
  Fields fields(cursor);
  fields.required("name", listener.name, as_section_name);
  fields.optional("hostname", listener.hostname, as_hostname);
  fields.required("port", listener.port, as_port);
  fields.required("protocol", listener.protocol, checked_by(check_protocol));
  fields.optional("tls", listener.tls, decode_listener_tls);
  fields.optional("allowedRoutes", listener.allowed_routes, decode_allowed_routes);
  const bool has_filters = fields.find("filters").has_value();
  fields.optional("filters", listener.request_filters, decode_filters);
  check_listener(cursor, listener, has_filters);
  fields.finish();
  return listener;
}

std::vector<Listener> decode_listeners(const Cursor& cursor) {
  auto listeners = list_of(decode_listener, 1, 64)(cursor);
  for (std::size_t i = 1; i < listeners.size(); ++i) {
    const Listener& listener = listeners[i];
    const auto earlier = std::span(listeners).first(i);
    if (std::ranges::find(earlier, listener.name, &Listener::name) != earlier.end()) {
      cursor.item(i).problem(
          fmt::format("another listener is named \"{}\" (names are unique within a Gateway)", listener.name));
    }
    const auto key = [](const Listener& l) { return std::tie(l.port, l.protocol, l.hostname); };
    if (std::ranges::find(earlier, key(listener), key) != earlier.end()) {
      cursor.item(i).problem(
          fmt::format("another listener has port {}, protocol {} and the same hostname (the combination is unique)",
                      listener.port, listener.protocol));
    }
  }
  return listeners;
}

/// The CRD's pattern is not anchored on both sides of each of its words:
/// "^Hostname|IPAddress|NamedAddress|DOMAIN/PATH$".
std::optional<std::string> check_address_type(std::string_view text) {
  const bool is_right = text.starts_with("Hostname") || text.find("IPAddress") != std::string_view::npos ||
                        text.find("NamedAddress") != std::string_view::npos || ends_with_domain_path(text);
  if (is_right && text.size() <= 253) return std::nullopt;
  return fmt::format("\"{}\" is not supported (expected IPAddress, Hostname, or a type such as example.com/pool)",
                     text.substr(0, 80));
}

std::optional<std::string> check_routability(std::string_view text) {
  if (text.empty() || text == "Cluster") return std::nullopt;
  const std::size_t slash = text.find('/');
  const std::string_view domain = text.substr(0, slash);
  const bool is_reserved = domain == "k8s.io" || domain.ends_with(".k8s.io");
  const bool has_path = slash != std::string_view::npos && text.rfind('/') + 1 < text.size();
  if (has_path && !is_reserved && text.size() <= 253 && !check_dns_subdomain(domain)) return std::nullopt;
  return fmt::format("\"{}\" is not supported (expected Cluster, or a value such as example.com/lan)",
                     text.substr(0, 80));
}

GatewayAddress decode_address(const Cursor& cursor) {
  GatewayAddress address;
  address.location = cursor.location();
  Fields fields(cursor);
  fields.optional("type", address.type, checked_by(check_address_type));
  std::optional<std::string> value;
  fields.optional("value", value, text_of(0, 253));
  fields.optional("routability", address.routability, checked_by(check_routability));
  fields.finish();
  address.value = value.value_or("");
  if (address.type == "IPAddress" && value && !IpAddress::parse(*value)) {
    cursor.problem(fmt::format("\"{}\" is not an IP address (expected such as 192.0.2.1 or 2001:db8::1)", *value));
  }
  if (address.type == "Hostname" && value) {
    if (auto wrong = check_hostname(*value)) cursor.problem(std::move(*wrong));
  }
  return address;
}

/// Values of the types IPAddress and Hostname are unique.
std::vector<GatewayAddress> decode_addresses(const Cursor& cursor) {
  auto addresses = list_of(decode_address, 0, 16)(cursor);
  for (std::size_t i = 1; i < addresses.size(); ++i) {
    const GatewayAddress& address = addresses[i];
    if ((address.type != "IPAddress" && address.type != "Hostname") || address.value.empty()) continue;
    const auto earlier = std::span(addresses).first(i);
    const bool is_twice = std::ranges::any_of(
        earlier, [&](const auto& other) { return other.type == address.type && other.value == address.value; });
    if (is_twice) cursor.item(i).problem("occurs twice (addresses are unique)");
  }
  return addresses;
}

void check_metadata_key(const Cursor& cursor, const std::string& key) {
  if (auto wrong = check_qualified_name(key)) cursor.entry(key).problem("has a key that is wrong: " + *wrong);
}

std::map<std::string, std::string> decode_infrastructure_labels(const Cursor& cursor) {
  auto labels = cursor.string_map(8);
  for (const auto& [key, value] : labels) {
    check_metadata_key(cursor, key);
    if (auto wrong = check_label_value(value)) cursor.entry(key).problem(std::move(*wrong));
  }
  return labels;
}

std::map<std::string, std::string> decode_infrastructure_annotations(const Cursor& cursor) {
  auto annotations = cursor.string_map(16);
  for (const auto& [key, value] : annotations) {
    check_metadata_key(cursor, key);
    if (!is_length_within(value, 0, 4096)) cursor.entry(key).problem("is too long (expected at most 4096 characters)");
  }
  return annotations;
}

GatewayInfrastructure decode_infrastructure(const Cursor& cursor) {
  GatewayInfrastructure infrastructure;
  Fields fields(cursor);
  fields.optional("labels", infrastructure.labels, decode_infrastructure_labels);
  fields.optional("annotations", infrastructure.annotations, decode_infrastructure_annotations);
  fields.optional("parametersRef", infrastructure.parameters_ref, decode_local_reference);
  fields.finish();
  return infrastructure;
}

RouteNamespaces decode_allowed_listeners(const Cursor& cursor) {
  RouteNamespaces namespaces{NamespacesFrom::None, {}};
  Fields fields(cursor);
  fields.optional("namespaces", namespaces, decode_listener_namespaces);
  fields.finish();
  return namespaces;
}

std::vector<ObjectReference> decode_ca_references(const Cursor& cursor) {
  auto refs = list_of(decode_object_reference, 1, 16)(cursor);
  for (std::size_t i = 0; i < refs.size(); ++i) {
    if (refs[i].group == "certificates.k8s.io" && refs[i].kind == "ClusterTrustBundle" && refs[i].ns) {
      cursor.item(i).problem("names a namespace (a ClusterTrustBundle has none: leave it out)");
    }
  }
  return refs;
}

FrontendValidation decode_validation(const Cursor& cursor) {
  using Mode = FrontendValidation::Mode;
  FrontendValidation validation;
  Fields fields(cursor);
  fields.required("caCertificateRefs", validation.ca_certificate_refs, decode_ca_references);
  fields.optional("mode", validation.mode,
                  word_of<Mode>({{"AllowValidOnly", Mode::AllowValidOnly},
                                 {"AllowInsecureFallback", Mode::AllowInsecureFallback}}));
  fields.finish();
  return validation;
}

/// TLSConfig: {validation}
std::optional<FrontendValidation> decode_tls_config(const Cursor& cursor) {
  std::optional<FrontendValidation> validation;
  Fields fields(cursor);
  fields.optional("validation", validation, decode_validation);
  fields.finish();
  return validation;
}

GatewayTls::PerPort decode_per_port(const Cursor& cursor) {
  GatewayTls::PerPort per_port;
  Fields fields(cursor);
  fields.required("port", per_port.port, as_port);
  fields.required("tls", per_port.validation, decode_tls_config);
  fields.finish();
  return per_port;
}

std::vector<GatewayTls::PerPort> decode_per_ports(const Cursor& cursor) {
  auto ports = list_of(decode_per_port, 0, 64)(cursor);
  report_repeated(
      cursor, ports, [](const auto& per_port) { return per_port.port; },
      "another item has this port (ports are unique)");
  return ports;
}

void decode_frontend(const Cursor& cursor, GatewayTls& tls) {
  Fields fields(cursor);
  fields.required("default", tls.frontend_default, decode_tls_config);
  fields.optional("perPort", tls.frontend_per_port, decode_per_ports);
  fields.finish();
}

GatewayTls decode_gateway_tls(const Cursor& cursor) {
  GatewayTls tls;
  Fields fields(cursor);
  if (const auto backend = fields.find("backend")) {
    Fields backend_fields(*backend);
    backend_fields.optional("clientCertificateRef", tls.backend_client_certificate, decode_secret_reference);
    backend_fields.finish();
  }
  if (const auto frontend = fields.find("frontend")) decode_frontend(*frontend, tls);
  fields.finish();
  return tls;
}

ReferenceGrant::From decode_from(const Cursor& cursor) {
  ReferenceGrant::From from;
  Fields fields(cursor);
  fields.required("group", from.group, as_group);
  fields.required("kind", from.kind, as_kind);
  fields.required("namespace", from.ns, as_namespace);
  fields.finish();
  return from;
}

ReferenceGrant::To decode_to(const Cursor& cursor) {
  ReferenceGrant::To to;
  Fields fields(cursor);
  fields.required("group", to.group, as_group);
  fields.required("kind", to.kind, as_kind);
  fields.optional("name", to.name, as_object_name);
  fields.finish();
  return to;
}

}  // namespace

std::map<std::string, std::string> decode_tls_options(const Cursor& cursor) {
  auto options = cursor.string_map(16);
  for (const auto& [key, value] : options) {
    if (!is_length_within(key, 1, 253)) cursor.entry(key).problem("has a key of wrong length (expected 1 to 253)");
    if (!is_length_within(value, 0, 4096)) cursor.entry(key).problem("is too long (expected at most 4096 characters)");
  }
  return options;
}

DefaultScope decode_default_scope(const Cursor& cursor) {
  return word_of<DefaultScope>({{"All", DefaultScope::All}, {"None", DefaultScope::None}})(cursor);
}

void decode_gateway_class(const Cursor& spec, GatewayClass& gateway_class) {
  Fields fields(spec);
  fields.required("controllerName", gateway_class.controller_name, checked_by(check_controller));
  fields.optional("parametersRef", gateway_class.parameters_ref, decode_object_reference);
  std::string description;
  fields.optional("description", description, text_of(0, 64));
  fields.finish();
}

void decode_gateway(const Cursor& spec, Gateway& gateway) {
  Fields fields(spec);
  fields.required("gatewayClassName", gateway.class_name, as_object_name);
  fields.required("listeners", gateway.listeners, decode_listeners);
  fields.optional("addresses", gateway.addresses, decode_addresses);
  fields.optional("infrastructure", gateway.infrastructure, decode_infrastructure);
  fields.optional("allowedListeners", gateway.allowed_listeners, decode_allowed_listeners);
  fields.optional("tls", gateway.tls, decode_gateway_tls);
  fields.optional("defaultScope", gateway.default_scope, decode_default_scope);
  fields.finish();
}

void decode_listener_set(const Cursor& spec, ListenerSet& listener_set) {
  Fields fields(spec);
  fields.required("parentRef", listener_set.parent, decode_listener_set_parent);
  fields.required("listeners", listener_set.listeners, decode_listeners);
  fields.finish();
}

void decode_reference_grant(const Cursor& spec, ReferenceGrant& grant) {
  Fields fields(spec);
  fields.required("from", grant.from, list_of(decode_from, 1, 16));
  fields.required("to", grant.to, list_of(decode_to, 1, 16));
  fields.finish();
}

}  // namespace gw::api
