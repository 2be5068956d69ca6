// SPDX-License-Identifier: Apache-2.0
// GRPCRoute, in the shape of gateway.networking.k8s.io/v1 with its experimental fields.
#pragma once

#include "userspace/api/http_route.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct GrpcMethodMatch {
  StringMatchType type = StringMatchType::Exact;
  std::optional<std::string> service;  ///< unset: any
  std::optional<std::string> method;   ///< unset: any
  bool operator==(const GrpcMethodMatch&) const = default;
};

struct GrpcRouteMatch {
  std::optional<GrpcMethodMatch> method;
  std::vector<NamedValueMatch> headers;
  bool operator==(const GrpcRouteMatch&) const = default;
};

struct GrpcRouteRule {
  std::optional<std::string> name;
  std::vector<GrpcRouteMatch> matches;  ///< empty: every call
  std::vector<RouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  std::optional<SessionPersistence> session_persistence;
  SourceLocation location;
  bool operator==(const GrpcRouteRule&) const = default;
};

struct GrpcRoute : Route {
  GrpcRoute() { kind = "GRPCRoute"; }

  std::vector<std::string> hostnames;  ///< empty: every name
  std::vector<GrpcRouteRule> rules;
  bool operator==(const GrpcRoute&) const = default;
};

}  // namespace gw::api
