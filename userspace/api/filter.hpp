// SPDX-License-Identifier: Apache-2.0
// The filters of HTTPRoute and GRPCRoute rules and backends, and of listeners.
#pragma once

#include "userspace/api/reference.hpp"
#include "userspace/base/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace gw::api {

using gw::Cors;
using gw::HeaderModifier;
using gw::HeaderValue;

struct RequestHeaderModifier {
  HeaderModifier headers;
  bool operator==(const RequestHeaderModifier&) const = default;
};

struct ResponseHeaderModifier {
  HeaderModifier headers;
  bool operator==(const ResponseHeaderModifier&) const = default;
};

/// A copy of numerator/denominator of the requests.
struct RequestMirror {
  BackendRef backend;
  std::uint32_t numerator = 1;
  std::uint32_t denominator = 1;
  bool operator==(const RequestMirror&) const = default;
};

struct HttpPathModifier {
  enum class Type : std::uint8_t { ReplaceFullPath, ReplacePrefixMatch };
  Type type = Type::ReplaceFullPath;
  std::string value;
  bool operator==(const HttpPathModifier&) const = default;
};

struct RequestRedirect {
  std::optional<std::string> scheme;    ///< "http" or "https"; unset: the request's
  std::optional<std::string> hostname;  ///< unset: the request's
  std::optional<HttpPathModifier> path;
  std::optional<std::uint16_t> port;  ///< unset: the scheme's own if `scheme` is set, otherwise the listener's
  std::uint16_t status_code = 302;    ///< 301, 302, 303, 307 or 308
  bool operator==(const RequestRedirect&) const = default;
};

struct UrlRewrite {
  std::optional<std::string> hostname;
  std::optional<HttpPathModifier> path;
  bool operator==(const UrlRewrite&) const = default;
};

struct ExternalAuth {
  enum class Protocol : std::uint8_t { Http, Grpc };
  Protocol protocol = Protocol::Http;
  BackendRef backend;
  std::string path;                                   ///< HTTP only: in front of the request's path
  std::vector<std::string> allowed_headers;           ///< of the request, towards the authorization server
  std::vector<std::string> allowed_response_headers;  ///< HTTP only: of its answer, towards the backend
  std::optional<std::uint32_t> forward_body_bytes;    ///< unset or 0: the body is not forwarded
  bool operator==(const ExternalAuth&) const = default;
};

/// A filter that an object of another kind describes.
struct ExtensionFilter {
  ObjectReference ref;
  bool operator==(const ExtensionFilter&) const = default;
};

/// GRPCRoutes have the header modifiers, RequestMirror and ExtensionRef only.
struct RouteFilter {
  std::variant<RequestHeaderModifier, ResponseHeaderModifier, RequestMirror, RequestRedirect, UrlRewrite, Cors,
               ExternalAuth, ExtensionFilter>
      value;
  SourceLocation location;

  template <typename Filter>
  [[nodiscard]] const Filter* as() const {
    return std::get_if<Filter>(&value);
  }
  bool operator==(const RouteFilter&) const = default;
};

}  // namespace gw::api
