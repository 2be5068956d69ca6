// SPDX-License-Identifier: Apache-2.0
// What needs a look inside the bytes: HTTP, gRPC and TLS listeners, and the rules that requests on them follow. The
// proxy reads it. Plain values, as in config.hpp.
#pragma once

#include "userspace/base/http.hpp"
#include "userspace/ir/admission.hpp"
#include "userspace/ir/backend.hpp"
#include "userspace/ir/hostname.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::ir {

struct PathMatch {
  enum class Type : std::uint8_t {
    Exact,
    Prefix,      ///< by path elements; a "/" at the end is ignored
    GrpcMethod,  ///< "/<any service>/<value>"
    Regex,       ///< RE2, over the whole path
  };
  Type type = Type::Prefix;
  std::string value = "/";
  bool operator==(const PathMatch&) const = default;
};

/// Of a header or a query parameter.
struct ValueMatch {
  enum class Type : std::uint8_t { Exact, Regex };
  Type type = Type::Exact;
  std::string name;  ///< of headers in lower case; of query parameters as written
  std::string value;
  bool operator==(const ValueMatch&) const = default;
};

/// All of it must match.
struct HttpMatch {
  PathMatch path;
  std::string method;  ///< empty: any
  std::vector<ValueMatch> headers;
  std::vector<ValueMatch> query;
  bool operator==(const HttpMatch&) const = default;
};

struct PathRewrite {
  enum class Type : std::uint8_t { FullPath, Prefix };
  Type type = Type::FullPath;
  std::string value;
  bool operator==(const PathRewrite&) const = default;
};

/// Unset parts are those of the request.
struct Redirect {
  std::optional<std::string> scheme;
  std::optional<std::string> hostname;
  std::optional<PathRewrite> path;
  std::optional<std::uint16_t> port;  ///< unset: the scheme's own if `scheme` is set, otherwise the listener's
  std::uint16_t status = 302;
  bool operator==(const Redirect&) const = default;
};

struct UrlRewrite {
  std::optional<std::string> hostname;
  std::optional<PathRewrite> path;
  bool operator==(const UrlRewrite&) const = default;
};

/// What is spoken with a backend.
enum class BackendProtocol : std::uint8_t {
  Http,  ///< HTTP/1.1; with TLS what ALPN agrees on. Upgrades to WebSocket pass
  H2c,   ///< HTTP/2 from the first byte
};

/// A backendRef of a proxied route.
struct ProxyBackend {
  WeightedBackends target;
  BackendProtocol protocol = BackendProtocol::Http;
  bool operator==(const ProxyBackend&) const = default;
};

/// A copy of numerator/denominator of the requests; what the backend answers is ignored.
struct Mirror {
  ProxyBackend backend;
  std::uint32_t numerator = 1;
  std::uint32_t denominator = 1;
  bool operator==(const Mirror&) const = default;
};

/// A server that is asked about each request.
struct ExternalAuth {
  enum class Protocol : std::uint8_t { Http, Grpc };
  Protocol protocol = Protocol::Http;
  ProxyBackend backend;
  std::string path;  ///< in front of the request's
  std::vector<std::string> request_headers;
  std::vector<std::string> response_headers;
  std::uint32_t body_bytes = 0;  ///< of the request, sent along
  bool operator==(const ExternalAuth&) const = default;
};

struct HttpFilters {
  HeaderModifier request_headers;
  HeaderModifier response_headers;
  std::optional<Redirect> redirect;
  std::optional<UrlRewrite> rewrite;
  std::optional<Cors> cors;
  std::vector<Mirror> mirrors;
  std::optional<ExternalAuth> auth;
  /// A filter of a kind that we do not know: requests get this status, since it must not be skipped.
  std::optional<std::uint16_t> refusal;
  bool operator==(const HttpFilters&) const = default;
};

struct HttpBackend : ProxyBackend {
  HttpFilters filters;
  bool operator==(const HttpBackend&) const = default;
};

struct Retry {
  std::vector<std::uint16_t> codes;
  std::uint32_t attempts = 1;  ///< beyond the first
  std::optional<std::chrono::milliseconds> backoff;
  bool operator==(const Retry&) const = default;
};

