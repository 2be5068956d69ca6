// SPDX-License-Identifier: Apache-2.0
// Routes of every kind, of both generations.
#include <algorithm>
#include <chrono>
#include <utility>

#include "tests/support/random_objects.hpp"

namespace gw::testing {

/// What all kinds have. One in four is of 2021, where the kind has been there.
void RandomObjects::fill_head(api::Route& route, const char* prefix) {
  route.meta = meta(prefix, 6);
  if (route.kind != "GRPCRoute" && once_in(4)) {
    route.group = api::kLegacyGroup;
    route.version = "v1alpha1";
    api::LegacyGatewaysAllow& gateways = route.legacy_gateways.emplace();
    using Allow = api::LegacyGatewaysAllow::Allow;
    gateways.allow = any_of({Allow::All, Allow::SameNamespace, Allow::FromList});
    if (gateways.allow == Allow::FromList) gateways.gateway_refs.push_back({namespace_name(), gateway_name()});
    return;
  }
  route.parent_refs = parents();
  if (once_in(8)) route.use_default_gateways = api::DefaultScope::All;
}

/// Distinct, as a cluster would have them.
std::vector<api::ParentReference> RandomObjects::parents() {
  std::vector<api::ParentReference> made;
  for (std::uint32_t i = draw(4); i > 0; --i) {
    api::ParentReference parent;
    parent.kind = text_of({"Gateway", "Gateway", "Gateway", "Gateway", "Gateway", "ListenerSet", "Service"});
    parent.group = parent.kind == "Service" ? "" : api::kGatewayGroup;
    parent.name = parent.kind == "ListenerSet" ? name("set-", 3) : gateway_name();
    parent.ns = other_namespace(3);
    if (once_in(4)) parent.section_name = section_name();
    if (once_in(8)) parent.port = port();
    if (std::ranges::find(made, parent) == made.end()) made.push_back(std::move(parent));
  }
  return made;
}

api::BackendRef RandomObjects::backend() {
  api::BackendRef ref;
  ref.name = service_name();
  ref.port = static_cast<std::uint16_t>(once_in(5) ? 81 : 80);
  ref.weight = draw(3);
  ref.ns = other_namespace(3);
  if (once_in(12)) ref.kind = "Secret";
  if (once_in(12)) ref.group = "example.com";
  return ref;
}

api::HttpBackendRef RandomObjects::http_backend() {
  api::HttpBackendRef ref;
  static_cast<api::BackendRef&>(ref) = backend();
  if (once_in(6)) ref.filters.push_back(header_filter());
  return ref;
}

std::vector<api::LegacyMatch> RandomObjects::legacy_matches() {
  std::vector<api::LegacyMatch> matches(draw(3));
  for (auto& match : matches) {
    if (once_in(2)) match.extension_ref = reference("Matcher", "matcher-");
  }
  return matches;
}

void RandomObjects::fill(api::L4Route& route) {
  route.kind = once_in(3) ? "UDPRoute" : "TCPRoute";
  fill_head(route, "route-");
  for (std::uint32_t i = route.is_legacy() ? draw(3) : 1; i > 0; --i) {
    api::L4RouteRule& rule = route.rules.emplace_back();
    if (once_in(3)) rule.name = name("rule-", 2);
    for (std::uint32_t refs = draw(4); refs > 0; --refs) {
      api::BackendRef ref = backend();
      if (route.is_legacy() && once_in(3)) ref.port.reset();
      rule.backend_refs.push_back(std::move(ref));
    }
    if (route.is_legacy()) rule.legacy_matches = legacy_matches();
  }
}

void RandomObjects::fill(api::TlsRoute& route) {
  fill_head(route, "route-");
  for (std::uint32_t i = route.is_legacy() ? 0 : draw(3) + 1; i > 0; --i) route.hostnames.push_back(hostname());
  for (std::uint32_t i = route.is_legacy() ? draw(3) : 1; i > 0; --i) {
    api::TlsRouteRule& rule = route.rules.emplace_back();
    for (std::uint32_t refs = draw(3); refs > 0; --refs) rule.backend_refs.push_back(backend());
    if (!route.is_legacy()) continue;
    rule.legacy_matches = legacy_matches();
    for (auto& match : rule.legacy_matches) match.snis = {hostname()};
  }
}

std::vector<api::HttpRouteMatch> RandomObjects::http_matches() {
  std::vector<api::HttpRouteMatch> matches(draw(4));
  for (auto& match : matches) {
    match.path = {any_of({api::HttpPathMatch::Type::Exact, api::HttpPathMatch::Type::PathPrefix,
                          api::HttpPathMatch::Type::RegularExpression}),
                  text_of({"/", "/a", "/a/b", "/(", "/a*"})};
    if (once_in(3)) match.headers.push_back({api::StringMatchType::Exact, "x-traffic", text_of({"test", "prod"})});
    if (once_in(4)) match.query_params.push_back({api::StringMatchType::RegularExpression, "q", text_of({".*", "["})});
    if (once_in(4)) match.method = text_of({"GET", "POST"});
  }
  return matches;
}

api::RouteFilter RandomObjects::header_filter() {
  api::RequestHeaderModifier modifier;
  modifier.headers.set.push_back({"x-set", "1"});
  if (once_in(2)) modifier.headers.remove.emplace_back("x-gone");
  return {modifier, {}};
}

api::RouteFilter RandomObjects::http_filter() {
  switch (draw(8)) {
    case 0: return {api::ResponseHeaderModifier{{{}, {{"x-added", "1"}}, {}}}, {}};
    case 1: return {api::RequestMirror{backend(), 1, 2}, {}};
    case 2: return {api::RequestRedirect{.scheme = "https", .hostname = {}, .path = {}, .port = {}}, {}};
    case 3: return {api::UrlRewrite{.hostname = "example.com", .path = {}}, {}};
    case 4:
      return {api::Cors{.allow_origins = {"*"}, .allow_methods = {}, .allow_headers = {}, .expose_headers = {}}, {}};
    case 5: {
      api::ExternalAuth auth;
      auth.backend = backend();
      return {auth, {}};
    }
    case 6: return {api::ExtensionFilter{reference("Filter", "filter-")}, {}};
    default: return header_filter();
  }
}

void RandomObjects::fill(api::HttpRoute& route) {
  fill_head(route, "route-");
  for (std::uint32_t i = draw(3); i > 0; --i) route.hostnames.push_back(hostname());
  if (route.is_legacy() && once_in(3)) route.legacy_certificate_ref = reference("Secret", "secret-");
  for (std::uint32_t i = draw(3) + 1; i > 0; --i) {
    api::HttpRouteRule& rule = route.rules.emplace_back();
    rule.matches = http_matches();
    for (std::uint32_t filters = once_in(2) ? draw(3) : 0; filters > 0; --filters)
      rule.filters.push_back(http_filter());
    for (std::uint32_t refs = draw(3); refs > 0; --refs) rule.backend_refs.push_back(http_backend());
    if (once_in(4)) rule.timeouts.request = std::chrono::milliseconds(draw(3) * 100);
    if (once_in(6)) rule.session_persistence.emplace();
  }
}

void RandomObjects::fill(api::GrpcRoute& route) {
  fill_head(route, "route-");
  for (std::uint32_t i = draw(3); i > 0; --i) route.hostnames.push_back(hostname());
  for (std::uint32_t i = draw(3) + 1; i > 0; --i) {
    api::GrpcRouteRule& rule = route.rules.emplace_back();
    rule.matches.resize(draw(3));
    for (auto& match : rule.matches) {
      if (once_in(2)) match.method = {api::StringMatchType::Exact, text_of({"a.B", "a.C"}), std::nullopt};
    }
    if (once_in(3)) rule.filters.push_back(header_filter());
    for (std::uint32_t refs = draw(3); refs > 0; --refs) rule.backend_refs.push_back(http_backend());
  }
}

}  // namespace gw::testing
