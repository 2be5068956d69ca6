// SPDX-License-Identifier: Apache-2.0
// networking.x-k8s.io/v1alpha1 of 2021 (v0.3.0): GatewayClass, Gateway, HTTPRoute, TCPRoute, UDPRoute, TLSRoute and
// BackendPolicy, mapped onto the shapes of v1. What v1 cannot say stays in the `legacy_` fields.
#include <fmt/format.h>

#include <array>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

/// spec.listeners[].routes: which routes the listener selects.
void decode_route_selection(const Cursor& cursor, Listener& listener) {
  Fields fields(cursor);
  RouteGroupKind kind{.group = kLegacyGroup, .kind = {}};
  fields.required("kind", kind.kind, as_kind);
  fields.optional("group", kind.group, checked_by(check_dns_subdomain));
  listener.allowed_routes.kinds.push_back(kind);
  listener.legacy_route_selector = LabelSelector{};
  fields.optional("selector", listener.legacy_route_selector, decode_selector);
  fields.optional("namespaces", listener.allowed_routes.namespaces, decode_route_namespaces);
  fields.finish();
}

bool decode_route_override(const Cursor& cursor) {
  bool may_override = false;
  Fields fields(cursor);
  fields.optional("certificate", may_override, word_of<bool>({{"Allow", true}, {"Deny", false}}));
  fields.finish();
  return may_override;
}

ListenerTls decode_tls(const Cursor& cursor) {
  ListenerTls tls;
  Fields fields(cursor);
  fields.optional("mode", tls.mode,
                  word_of<TlsMode>({{"Terminate", TlsMode::Terminate}, {"Passthrough", TlsMode::Passthrough}}));
  if (const auto ref = fields.find("certificateRef")) tls.certificate_refs.push_back(decode_legacy_reference(*ref));
  fields.optional("routeOverride", tls.legacy_route_may_override_certificate, decode_route_override);
  fields.optional("options", tls.options, as_string_map);
  fields.finish();
  return tls;
}

/// "*" is every name, as is none.
std::optional<std::string> as_listener_hostname(const Cursor& cursor) {
  if (cursor.node().IsScalar() && cursor.node().Scalar() == "*") return std::nullopt;
  return as_hostname(cursor);
}

Listener decode_listener(const Cursor& cursor) {
  Listener listener;
  listener.location = cursor.location();
  Fields fields(cursor);
  fields.optional("hostname", listener.hostname, as_listener_hostname);
  fields.required("port", listener.port, as_port);
  fields.required("protocol", listener.protocol, checked_by(check_protocol));
  fields.optional("tls", listener.tls, decode_tls);
  // "Required if the protocol is HTTPS or TLS, and ignored otherwise."
  if (listener.protocol != "HTTPS" && listener.protocol != "TLS") listener.tls.reset();
  if (const auto routes = fields.require("routes")) decode_route_selection(*routes, listener);
  fields.finish();
  return listener;
}

/// Listeners have no names; we give them some.
std::vector<Listener> decode_listeners(const Cursor& cursor) {
  auto listeners = list_of(decode_listener, 1, 64)(cursor);
  for (std::size_t i = 0; i < listeners.size(); ++i) listeners[i].name = fmt::format("listener-{}", i);
  return listeners;
}

GatewayAddress decode_address(const Cursor& cursor) {
  GatewayAddress address;
  address.location = cursor.location();
  Fields fields(cursor);
  fields.optional("type", address.type, [](const Cursor& type) { return type.one_of({"IPAddress", "NamedAddress"}); });
  fields.required("value", address.value, as_object_name);
  fields.finish();
  return address;
}

NamespacedName decode_gateway_ref(const Cursor& cursor) {
  NamespacedName ref;
  Fields fields(cursor);
  fields.required("name", ref.name, as_object_name);
  fields.required("namespace", ref.ns, checked_by(check_dns_label));
  fields.finish();
  return ref;
}

LegacyGatewaysAllow decode_gateways(const Cursor& cursor) {
  using Allow = LegacyGatewaysAllow::Allow;
  LegacyGatewaysAllow gateways;
  Fields fields(cursor);
  fields.optional(
      "allow", gateways.allow,
      word_of<Allow>({{"SameNamespace", Allow::SameNamespace}, {"All", Allow::All}, {"FromList", Allow::FromList}}));
  fields.optional("gatewayRefs", gateways.gateway_refs, list_of(decode_gateway_ref, 0, 1000));
  fields.finish();
  return gateways;
}

/// {serviceName, backendRef, port}: serviceName wins where both are set.
void decode_target_fields(const Cursor& cursor, Fields& fields, BackendRef& ref) {
  ref.location = cursor.location();
  std::optional<ObjectReference> object;
  std::optional<std::string> service;
  fields.optional("backendRef", object, decode_legacy_reference);
  fields.optional("serviceName", service, as_object_name);
  fields.optional("port", ref.port, as_port);
  if (!service && !object) cursor.problem("names no backend (serviceName or backendRef is required)");
  if (service) {
    ref.name = *service;
  } else if (object) {
    ref.group = object->group;
    ref.kind = object->kind;
    ref.name = object->name;
  }
}