/// Requests of one client session go to one backend.
struct SessionPersistence {
  enum class Type : std::uint8_t { Cookie, Header };
  Type type = Type::Cookie;
  std::string name;  ///< empty for a cookie of our choice
  bool is_permanent = false;
  std::string cookie_path = "/";
  std::optional<std::chrono::milliseconds> absolute_timeout;
  bool operator==(const SessionPersistence&) const = default;
};

/// A rule of an HTTPRoute or GRPCRoute.
struct HttpRule {
  std::vector<HttpMatch> matches;  ///< any of them; at least one
  HttpFilters filters;
  std::vector<HttpBackend> backends;           ///< in the order of the route
  std::uint16_t status_without_backend = 500;  ///< what a share of invalid backends gets, and all without a backend
  bool is_grpc = false;                        ///< errors are then a gRPC status
  std::optional<std::chrono::milliseconds> request_timeout;  ///< zero: none
  std::optional<std::chrono::milliseconds> backend_timeout;  ///< of each attempt; zero: none
  std::optional<Retry> retry;
  std::optional<SessionPersistence> session;
  bool operator==(const HttpRule&) const = default;
};

/// Where a match of a rule stands among those of its listener.
struct HttpEntry {
  Hostname hostname;
  std::string rule;         ///< key of Config::http_rules
  std::uint32_t match = 0;  ///< of the rule's
  bool operator==(const HttpEntry&) const = default;
};

/// Connections by the name that the client asks for.
struct TlsEntry {
  Hostname hostname;
  std::string service;  ///< key of Config::services
  bool operator==(const TlsEntry&) const = default;
};

/// A certificate that a listener shows.
struct ListenerCertificate {
  std::string key_pair;             ///< key of Config::key_pairs
  std::vector<Hostname> hostnames;  ///< empty: those that the certificate says
  bool operator==(const ListenerCertificate&) const = default;
};

/// Clients must show a certificate.
struct ClientValidation {
  std::vector<std::string> ca_bundles;  ///< keys of Config::ca_bundles
  bool lets_invalid_in = false;         ///< AllowInsecureFallback
  bool operator==(const ClientValidation&) const = default;
};

/// A listener that only the proxy can serve.
struct L7Listener {
  enum class Protocol : std::uint8_t { Http, Https, TlsTerminate, TlsPassthrough };
  NamespacedName gateway;
  std::string gateway_group;
  std::string name;  ///< as L4Listener's
  Protocol protocol = Protocol::Http;
  std::uint16_t port = 0;
  std::vector<IpAddress> addresses;  ///< empty: the node's own addresses
  Hostname hostname;
  std::vector<ListenerCertificate> certificates;
  std::optional<ClientValidation> client_validation;
  std::string backend_client_certificate;  ///< key of Config::key_pairs: shown to backends that ask; empty: none
  Admission admission;
  SharedList<HttpEntry> http;  ///< by precedence: the first whose hostname and match take a request has it
  SharedList<TlsEntry> tls;    ///< by precedence

  [[nodiscard]] std::string qualified_name() const { return gateway.to_string() + "/" + name; }
  bool operator==(const L7Listener&) const = default;
};

/// TLS towards a backend.
struct BackendTls {
  struct Name {
    enum class Type : std::uint8_t { Hostname, Uri };
    Type type = Type::Hostname;
    std::string value;
    bool operator==(const Name&) const = default;
  };
  std::string hostname;                 ///< SNI, and the name to check if `names` is empty; empty: none is checked
  std::vector<Name> names;              ///< one of them must be in the certificate
  bool trusts_system = false;           ///< the system's authorities
  std::vector<std::string> ca_bundles;  ///< keys of Config::ca_bundles
  bool is_usable = true;                ///< false: the policy is wrong, requests get an error
  bool operator==(const BackendTls&) const = default;
};

/// A certificate chain and its private key, PEM.
struct KeyPair {
  std::string chain;
  std::string key;
  bool operator==(const KeyPair&) const = default;
};

}  // namespace gw::ir
