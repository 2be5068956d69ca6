// SPDX-License-Identifier: Apache-2.0
// Settings that the Gateway API has no field for: UpstreamPolicy and ClientPolicy of portcullis.dev/v1alpha1, attached
// by targetRefs to objects of their own namespace (GEP-713, direct policy attachment); and GatewayClassConfig, which a
// GatewayClass names as its parameters. deploy/crds has their CRDs, docs/policies.md says what each setting does.
#pragma once

#include "userspace/api/meta.hpp"
#include "userspace/api/reference.hpp"
#include "userspace/base/health_check.hpp"
#include "userspace/base/ip.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

inline constexpr const char* kPolicyGroup = "portcullis.dev";

enum class SourceAddress : std::uint8_t { Auto, Preserve, Masquerade };
enum class DirectReturn : std::uint8_t { None, SameSegment, Tunnel };
enum class SessionAffinity : std::uint8_t { None, ClientIP };

/// Which backend a connection or request goes to.
struct LoadBalancing {
  enum class Algorithm : std::uint8_t { Maglev, RoundRobin, LeastRequest, Random };
  enum class HashSource : std::uint8_t { Connection, SourceAddress, Header, Cookie };
  Algorithm algorithm = Algorithm::Maglev;
  HashSource hash_source = HashSource::Connection;  ///< with Maglev
  std::string hash_name;                            ///< of the header or cookie
  bool operator==(const LoadBalancing&) const = default;
};

/// Which header of the PROXY protocol a backend gets at the beginning of a connection.
enum class ProxyProtocolVersion : std::uint8_t { None, V1, V2 };

/// What a backend takes at most; what is above gets an error at once.
struct UpstreamLimits {
  std::optional<std::uint32_t> max_connections;
  std::optional<std::uint32_t> max_pending_requests;
  std::optional<std::uint32_t> max_requests_per_connection;
  bool operator==(const UpstreamLimits&) const = default;
};

/// What a policy's settings are to those of policies below it, field by field (GEP-713: patch defaults, patch
/// overrides). Only policies of Gateways override.
enum class MergeStrategy : std::uint8_t { Defaults, Overrides };

/// How traffic goes on to backends. Targets: Gateway (section: listener), routes (section: rule), Service (section:
/// port).
struct UpstreamPolicy {
  static constexpr const char* kKind = "UpstreamPolicy";
  ObjectMeta meta;
  std::string group = kPolicyGroup;
  std::string version = "v1alpha1";
  std::vector<PolicyTarget> targets;
  MergeStrategy merge = MergeStrategy::Defaults;
  std::optional<SourceAddress> source_address;
  std::optional<DirectReturn> direct_return;
  std::optional<SessionAffinity> session_affinity;
  std::optional<std::chrono::seconds> drain_timeout;
  std::optional<std::chrono::seconds> idle_timeout;
  std::optional<std::chrono::milliseconds> connect_timeout;
  std::optional<LoadBalancing> load_balancing;
  std::optional<ProxyProtocolVersion> proxy_protocol;
  std::optional<ActiveCheck> active_check;
  std::optional<PassiveCheck> passive_check;
  std::optional<std::uint32_t> panic_threshold;  ///< percent
  UpstreamLimits limits;

  [[nodiscard]] ObjectRef ref() const { return {group, version, kKind, meta.ns, meta.name}; }
  bool operator==(const UpstreamPolicy&) const = default;
};

enum class TlsVersion : std::uint8_t { Tls12, Tls13 };

/// TLS with clients. Lists are in order of preference; an empty one leaves the choice to us.
struct ClientTls {
  std::optional<TlsVersion> min_version;
  std::optional<TlsVersion> max_version;
  std::vector<std::string> cipher_suites;  ///< names of the IANA registry
  std::vector<std::string> curves;         ///< X25519, P-256, P-384, P-521
  std::vector<std::string> alpn_protocols;
  bool operator==(const ClientTls&) const = default;
};

struct ClientHttp {
  std::optional<std::uint32_t> max_header_bytes;  ///< request line and headers
  std::optional<std::uint32_t> max_headers;
  std::optional<std::uint64_t> max_body_bytes;
  std::optional<std::uint32_t> max_concurrent_streams;  ///< of one HTTP/2 connection
  bool operator==(const ClientHttp&) const = default;
};

/// Whether connections begin with a header of the PROXY protocol, which names the client.
enum class ProxyProtocolUse : std::uint8_t { None, Optional, Required };

/// Zero turns a timeout off.
struct ClientTimeouts {
  std::optional<std::chrono::milliseconds> tls_handshake;
  std::optional<std::chrono::milliseconds> request_headers;
  std::optional<std::chrono::milliseconds> request;
  std::optional<std::chrono::milliseconds> idle;
  bool operator==(const ClientTimeouts&) const = default;
};

/// Who may connect, how, and how much. Targets: Gateway, ListenerSet (section: listener).
struct ClientPolicy {
  static constexpr const char* kKind = "ClientPolicy";
  ObjectMeta meta;
  std::string group = kPolicyGroup;
  std::string version = "v1alpha1";
  std::vector<PolicyTarget> targets;
  MergeStrategy merge = MergeStrategy::Defaults;
  std::vector<IpPrefix> allow;  ///< not empty: every other source is denied
  std::vector<IpPrefix> deny;
  std::optional<std::uint32_t> connections_per_second;             ///< to one listener
  std::optional<std::uint32_t> connections_per_second_per_source;  ///< to one listener; IPv6: from one /64
  std::optional<std::uint32_t> max_connections;                    ///< to one listener
  std::optional<ClientTls> tls;
  ClientHttp http;
  std::optional<ProxyProtocolUse> proxy_protocol;
  ClientTimeouts timeouts;

  [[nodiscard]] ObjectRef ref() const { return {group, version, kKind, meta.ns, meta.name}; }
  bool operator==(const ClientPolicy&) const = default;
};

/// Parameters of a GatewayClass: what its Gateways have in common.
struct GatewayClassConfig {
  static constexpr const char* kKind = "GatewayClassConfig";
  struct AddressPool {
    std::string name;
    std::vector<IpPrefix> ranges;
    bool operator==(const AddressPool&) const = default;
  };
  struct Limits {
    std::optional<std::uint32_t> gateways;
    std::optional<std::uint32_t> listeners_per_gateway;
    std::optional<std::uint32_t> routes_per_listener;
    std::optional<std::uint32_t> connections_per_listener;  ///< a ClientPolicy may only lower it
    bool operator==(const Limits&) const = default;
  };
  ObjectMeta meta;
  std::string group = kPolicyGroup;
  std::string version = "v1alpha1";
  std::vector<AddressPool>
      address_pools;  ///< a Gateway without addresses gets one of each family from the first with a free one
  std::vector<std::string> interfaces;  ///< names, or beginnings of names with a '*' behind; empty: all
  Limits limits;

  [[nodiscard]] ObjectRef ref() const { return {group, version, kKind, meta.ns, meta.name}; }
  bool operator==(const GatewayClassConfig&) const = default;
};

}  // namespace gw::api