BackendRef decode_forward_to(const Cursor& cursor) {
  BackendRef ref;
  Fields fields(cursor);
  decode_target_fields(cursor, fields, ref);
  decode_weight(fields, ref);
  fields.finish();
  return ref;
}

LegacyMatch decode_l4_match(const Cursor& cursor) {
  LegacyMatch match;
  Fields fields(cursor);
  fields.optional("extensionRef", match.extension_ref, decode_legacy_reference);
  fields.finish();
  return match;
}

LegacyMatch decode_tls_match(const Cursor& cursor) {
  LegacyMatch match;
  Fields fields(cursor);
  fields.optional("snis", match.snis, list_of(as_hostname, 0, 16));
  fields.optional("extensionRef", match.extension_ref, decode_legacy_reference);
  fields.finish();
  return match;
}

template <typename Rule, auto DecodeMatch>
Rule decode_rule(const Cursor& cursor) {
  Rule rule;
  Fields fields(cursor);
  fields.optional("matches", rule.legacy_matches, list_of(DecodeMatch, 0, 8));
  fields.required("forwardTo", rule.backend_refs, list_of(decode_forward_to, 1, 16));
  fields.finish();
  return rule;
}

void decode_gateways_field(Fields& fields, Route& route) {
  route.legacy_gateways = LegacyGatewaysAllow{};
  fields.optional("gateways", route.legacy_gateways, decode_gateways);
}

HttpPathMatch decode_path_match(const Cursor& cursor) {
  using Type = HttpPathMatch::Type;
  HttpPathMatch path;
  Fields fields(cursor);
  fields.optional("type", path.type,
                  word_of<Type>({{"Exact", Type::Exact},
                                 {"Prefix", Type::PathPrefix},
                                 {"RegularExpression", Type::RegularExpression},
                                 {"ImplementationSpecific", Type::LegacyImplementationSpecific}}));
  fields.optional("value", path.value, as_string);
  fields.finish();
  return path;
}

/// {type, values: {name: value}}, which v1 writes as a list.
std::vector<NamedValueMatch> decode_named_values(const Cursor& cursor) {
  using Type = StringMatchType;
  Type type = Type::Exact;
  std::map<std::string, std::string> values;
  Fields fields(cursor);
  fields.optional("type", type,
                  word_of<Type>({{"Exact", Type::Exact},
                                 {"RegularExpression", Type::RegularExpression},
                                 {"ImplementationSpecific", Type::LegacyImplementationSpecific}}));
  fields.required("values", values, as_string_map);
  fields.finish();
  std::vector<NamedValueMatch> matches;
  matches.reserve(values.size());
  for (const auto& [name, value] : values) matches.push_back({type, name, value});
  return matches;
}

HttpRouteMatch decode_http_match(const Cursor& cursor) {
  HttpRouteMatch match;
  Fields fields(cursor);
  fields.optional("path", match.path, decode_path_match);
  fields.optional("headers", match.headers, decode_named_values);
  fields.optional("queryParams", match.query_params, decode_named_values);
  fields.optional("extensionRef", match.legacy_extension_ref, decode_legacy_reference);
  fields.finish();
  return match;
}

std::vector<HeaderValue> decode_header_map(const Cursor& cursor) {
  std::vector<HeaderValue> headers;
  for (const auto& [name, value] : cursor.string_map()) headers.push_back({name, value});
  return headers;
}

RequestHeaderModifier decode_request_headers(const Cursor& cursor) {
  RequestHeaderModifier modifier;
  Fields fields(cursor);
  fields.optional("set", modifier.headers.set, decode_header_map);
  fields.optional("add", modifier.headers.add, decode_header_map);
  fields.optional("remove", modifier.headers.remove, list_of(as_string, 0, 16));
  fields.finish();
  return modifier;
}

RequestMirror decode_mirror(const Cursor& cursor) {
  RequestMirror mirror;
  Fields fields(cursor);
  decode_target_fields(cursor, fields, mirror.backend);
  fields.finish();
  return mirror;
}

ExtensionFilter decode_extension(const Cursor& cursor) { return {decode_legacy_reference(cursor)}; }

constexpr std::array kFilterTypes = {
    FilterType{"RequestHeaderModifier", "requestHeaderModifier", into_filter<decode_request_headers>},
    FilterType{"RequestMirror", "requestMirror", into_filter<decode_mirror>},
    FilterType{"ExtensionRef", "extensionRef", into_filter<decode_extension>}};

std::vector<RouteFilter> decode_filters(const Cursor& cursor) { return decode_typed_filters(cursor, kFilterTypes); }

