// SPDX-License-Identifier: Apache-2.0
// UpstreamPolicy, ClientPolicy and GatewayClassConfig (portcullis.dev/v1alpha1). Bounds and rules are also in
// deploy/crds: tests/unit/api/crd_test.cpp holds the two together.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

constexpr std::size_t kMaxRanges = 256;
constexpr std::uint32_t kMaxLimit = 1'000'000'000;
/// What is idle, or drains, for longer is better left to the default.
constexpr std::chrono::hours kMaxTimeout{24};

struct TargetKind {
  std::string_view group;
  std::string_view kind;

  [[nodiscard]] std::string text() const { return fmt::format("{}{}{}", group, group.empty() ? "" : "/", kind); }
};

/// A policy's targetRefs, of these kinds only.
auto targets_of(std::initializer_list<TargetKind> allowed) {
  return [kinds = std::vector(allowed)](const Cursor& cursor) {
    std::vector<PolicyTarget> targets = decode_policy_targets(cursor);
    std::vector<std::string> words;
    std::ranges::transform(kinds, std::back_inserter(words), &TargetKind::text);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const std::string word = TargetKind{targets[i].group, targets[i].kind}.text();
      if (targets[i].kind.empty() || std::ranges::find(words, word) != words.end()) continue;
      cursor.item(i).problem(
          fmt::format("{} cannot be the target of this policy (expected one of {})", word, fmt::join(words, ", ")));
    }
    return targets;
  };
}

/// Below routes, Services and ListenerSets there is nothing to override; who owns a Gateway decides for all of them.
template <typename Policy>
void decode_merge_strategy(const Cursor& spec, Fields& fields, Policy& policy) {
  fields.optional(
      "mergeStrategy", policy.merge,
      word_of<MergeStrategy>({{"Defaults", MergeStrategy::Defaults}, {"Overrides", MergeStrategy::Overrides}}));
  if (policy.merge == MergeStrategy::Defaults) return;
  for (const PolicyTarget& target : policy.targets) {
    if (target.kind == "Gateway") continue;
    spec.problem(fmt::format("mergeStrategy is Overrides, but {} {} is a target (only policies of Gateways override)",
                             target.kind, target.name));
    return;
  }
}

/// A duration of whole seconds, `least` to a day.
auto seconds_from(std::chrono::seconds least) {
  return [least](const Cursor& cursor) {
    const std::chrono::milliseconds duration = as_duration(cursor);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
    if (seconds != duration || seconds < least || seconds > kMaxTimeout) {
      cursor.problem(
          fmt::format("is out of range (expected whole seconds, {}s..{}h)", least.count(), kMaxTimeout.count()));
    }
    return seconds;
  };
}

/// A duration of `least` to a day.
auto duration_from(std::chrono::milliseconds least) { return duration_in(least, kMaxTimeout); }

IpPrefix as_range(const Cursor& cursor) {
  const std::string text = cursor.string();
  const auto range = IpPrefix::parse(text);
  if (!range) {
    cursor.problem(
        fmt::format("\"{}\" is not an address range (expected such as 192.0.2.0/24 or 2001:db8::/32, with "
                    "no bit set behind the prefix)",
                    text));
  }
  return range.value_or(IpPrefix{});
}

void decode_source_ranges(const Cursor& cursor, ClientPolicy& policy) {
  Fields fields(cursor);
  fields.optional("allow", policy.allow, list_of(as_range, 1, kMaxRanges));
  fields.optional("deny", policy.deny, list_of(as_range, 1, kMaxRanges));
  fields.finish();
}

void decode_limits(const Cursor& cursor, ClientPolicy& policy) {
  const auto limit = integer_in(1, kMaxLimit);
  Fields fields(cursor);
  fields.optional("connectionsPerSecond", policy.connections_per_second, limit);
  fields.optional("connectionsPerSecondPerSource", policy.connections_per_second_per_source, limit);
  fields.optional("maxConnections", policy.max_connections, limit);
  fields.finish();
}

LoadBalancing decode_hash(const Cursor& cursor, LoadBalancing balancing) {
  using Source = LoadBalancing::HashSource;
  std::optional<std::string> name;
  Fields fields(cursor);
  fields.required("source", balancing.hash_source,
                  word_of<Source>({{"Connection", Source::Connection},
                                   {"SourceAddress", Source::SourceAddress},
                                   {"Header", Source::Header},
                                   {"Cookie", Source::Cookie}}));
  fields.optional("name", name, as_header_name);
  fields.finish();
  const bool is_named = balancing.hash_source == Source::Header || balancing.hash_source == Source::Cookie;
  if (name.has_value() != is_named) {
    cursor.problem(is_named ? "name is missing (a header or cookie has one)"
                            : "name is set (only a header or cookie has one: leave it out)");
  }
  balancing.hash_name = name.value_or("");
  return balancing;
}

