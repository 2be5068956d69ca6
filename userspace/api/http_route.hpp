// SPDX-License-Identifier: Apache-2.0
// HTTPRoute, in the shape of gateway.networking.k8s.io/v1 with its experimental fields.
#pragma once

#include "userspace/api/filter.hpp"
#include "userspace/api/route.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

/// ImplementationSpecific is v1alpha1's: no request matches it here.
enum class StringMatchType : std::uint8_t { Exact, RegularExpression, LegacyImplementationSpecific };

struct HttpPathMatch {
  enum class Type : std::uint8_t { Exact, PathPrefix, RegularExpression, LegacyImplementationSpecific };
  Type type = Type::PathPrefix;
  std::string value = "/";
  bool operator==(const HttpPathMatch&) const = default;
};

/// HTTPHeaderMatch, GRPCHeaderMatch and HTTPQueryParamMatch.
struct NamedValueMatch {
  StringMatchType type = StringMatchType::Exact;
  std::string name;
  std::string value;
  bool operator==(const NamedValueMatch&) const = default;
};

struct HttpRouteMatch {
  HttpPathMatch path;
  std::vector<NamedValueMatch> headers;
  std::vector<NamedValueMatch> query_params;
  std::optional<std::string> method;
  std::optional<ObjectReference> legacy_extension_ref;  ///< v1alpha1 only
  bool operator==(const HttpRouteMatch&) const = default;
};

struct HttpBackendRef : BackendRef {
  std::vector<RouteFilter> filters;
  bool operator==(const HttpBackendRef&) const = default;
};

/// Zero turns a timeout off.
struct HttpTimeouts {
  std::optional<std::chrono::milliseconds> request;
  std::optional<std::chrono::milliseconds> backend_request;
  bool operator==(const HttpTimeouts&) const = default;
};

struct HttpRetry {
  std::vector<std::uint16_t> codes;
  std::uint32_t attempts = 1;  ///< beyond the first
  std::optional<std::chrono::milliseconds> backoff;
  bool operator==(const HttpRetry&) const = default;
};

struct HttpRouteRule {
  std::optional<std::string> name;
  std::vector<HttpRouteMatch> matches;  ///< one that takes every path if the rule has none; `matches: []` stays empty
  std::vector<RouteFilter> filters;
  std::vector<HttpBackendRef> backend_refs;
  HttpTimeouts timeouts;
  std::optional<HttpRetry> retry;
  std::optional<SessionPersistence> session_persistence;
  SourceLocation location;
  bool operator==(const HttpRouteRule&) const = default;
};

struct HttpRoute : Route {
  HttpRoute() { kind = "HTTPRoute"; }

  std::vector<std::string> hostnames;  ///< empty: every name
  std::vector<HttpRouteRule> rules;
  std::optional<ObjectReference> legacy_certificate_ref;  ///< v1alpha1 `spec.tls`: a Secret for the route's hostnames
  bool operator==(const HttpRoute&) const = default;
};

}  // namespace gw::api
