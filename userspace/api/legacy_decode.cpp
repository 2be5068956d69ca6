// SPDX-License-Identifier: Apache-2.0
// networking.x-k8s.io/v1alpha1 of 2021 (v0.3.0): GatewayClass, Gateway, TCPRoute, mapped onto the shapes of v1. What v1
// cannot say stays in the `legacy_` fields.
#include <fmt/format.h>

#include "userspace/api/kinds.hpp"

namespace gw::api {
namespace {

/// spec.listeners[].routes: which routes the listener selects.
void decode_route_selection(const Cursor& cursor, Listener& listener) {
  Fields fields(cursor);
  RouteGroupKind kind{.group = kLegacyGroup, .kind = {}};
  if (const auto name = fields.require("kind")) kind.kind = name->checked(check_kind);
  if (const auto group = fields.find("group")) kind.group = group->checked(check_group);
  listener.allowed_routes.kinds.push_back(kind);
  listener.legacy_route_selector = LabelSelector{};
  if (const auto selector = fields.find("selector")) listener.legacy_route_selector = decode_selector(*selector);
  if (const auto namespaces = fields.find("namespaces")) {
    listener.allowed_routes.namespaces = decode_route_namespaces(*namespaces, {"All", "Selector", "Same"});
  }
  fields.finish();
}

Listener decode_listener(const Cursor& cursor, std::size_t index) {
  Listener listener;
  listener.location = cursor.location();
  listener.name = fmt::format("listener-{}", index);
  Fields fields(cursor);
  if (const auto hostname = fields.find("hostname")) {
    const std::string text = hostname->string();
    if (!text.empty() && text != "*") listener.hostname = hostname->checked(check_hostname);
  }
  if (const auto port = fields.require("port")) listener.port = static_cast<std::uint16_t>(port->integer(1, 65535));
  if (const auto protocol = fields.require("protocol")) listener.protocol = protocol->checked(check_protocol);
  if (const auto routes = fields.require("routes")) decode_route_selection(*routes, listener);
  fields.ignore({"tls"});
  fields.finish();
  return listener;
}

GatewayAddress decode_address(const Cursor& cursor) {
  GatewayAddress address;
  address.location = cursor.location();
  Fields fields(cursor);
  if (const auto type = fields.find("type")) address.type = type->one_of({"IPAddress", "NamedAddress"});
  if (const auto value = fields.require("value")) address.value = value->checked(check_not_empty);
  fields.finish();
  return address;
}

NamespacedName decode_gateway_ref(const Cursor& cursor) {
  NamespacedName ref;
  Fields fields(cursor);
  if (const auto name = fields.require("name")) ref.name = name->checked(check_not_empty);
  if (const auto ns = fields.require("namespace")) ref.ns = ns->checked(check_dns_label);
  fields.finish();
  return ref;
}

LegacyGatewaysAllow decode_gateways(const Cursor& cursor) {
  using Allow = LegacyGatewaysAllow::Allow;
  LegacyGatewaysAllow gateways;
  Fields fields(cursor);
  if (const auto allow = fields.find("allow")) {
    const std::string word = allow->one_of({"SameNamespace", "All", "FromList"});
    gateways.allow = word == "All" ? Allow::All : word == "FromList" ? Allow::FromList : Allow::SameNamespace;
  }
  if (const auto refs = fields.find("gatewayRefs")) {
    for (const auto& item : refs->items(0, 1000)) gateways.gateway_refs.push_back(decode_gateway_ref(item));
  }
  fields.finish();
  return gateways;
}

/// {group, kind, name}: a backend that is no Service.
void decode_local_object(const Cursor& cursor, BackendRef& ref) {
  Fields fields(cursor);
  if (const auto group = fields.require("group")) ref.group = group->checked(check_group);
  if (const auto kind = fields.require("kind")) ref.kind = kind->checked(check_kind);
  if (const auto name = fields.require("name")) ref.name = name->checked(check_not_empty);
  if (ref.group == "core") ref.group.clear();
  fields.finish();
}

/// serviceName wins over backendRef where both are set.
BackendRef decode_forward_to(const Cursor& cursor) {
  BackendRef ref;
  ref.location = cursor.location();
  Fields fields(cursor);
  const auto backend = fields.find("backendRef");
  const auto service = fields.find("serviceName");
  if (backend) decode_local_object(*backend, ref);
  if (service) {
    ref.group.clear();
    ref.kind = "Service";
    ref.name = service->checked(check_not_empty);
  }
  if (!service && !backend) cursor.problem("names no backend (serviceName or backendRef is required)");
  if (const auto port = fields.find("port")) ref.port = static_cast<std::uint16_t>(port->integer(1, 65535));
  if (const auto weight = fields.find("weight")) ref.weight = static_cast<std::uint32_t>(weight->integer(0, 1'000'000));
  fields.finish();
  return ref;
}

void decode_match(const Cursor& cursor) {
  Fields fields(cursor);
  if (const auto extension = fields.find("extensionRef")) {
    extension->problem("is set (this version serves no match extensions: leave it out)");
  }
  fields.finish();
}

L4RouteRule decode_rule(const Cursor& cursor) {
  L4RouteRule rule;
  Fields fields(cursor);
  if (const auto matches = fields.find("matches")) {
    for (const auto& item : matches->items(0, 8)) decode_match(item);
  }
  if (const auto targets = fields.require("forwardTo")) {
    for (const auto& item : targets->items(1, 16)) rule.backend_refs.push_back(decode_forward_to(item));
  }
  fields.finish();
  return rule;
}

}  // namespace

void decode_legacy_gateway_class(const Cursor& spec, GatewayClass& gateway_class) {
  Fields fields(spec);
  if (const auto name = fields.require("controller")) gateway_class.controller_name = name->checked(check_controller);
  gateway_class.has_parameters_ref = fields.find("parametersRef").has_value();
  fields.finish();
}

void decode_legacy_gateway(const Cursor& spec, Gateway& gateway) {
  Fields fields(spec);
  if (const auto name = fields.require("gatewayClassName")) gateway.class_name = name->checked(check_not_empty);
  if (const auto listeners = fields.require("listeners")) {
    for (const auto& item : listeners->items(1, 64)) {
      gateway.listeners.push_back(decode_listener(item, gateway.listeners.size()));
    }
  }
  if (const auto addresses = fields.find("addresses")) {
    for (const auto& item : addresses->items(0, 16)) gateway.addresses.push_back(decode_address(item));
  }
  fields.finish();
}

void decode_legacy_l4_route(const Cursor& spec, L4Route& route) {
  route.legacy_gateways = LegacyGatewaysAllow{};
  Fields fields(spec);
  if (const auto gateways = fields.find("gateways")) route.legacy_gateways = decode_gateways(*gateways);
  if (const auto rules = fields.require("rules")) {
    for (const auto& item : rules->items(1, 16)) route.rules.push_back(decode_rule(item));
  }
  fields.finish();
}

}  // namespace gw::api