HttpBackendRef decode_http_forward_to(const Cursor& cursor) {
  HttpBackendRef ref;
  Fields fields(cursor);
  decode_target_fields(cursor, fields, ref);
  decode_weight(fields, ref);
  fields.optional("filters", ref.filters, decode_filters);
  fields.finish();
  return ref;
}

HttpRouteRule decode_http_rule(const Cursor& cursor) {
  HttpRouteRule rule;
  rule.location = cursor.location();
  rule.matches.emplace_back();
  Fields fields(cursor);
  fields.optional("matches", rule.matches, list_of(decode_http_match, 0, 8));
  fields.optional("filters", rule.filters, decode_filters);
  fields.optional("forwardTo", rule.backend_refs, list_of(decode_http_forward_to, 0, 16));
  fields.finish();
  return rule;
}

ObjectReference decode_route_tls(const Cursor& cursor) {
  ObjectReference certificate;
  Fields fields(cursor);
  fields.required("certificateRef", certificate, decode_legacy_reference);
  fields.finish();
  return certificate;
}

/// {group, kind, name, scope = Cluster, namespace}: the namespace counts with the scope Namespace only.
ObjectReference decode_parameters(const Cursor& cursor) {
  ObjectReference ref;
  ref.location = cursor.location();
  bool is_namespaced = false;
  Fields fields(cursor);
  fields.required("group", ref.group, as_object_name);
  fields.required("kind", ref.kind, as_object_name);
  fields.required("name", ref.name, as_object_name);
  fields.optional("namespace", ref.ns, as_object_name);
  fields.optional("scope", is_namespaced, word_of<bool>({{"Cluster", false}, {"Namespace", true}}));
  fields.finish();
  if (!is_namespaced) ref.ns.reset();
  if (ref.group == "core") ref.group.clear();
  return ref;
}

BackendPolicy::Backend decode_policy_backend(const Cursor& cursor) {
  BackendPolicy::Backend backend;
  backend.object.location = cursor.location();
  Fields fields(cursor);
  fields.required("group", backend.object.group, text_of(0, 253));
  fields.required("kind", backend.object.kind, text_of(0, 253));
  fields.required("name", backend.object.name, text_of(0, 253));
  fields.optional("port", backend.port, as_port);
  fields.finish();
  if (backend.object.group == "core") backend.object.group.clear();
  return backend;
}

void decode_policy_tls(const Cursor& cursor, BackendPolicy& policy) {
  policy.has_tls = true;
  Fields fields(cursor);
  fields.optional("certificateAuthorityRef", policy.ca_certificate_ref, decode_legacy_reference);
  fields.optional("options", policy.options, as_string_map);
  fields.finish();
}

}  // namespace

void decode_legacy_gateway_class(const Cursor& spec, GatewayClass& gateway_class) {
  Fields fields(spec);
  fields.required("controller", gateway_class.controller_name, checked_by(check_controller));
  fields.optional("parametersRef", gateway_class.parameters_ref, decode_parameters);
  fields.finish();
}

void decode_legacy_gateway(const Cursor& spec, Gateway& gateway) {
  Fields fields(spec);
  fields.required("gatewayClassName", gateway.class_name, as_object_name);
  fields.required("listeners", gateway.listeners, decode_listeners);
  fields.optional("addresses", gateway.addresses, list_of(decode_address, 0, 16));
  fields.finish();
}

void decode_legacy_http_route(const Cursor& spec, HttpRoute& route) {
  route.rules.emplace_back().matches.emplace_back();
  Fields fields(spec);
  decode_gateways_field(fields, route);
  fields.optional("hostnames", route.hostnames, list_of(as_hostname, 0, 16));
  fields.optional("tls", route.legacy_certificate_ref, decode_route_tls);
  fields.optional("rules", route.rules, list_of(decode_http_rule, 0, 16));
  fields.finish();
}

void decode_legacy_l4_route(const Cursor& spec, L4Route& route) {
  Fields fields(spec);
  decode_gateways_field(fields, route);
  fields.required("rules", route.rules, list_of(decode_rule<L4RouteRule, decode_l4_match>, 1, 16));
  fields.finish();
}

void decode_legacy_tls_route(const Cursor& spec, TlsRoute& route) {
  Fields fields(spec);
  decode_gateways_field(fields, route);
  fields.required("rules", route.rules, list_of(decode_rule<TlsRouteRule, decode_tls_match>, 1, 16));
  fields.finish();
}

void decode_backend_policy(const Cursor& spec, BackendPolicy& policy) {
  Fields fields(spec);
  fields.required("backendRefs", policy.backends, list_of(decode_policy_backend, 0, 16));
  if (const auto tls = fields.find("tls")) decode_policy_tls(*tls, policy);
  fields.finish();
}

}  // namespace gw::api
