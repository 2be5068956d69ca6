// SPDX-License-Identifier: Apache-2.0
// HTTPRoutes and GRPCRoutes -> rules of the IR.
#include <fmt/format.h>

#include "userspace/translate/filters.hpp"
#include "userspace/translate/http_match.hpp"

namespace gw::translate {
namespace {

std::vector<ir::HttpBackend> build_backends(const RuleContext& context, const std::vector<api::HttpBackendRef>& refs) {
  std::vector<ir::HttpBackend> backends;
  for (const auto& ref : refs) {
    ir::HttpBackend& backend = backends.emplace_back();
    static_cast<ir::ProxyBackend&>(backend) = build_backend(context, ref);
    backend.filters = build_filters(context, ref.filters);
  }
  return backends;
}

std::optional<ir::SessionPersistence> convert(const std::optional<api::SessionPersistence>& session) {
  if (!session) return std::nullopt;
  using Api = api::SessionPersistence;
  const bool is_cookie = session->type == Api::Type::Cookie;
  return ir::SessionPersistence{is_cookie ? ir::SessionPersistence::Type::Cookie : ir::SessionPersistence::Type::Header,
                                session->name, session->cookie_lifetime == Api::CookieLifetime::Permanent,
                                session->cookie_path, session->absolute_timeout};
}

/// What both kinds have.
template <typename Rule>
ir::HttpRule build_common(const RuleContext& context, const Rule& rule) {
  ir::HttpRule built;
  built.matches = to_ir(rule);
  built.filters = build_filters(context, rule.filters);
  built.backends = build_backends(context, rule.backend_refs);
  built.session = convert(rule.session_persistence);
  return built;
}

ir::HttpRule build_rule(const RuleContext& context, const api::HttpRouteRule& rule) {
  ir::HttpRule built = build_common(context, rule);
  // 2021: "If no forwardTo is specified and no filter answers: 503"; v1: 500.
  if (context.route.common->is_legacy() && rule.backend_refs.empty()) built.status_without_backend = 503;
  built.request_timeout = rule.timeouts.request;
  built.backend_timeout = rule.timeouts.backend_request;
  if (rule.retry) built.retry = ir::Retry{rule.retry->codes, rule.retry->attempts, rule.retry->backoff};
  return built;
}

ir::HttpRule build_rule(const RuleContext& context, const api::GrpcRouteRule& rule) {
  ir::HttpRule built = build_common(context, rule);
  built.is_grpc = true;
  return built;
}

/// `listener`: null for a route that nothing binds.
template <typename Rule>
ir::HttpRule build_for(const Graph& graph, RouteNode& node, const Rule& rule, const ListenerNode* listener) {
  const std::string name = rule.name.value_or("");
  if (listener == nullptr) return build_rule({graph, node, {*node.common, name}, nullptr}, rule);
  const Entrance entrance = entrance_of(*listener);
  return build_rule({graph, node, {*node.common, name}, &entrance}, rule);
}

template <typename Route>
void build_route(const Graph& graph, RouteNode& node, const Route& route) {
  const auto ways = ways_of(graph, node);
  for (std::size_t i = 0; i < route.rules.size(); ++i) {
    if (node.drops(i)) continue;
    add_rule(node, i, ways, node.built.http_rules,
             [&](const ListenerNode* listener) { return build_for(graph, node, route.rules[i], listener); });
  }
}

}  // namespace

void build_http_rules(const Graph& graph, RouteNode& route) {
  if (const auto* const source = route.as<api::HttpRoute>()) build_route(graph, route, *source);
  if (const auto* const source = route.as<api::GrpcRoute>()) build_route(graph, route, *source);
}

}  // namespace gw::translate
