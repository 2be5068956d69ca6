// SPDX-License-Identifier: Apache-2.0
// GatewayClass, Gateway, TCPRoute and ReferenceGrant of gateway.networking.k8s.io. Bounds and patterns are those of the
// CRDs of v1.6.
#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "userspace/api/kinds.hpp"

namespace gw::api {
namespace {

RouteGroupKind decode_route_kind(const Cursor& cursor) {
  RouteGroupKind kind;
  Fields fields(cursor);
  if (const auto group = fields.find("group")) kind.group = group->checked(check_group);
  if (const auto name = fields.require("kind")) kind.kind = name->checked(check_kind);
  fields.finish();
  return kind;
}

AllowedRoutes decode_allowed_routes(const Cursor& cursor) {
  AllowedRoutes allowed;
  Fields fields(cursor);
  if (const auto namespaces = fields.find("namespaces")) {
    allowed.namespaces = decode_route_namespaces(*namespaces, {"All", "Selector", "Same", "None"});
  }
  if (const auto kinds = fields.find("kinds")) {
    for (const auto& item : kinds->items(0, 8)) allowed.kinds.push_back(decode_route_kind(item));
  }
  fields.finish();
  return allowed;
}

Listener decode_listener(const Cursor& cursor) {
  Listener listener;
  listener.location = cursor.location();
  Fields fields(cursor);
  if (const auto name = fields.require("name")) listener.name = name->checked(check_dns_subdomain);
  if (const auto hostname = fields.find("hostname")) listener.hostname = hostname->checked(check_hostname);
  if (const auto port = fields.require("port")) listener.port = static_cast<std::uint16_t>(port->integer(1, 65535));
  if (const auto protocol = fields.require("protocol")) listener.protocol = protocol->checked(check_protocol);
  if (const auto allowed = fields.find("allowedRoutes")) listener.allowed_routes = decode_allowed_routes(*allowed);
  const bool is_plain = listener.protocol == "TCP" || listener.protocol == "UDP" || listener.protocol == "HTTP";
  if (const auto tls = fields.find("tls"); tls && is_plain) {
    tls->problem(fmt::format("is set on a {} listener (only HTTPS and TLS listeners have tls)", listener.protocol));
  }
  if (listener.hostname && !listener.hostname->empty() && (listener.protocol == "TCP" || listener.protocol == "UDP")) {
    cursor.problem(fmt::format("has a hostname, which a {} listener cannot match (leave it out)", listener.protocol));
  }
  fields.finish();
  return listener;
}

/// The CEL rules of spec.listeners: names are unique, and so is port + protocol + hostname.
void check_distinct(const Cursor& cursor, const std::vector<Listener>& listeners) {
  std::set<std::string> names;
  std::set<std::tuple<std::uint16_t, std::string, std::string>> keys;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const Listener& listener = listeners[i];
    const Cursor at(cursor.node()[i], fmt::format("{}[{}]", cursor.path(), i), cursor.context());
    if (!names.insert(listener.name).second) {
      at.problem(fmt::format("another listener is named \"{}\" (names are unique within a Gateway)", listener.name));
    }
    if (!keys.emplace(listener.port, listener.protocol, listener.hostname.value_or("")).second) {
      at.problem(
          fmt::format("another listener has port {}, protocol {} and the same hostname (the combination is unique)",
                      listener.port, listener.protocol));
    }
  }
}

GatewayAddress decode_address(const Cursor& cursor) {
  GatewayAddress address;
  address.location = cursor.location();
  Fields fields(cursor);
  if (const auto type = fields.find("type")) address.type = type->checked(check_not_empty);
  if (const auto value = fields.find("value")) address.value = value->string();
  if (address.value.size() > 253) cursor.problem("value is longer than 253 characters");
  fields.finish();
  return address;
}

ParentReference decode_parent(const Cursor& cursor) {
  ParentReference parent;
  Fields fields(cursor);
  if (const auto group = fields.find("group")) parent.group = group->checked(check_group);
  if (const auto kind = fields.find("kind")) parent.kind = kind->checked(check_kind);
  if (const auto ns = fields.find("namespace")) parent.ns = ns->checked(check_dns_label);
  if (const auto name = fields.require("name")) parent.name = name->checked(check_not_empty);
  if (const auto section = fields.find("sectionName")) parent.section_name = section->checked(check_dns_subdomain);
  if (const auto port = fields.find("port")) parent.port = static_cast<std::uint16_t>(port->integer(1, 65535));
  fields.finish();
  return parent;
}

/// The CEL rules of spec.parentRefs: references to one parent differ in sectionName or port, and all or none have them.
void check_parents(const Cursor& cursor, const std::vector<ParentReference>& parents) {
  std::set<ParentReference> seen;
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const Cursor at(cursor.node()[i], fmt::format("{}[{}]", cursor.path(), i), cursor.context());
    if (!seen.insert(parents[i]).second)
      at.problem("repeats another parentRef (sectionName or port must tell them apart)");
    for (std::size_t j = 0; j < i; ++j) {
      const ParentReference& other = parents[j];
      const bool same = other.group == parents[i].group && other.kind == parents[i].kind && other.ns == parents[i].ns &&
                        other.name == parents[i].name;
      const auto is_whole = [](const ParentReference& ref) { return !ref.section_name && !ref.port; };
      if (same && is_whole(other) != is_whole(parents[i])) {
        at.problem("names a parent that another parentRef names too (then each needs a sectionName or port)");
      }
    }
  }
}

