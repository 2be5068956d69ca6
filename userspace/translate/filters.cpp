// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/filters.hpp"

#include <fmt/format.h>

#include "userspace/translate/app_protocol.hpp"
#include "userspace/translate/backend_tls.hpp"

namespace gw::translate {
namespace {

std::optional<ir::PathRewrite> convert(const std::optional<api::HttpPathModifier>& path) {
  if (!path) return std::nullopt;
  const bool is_full = path->type == api::HttpPathModifier::Type::ReplaceFullPath;
  return ir::PathRewrite{is_full ? ir::PathRewrite::Type::FullPath : ir::PathRewrite::Type::Prefix, path->value};
}

/// One visitor for the kinds of filters.
class FilterBuilder {
 public:
  FilterBuilder(const RuleContext& context, ir::HttpFilters& filters) : context_(context), filters_(filters) {}

  void operator()(const api::RequestHeaderModifier& filter) const { filters_.request_headers = filter.headers; }
  void operator()(const api::ResponseHeaderModifier& filter) const { filters_.response_headers = filter.headers; }
  /// An invalid mirror is left out; the request itself goes on.
  void operator()(const api::RequestMirror& filter) const {
    ir::ProxyBackend backend = build_backend(context_, filter.backend);
    if (backend.target.port) filters_.mirrors.push_back({std::move(backend), filter.numerator, filter.denominator});
  }
  void operator()(const api::RequestRedirect& filter) const {
    filters_.redirect =
        ir::Redirect{filter.scheme, filter.hostname, convert(filter.path), filter.port, filter.status_code};
  }
  void operator()(const api::UrlRewrite& filter) const {
    filters_.rewrite = ir::UrlRewrite{filter.hostname, convert(filter.path)};
  }
  void operator()(const api::Cors& filter) const { filters_.cors = filter; }
  void operator()(const api::ExternalAuth& filter) const {
    const bool is_grpc = filter.protocol == api::ExternalAuth::Protocol::Grpc;
    filters_.auth = ir::ExternalAuth{is_grpc ? ir::ExternalAuth::Protocol::Grpc : ir::ExternalAuth::Protocol::Http,
                                     build_backend(context_, filter.backend),
                                     filter.path,
                                     filter.allowed_headers,
                                     filter.allowed_response_headers,
                                     filter.forward_body_bytes.value_or(0)};
    if (is_grpc) filters_.auth->backend.protocol = ir::BackendProtocol::H2c;
  }
  /// "If a reference to a custom filter type cannot be resolved, the filter MUST NOT be skipped."
  void operator()(const api::ExtensionFilter& filter) const {
    filters_.refusal = 500;
    add_verdict(context_.route.resolved,
                refusal(reason::kInvalidKind, fmt::format("there are no filters of kind {}/{} ({})", filter.ref.group,
                                                          filter.ref.kind, filter.ref.name)));
  }

 private:
  const RuleContext& context_;
  ir::HttpFilters& filters_;
};

}  // namespace

ir::ProxyBackend build_backend(const RuleContext& context, const api::BackendRef& ref) {
  const std::uint16_t port_of_request = context.entrance == nullptr ? 0 : context.entrance->listener.port;
  ResolvedBackend resolved = resolve_backend(context.graph, context.rule, ref, port_of_request);
  add_verdict(context.route.resolved, resolved.verdict);
  ir::ProxyBackend backend;
  backend.target = std::move(resolved.backends);
  if (resolved.service == nullptr) return backend;
  const AppProtocol protocol = app_protocol_of(*resolved.service, *resolved.port, context.route.common->kind);
  add_verdict(context.route.resolved, protocol.verdict);
  if (!protocol.verdict.ok) backend.target.port.reset();
  backend.target.upstream =
      upstream_of(upstream_layers(context.graph, context.entrance, context.rule, {resolved.service, resolved.port}));
  backend.protocol = protocol.protocol;
  backend.target.tls = tls_of(context.graph, *resolved.service, *resolved.port, context.route);
  return backend;
}

ir::HttpFilters build_filters(const RuleContext& context, const std::vector<api::RouteFilter>& filters) {
  ir::HttpFilters built;
  for (const auto& filter : filters) std::visit(FilterBuilder(context, built), filter.value);
  return built;
}

}  // namespace gw::translate