LoadBalancing decode_load_balancing(const Cursor& cursor) {
  using Algorithm = LoadBalancing::Algorithm;
  LoadBalancing balancing;
  Fields fields(cursor);
  fields.optional("algorithm", balancing.algorithm,
                  word_of<Algorithm>({{"Maglev", Algorithm::Maglev},
                                      {"RoundRobin", Algorithm::RoundRobin},
                                      {"LeastRequest", Algorithm::LeastRequest},
                                      {"Random", Algorithm::Random}}));
  if (const auto hash = fields.find("hash")) {
    balancing = decode_hash(*hash, balancing);
    if (balancing.algorithm != Algorithm::Maglev) hash->problem("is set (only the algorithm Maglev has a hash)");
  }
  fields.finish();
  return balancing;
}

UpstreamLimits decode_upstream_limits(const Cursor& cursor) {
  UpstreamLimits limits;
  const auto limit = integer_in(1, kMaxLimit);
  Fields fields(cursor);
  fields.optional("maxConnections", limits.max_connections, limit);
  fields.optional("maxPendingRequests", limits.max_pending_requests, limit);
  fields.optional("maxRequestsPerConnection", limits.max_requests_per_connection, limit);
  fields.finish();
  return limits;
}

/// With forward secrecy and authenticated encryption only (RFC 9325 section 4.2).
std::string as_cipher_suite(const Cursor& cursor) {
  return cursor.one_of({"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
                        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"});
}

std::string as_curve(const Cursor& cursor) { return cursor.one_of({"X25519", "P-256", "P-384", "P-521"}); }

TlsVersion as_tls_version(const Cursor& cursor) {
  return word_of<TlsVersion>({{"TLSv1.2", TlsVersion::Tls12}, {"TLSv1.3", TlsVersion::Tls13}})(cursor);
}

ClientTls decode_client_tls(const Cursor& cursor) {
  ClientTls tls;
  Fields fields(cursor);
  fields.optional("minVersion", tls.min_version, as_tls_version);
  fields.optional("maxVersion", tls.max_version, as_tls_version);
  fields.optional("cipherSuites", tls.cipher_suites, set_of(as_cipher_suite, 1, 16));
  fields.optional("curves", tls.curves, set_of(as_curve, 1, 4));
  fields.optional("alpnProtocols", tls.alpn_protocols, set_of(text_of(1, 255), 1, 16));
  fields.finish();
  if (tls.min_version && tls.max_version && *tls.min_version > *tls.max_version) {
    cursor.problem("minVersion is newer than maxVersion (expected at most as new)");
  }
  return tls;
}

ClientHttp decode_client_http(const Cursor& cursor) {
  ClientHttp http;
  Fields fields(cursor);
  fields.optional("maxHeaderBytes", http.max_header_bytes, integer_in(1024, 1 << 20));
  fields.optional("maxHeaders", http.max_headers, integer_in(1, 1000));
  fields.optional("maxBodyBytes", http.max_body_bytes, integer_in<std::uint64_t>(0, std::int64_t{1} << 40));
  fields.optional("maxConcurrentStreams", http.max_concurrent_streams, integer_in(1, 1000));
  fields.finish();
  return http;
}

ClientTimeouts decode_client_timeouts(const Cursor& cursor) {
  ClientTimeouts timeouts;
  const auto timeout = duration_from(std::chrono::milliseconds(0));
  Fields fields(cursor);
  fields.optional("tlsHandshake", timeouts.tls_handshake, timeout);
  fields.optional("requestHeaders", timeouts.request_headers, timeout);
  fields.optional("request", timeouts.request, timeout);
  fields.optional("idle", timeouts.idle, timeout);
  fields.finish();
  return timeouts;
}

GatewayClassConfig::AddressPool decode_pool(const Cursor& cursor) {
  GatewayClassConfig::AddressPool pool;
  Fields fields(cursor);
  fields.required("name", pool.name, as_namespace);
  fields.required("ranges", pool.ranges, list_of(as_range, 1, 64));
  fields.finish();
  return pool;
}

std::vector<GatewayClassConfig::AddressPool> decode_pools(const Cursor& cursor) {
  auto pools = list_of(decode_pool, 1, 16)(cursor);
  report_repeated(
      cursor, pools, [](const auto& pool) { return pool.name; }, "another item has this name (names are unique)");
  return pools;
}

/// IFNAMSIZ leaves 15 characters.
std::optional<std::string> check_interface(std::string_view text) {
  std::string_view name = text;
  if (name.ends_with('*')) name.remove_suffix(1);
  if (!text.empty() && text.size() <= 15 && is_made_of_alnum_and("-_.:@", name)) return std::nullopt;
  return fmt::format("\"{}\" is not a network interface (expected such as eth0 or eth*, at most 15 characters)",
                     text.substr(0, 80));
}

GatewayClassConfig::Limits decode_class_limits(const Cursor& cursor) {
  GatewayClassConfig::Limits limits;
  const auto limit = integer_in(1, kMaxLimit);
  Fields fields(cursor);
  fields.optional("gateways", limits.gateways, limit);
  fields.optional("listenersPerGateway", limits.listeners_per_gateway, limit);
  fields.optional("routesPerListener", limits.routes_per_listener, limit);
  fields.optional("connectionsPerListener", limits.connections_per_listener, limit);
  fields.finish();
  return limits;
}

}  // namespace

void decode_upstream_policy(const Cursor& spec, UpstreamPolicy& policy) {
  using Source = SourceAddress;
  using Direct = DirectReturn;
  using Proxy = ProxyProtocolVersion;
  Fields fields(spec);
  fields.required("targetRefs", policy.targets,
                  targets_of({{kGatewayGroup, "Gateway"},
                              {kGatewayGroup, "HTTPRoute"},
                              {kGatewayGroup, "GRPCRoute"},
                              {kGatewayGroup, "TLSRoute"},
                              {kGatewayGroup, "TCPRoute"},
                              {kGatewayGroup, "UDPRoute"},
                              {"", "Service"},
                              {kLegacyGroup, "Gateway"},
                              {kLegacyGroup, "HTTPRoute"},
                              {kLegacyGroup, "TLSRoute"},
                              {kLegacyGroup, "TCPRoute"},
                              {kLegacyGroup, "UDPRoute"}}));
  decode_merge_strategy(spec, fields, policy);
  fields.optional(
      "sourceAddress", policy.source_address,
      word_of<Source>({{"Auto", Source::Auto}, {"Preserve", Source::Preserve}, {"Masquerade", Source::Masquerade}}));
  fields.optional(
      "directReturn", policy.direct_return,
      word_of<Direct>({{"None", Direct::None}, {"SameSegment", Direct::SameSegment}, {"Tunnel", Direct::Tunnel}}));
  fields.optional("sessionAffinity", policy.session_affinity,
                  word_of<SessionAffinity>({{"None", SessionAffinity::None}, {"ClientIP", SessionAffinity::ClientIP}}));
  fields.optional("drainTimeout", policy.drain_timeout, seconds_from(std::chrono::seconds(0)));
  fields.optional("idleTimeout", policy.idle_timeout, seconds_from(std::chrono::seconds(1)));
  fields.optional("connectTimeout", policy.connect_timeout, duration_from(std::chrono::milliseconds(1)));
  fields.optional("loadBalancing", policy.load_balancing, decode_load_balancing);
  fields.optional("proxyProtocol", policy.proxy_protocol,
                  word_of<Proxy>({{"None", Proxy::None}, {"V1", Proxy::V1}, {"V2", Proxy::V2}}));
  if (const auto health_check = fields.find("healthCheck")) decode_health_check(*health_check, policy);
  fields.optional("limits", policy.limits, decode_upstream_limits);
  fields.finish();
  if (policy.direct_return.value_or(Direct::None) != Direct::None && policy.source_address == Source::Masquerade) {
    spec.problem("directReturn keeps the client's address: it contradicts sourceAddress: Masquerade (leave one out)");
  }
}

void decode_client_policy(const Cursor& spec, ClientPolicy& policy) {
  using Use = ProxyProtocolUse;
  Fields fields(spec);
  fields.required("targetRefs", policy.targets,
                  targets_of({{kGatewayGroup, "Gateway"}, {kGatewayGroup, "ListenerSet"}, {kLegacyGroup, "Gateway"}}));
  decode_merge_strategy(spec, fields, policy);
  if (const auto ranges = fields.find("sourceRanges")) decode_source_ranges(*ranges, policy);
  if (const auto limits = fields.find("limits")) decode_limits(*limits, policy);
  fields.optional("tls", policy.tls, decode_client_tls);
  fields.optional("http", policy.http, decode_client_http);
  fields.optional("proxyProtocol", policy.proxy_protocol,
                  word_of<Use>({{"None", Use::None}, {"Optional", Use::Optional}, {"Required", Use::Required}}));
  fields.optional("timeouts", policy.timeouts, decode_client_timeouts);
  fields.finish();
}

void decode_gateway_class_config(const Cursor& spec, GatewayClassConfig& config) {
  Fields fields(spec);
  fields.optional("addressPools", config.address_pools, decode_pools);
  fields.optional("interfaces", config.interfaces, set_of(checked_by(check_interface), 1, 64));
  fields.optional("limits", config.limits, decode_class_limits);
  fields.finish();
}

}  // namespace gw::api