BackendRef decode_backend_ref(const Cursor& cursor) {
  BackendRef ref;
  ref.location = cursor.location();
  Fields fields(cursor);
  if (const auto group = fields.find("group")) ref.group = group->checked(check_group);
  if (const auto kind = fields.find("kind")) ref.kind = kind->checked(check_kind);
  if (const auto ns = fields.find("namespace")) ref.ns = ns->checked(check_dns_label);
  if (const auto name = fields.require("name")) ref.name = name->checked(check_not_empty);
  if (const auto port = fields.find("port")) ref.port = static_cast<std::uint16_t>(port->integer(1, 65535));
  if (const auto weight = fields.find("weight")) ref.weight = static_cast<std::uint32_t>(weight->integer(0, 1'000'000));
  if (ref.group.empty() && ref.kind == "Service" && !ref.port) {
    cursor.problem("port is missing (a reference to a Service needs the Service's port)");
  }
  fields.finish();
  return ref;
}

L4RouteRule decode_rule(const Cursor& cursor) {
  L4RouteRule rule;
  Fields fields(cursor);
  if (const auto name = fields.find("name")) rule.name = name->checked(check_dns_subdomain);
  if (const auto refs = fields.require("backendRefs")) {
    for (const auto& item : refs->items(1, 16)) rule.backend_refs.push_back(decode_backend_ref(item));
  }
  fields.finish();
  return rule;
}

ReferenceGrant::From decode_from(const Cursor& cursor) {
  ReferenceGrant::From from;
  Fields fields(cursor);
  if (const auto group = fields.require("group")) from.group = group->checked(check_group);
  if (const auto kind = fields.require("kind")) from.kind = kind->checked(check_kind);
  if (const auto ns = fields.require("namespace")) from.ns = ns->checked(check_dns_label);
  fields.finish();
  return from;
}

ReferenceGrant::To decode_to(const Cursor& cursor) {
  ReferenceGrant::To to;
  Fields fields(cursor);
  if (const auto group = fields.require("group")) to.group = group->checked(check_group);
  if (const auto kind = fields.require("kind")) to.kind = kind->checked(check_kind);
  if (const auto name = fields.find("name")) to.name = name->checked(check_not_empty);
  fields.finish();
  return to;
}

}  // namespace

void decode_gateway_class(const Cursor& spec, GatewayClass& gateway_class) {
  Fields fields(spec);
  if (const auto name = fields.require("controllerName"))
    gateway_class.controller_name = name->checked(check_controller);
  gateway_class.has_parameters_ref = fields.find("parametersRef").has_value();
  fields.ignore({"description"});
  fields.finish();
}

void decode_gateway(const Cursor& spec, Gateway& gateway) {
  Fields fields(spec);
  if (const auto name = fields.require("gatewayClassName")) gateway.class_name = name->checked(check_not_empty);
  if (const auto listeners = fields.require("listeners")) {
    for (const auto& item : listeners->items(1, 64)) gateway.listeners.push_back(decode_listener(item));
    check_distinct(*listeners, gateway.listeners);
  }
  if (const auto addresses = fields.find("addresses")) {
    for (const auto& item : addresses->items(0, 16)) gateway.addresses.push_back(decode_address(item));
  }
  fields.ignore({"infrastructure", "allowedListeners", "tls", "defaultScope"});
  fields.finish();
}

void decode_l4_route(const Cursor& spec, L4Route& route) {
  Fields fields(spec);
  if (const auto parents = fields.find("parentRefs")) {
    for (const auto& item : parents->items(0, 32)) route.parent_refs.push_back(decode_parent(item));
    check_parents(*parents, route.parent_refs);
  }
  if (const auto rules = fields.require("rules")) {
    for (const auto& item : rules->items(1, 1)) route.rules.push_back(decode_rule(item));
  }
  fields.ignore({"useDefaultGateways"});
  fields.finish();
}

void decode_reference_grant(const Cursor& spec, ReferenceGrant& grant) {
  Fields fields(spec);
  if (const auto from = fields.require("from")) {
    for (const auto& item : from->items(1, 16)) grant.from.push_back(decode_from(item));
  }
  if (const auto to = fields.require("to")) {
    for (const auto& item : to->items(1, 16)) grant.to.push_back(decode_to(item));
  }
  fields.finish();
}

}  // namespace gw::api
