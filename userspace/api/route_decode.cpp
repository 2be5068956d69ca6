// SPDX-License-Identifier: Apache-2.0
// TCPRoute, UDPRoute and TLSRoute of gateway.networking.k8s.io, and what all routes have. v1alpha2, v1alpha3 and v1
// differ in how many rules and hostnames there may be.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"
#include "userspace/base/ip.hpp"

namespace gw::api {
namespace {

constexpr std::size_t kMaxRules = 16;

template <typename Rule>
Rule decode_rule(const Cursor& cursor) {
  Rule rule;
  Fields fields(cursor);
  fields.optional("name", rule.name, as_section_name);
  fields.required("backendRefs", rule.backend_refs, list_of(decode_weighted_backend, 1, 16));
  fields.finish();
  return rule;
}

/// v1 has one rule, v1alpha2 had up to 16.
template <typename Rule>
std::vector<Rule> decode_rules(const Cursor& cursor, const Route& route) {
  auto rules = list_of(decode_rule<Rule>, 1, route.version == "v1alpha2" ? kMaxRules : 1)(cursor);
  report_repeated_names(cursor, rules);
  return rules;
}

std::string as_tls_hostname(const Cursor& cursor) {
  std::string hostname = as_hostname(cursor);
  if (IpAddress::parse(hostname)) cursor.problem("is an IP address (clients name hosts: expected a DNS name)");
  return hostname;
}

}  // namespace

void decode_route_head(Fields& fields, Route& route) {
  fields.optional("parentRefs", route.parent_refs, decode_parents);
  fields.optional("useDefaultGateways", route.use_default_gateways, decode_default_scope);
}

SessionPersistence decode_session_persistence(const Cursor& cursor) {
  using Type = SessionPersistence::Type;
  using Lifetime = SessionPersistence::CookieLifetime;
  SessionPersistence persistence;
  Fields fields(cursor);
  fields.optional("type", persistence.type, word_of<Type>({{"Cookie", Type::Cookie}, {"Header", Type::Header}}));
  fields.optional("absoluteTimeout", persistence.absolute_timeout, as_duration);
  const auto cookie = fields.find("cookie");
  const auto header = fields.find("header");
  if (cookie) {
    Fields cookie_fields(*cookie);
    cookie_fields.optional("name", persistence.name, as_header_name);
    cookie_fields.optional("path", persistence.cookie_path, text_of(0, 1024));
    cookie_fields.optional("lifetimeType", persistence.cookie_lifetime,
                           word_of<Lifetime>({{"Session", Lifetime::Session}, {"Permanent", Lifetime::Permanent}}));
    cookie_fields.finish();
  }
  if (header) {
    Fields header_fields(*header);
    header_fields.required("name", persistence.name, as_header_name);
    header_fields.finish();
  }
  fields.finish();
  const bool is_cookie = persistence.type == Type::Cookie;
  if (cookie.has_value() != is_cookie || header.has_value() == is_cookie) {
    cursor.problem(is_cookie ? "needs cookie, and not header, for the type Cookie"
                             : "needs header, and not cookie, for the type Header");
  }
  if (cookie && persistence.cookie_lifetime == Lifetime::Permanent && !persistence.absolute_timeout) {
    cursor.problem("absoluteTimeout is missing (a Permanent cookie needs it)");
  }
  return persistence;
}

void decode_l4_route(const Cursor& spec, L4Route& route) {
  Fields fields(spec);
  decode_route_head(fields, route);
  fields.required("rules", route.rules,
                  [&route](const Cursor& cursor) { return decode_rules<L4RouteRule>(cursor, route); });
  fields.finish();
}

void decode_tls_route(const Cursor& spec, TlsRoute& route) {
  Fields fields(spec);
  decode_route_head(fields, route);
  if (route.version == "v1alpha2") {
    fields.optional("hostnames", route.hostnames, list_of(as_hostname, 0, 1024));
  } else {
    fields.required("hostnames", route.hostnames, list_of(as_tls_hostname, 1, 1024));
  }
  fields.required("rules", route.rules,
                  [&route](const Cursor& cursor) { return decode_rules<TlsRouteRule>(cursor, route); });
  fields.finish();
}

}  // namespace gw::api
