// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/policy_settings.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <chrono>
#include <vector>

namespace gw::translate {
namespace {

using api::ClientPolicy;
using api::UpstreamPolicy;
using Text = std::optional<std::string>;
using enum CarriedOutBy;

std::string to_text(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? fmt::format("{}s", time.count() / 1000) : fmt::format("{}ms", time.count());
}

/// The word of an enumerator, in its order.
template <typename Word>
Text word_of(std::optional<Word> value, std::initializer_list<const char*> words) {
  if (!value) return std::nullopt;
  return *(words.begin() + static_cast<std::size_t>(*value));
}

template <typename Number>
Text number(std::optional<Number> value) {
  if (!value) return std::nullopt;
  return std::to_string(*value);
}

template <typename Duration>
Text time(std::optional<Duration> value) {
  if (!value) return std::nullopt;
  return to_text(*value);
}

Text list(const std::vector<std::string>& values) {
  if (values.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(values, ", "));
}

Text ranges(const ClientPolicy& policy) {
  std::vector<std::string> parts;
  parts.reserve(policy.allow.size() + policy.deny.size());
  for (const auto& range : policy.allow) parts.push_back("allow " + range.to_string());
  for (const auto& range : policy.deny) parts.push_back("deny " + range.to_string());
  return list(parts);
}

Text load_balancing(const UpstreamPolicy& policy) {
  if (!policy.load_balancing) return std::nullopt;
  const api::LoadBalancing& balancing = *policy.load_balancing;
  std::string algorithm =
      *word_of(std::optional(balancing.algorithm), {"Maglev", "RoundRobin", "LeastRequest", "Random"});
  if (balancing.algorithm != api::LoadBalancing::Algorithm::Maglev) return algorithm;
  return fmt::format(
      "{} by {}{}{}", algorithm,
      *word_of(std::optional(balancing.hash_source), {"Connection", "SourceAddress", "Header", "Cookie"}),
      balancing.hash_name.empty() ? "" : " ", balancing.hash_name);
}

std::string to_text(const ActiveCheck& check) {
  std::string what = check.http ? fmt::format("HTTP {} {}", check.http->method, check.http->path) : "TCP";
  if (check.grpc) what = fmt::format("GRPC {}", check.grpc->service);
  return fmt::format("{} every {}, timeout {}", what, to_text(check.interval), to_text(check.timeout));
}

Text active_check(const UpstreamPolicy& policy) {
  if (!policy.active_check || policy.active_check->grpc) return std::nullopt;
  return to_text(*policy.active_check);
}

Text grpc_check(const UpstreamPolicy& policy) {
  if (!policy.active_check || !policy.active_check->grpc) return std::nullopt;
  return to_text(*policy.active_check);
}

Text passive_check(const UpstreamPolicy& policy) {
  if (!policy.passive_check) return std::nullopt;
  const PassiveCheck& check = *policy.passive_check;
  return fmt::format("{} failures, out for {}, at most {} %", check.consecutive_failures,
                     to_text(check.base_ejection_time), check.max_ejection_percent);
}

template <auto Member>
Text tls_list(const ClientPolicy& policy) {
  return policy.tls ? list((*policy.tls).*Member) : std::nullopt;
}

template <auto Member>
Text tls_version(const ClientPolicy& policy) {
  return policy.tls ? word_of((*policy.tls).*Member, {"TLSv1.2", "TLSv1.3"}) : std::nullopt;
}

constexpr std::array kUpstream = {
    PolicySetting<UpstreamPolicy>{
        "sourceAddress", Kernel,
        [](const UpstreamPolicy& p) { return word_of(p.source_address, {"Auto", "Preserve", "Masquerade"}); }},
    PolicySetting<UpstreamPolicy>{
        "directReturn", Kernel,
        [](const UpstreamPolicy& p) { return word_of(p.direct_return, {"None", "SameSegment", "Tunnel"}); }},
    PolicySetting<UpstreamPolicy>{
        "sessionAffinity", Kernel,
        [](const UpstreamPolicy& p) { return word_of(p.session_affinity, {"None", "ClientIP"}); }},
    PolicySetting<UpstreamPolicy>{"drainTimeout", Kernel,
                                  [](const UpstreamPolicy& p) { return time(p.drain_timeout); }},
    PolicySetting<UpstreamPolicy>{"idleTimeout", Kernel, [](const UpstreamPolicy& p) { return time(p.idle_timeout); }},
    PolicySetting<UpstreamPolicy>{"connectTimeout", Proxy,
                                  [](const UpstreamPolicy& p) { return time(p.connect_timeout); }},
    PolicySetting<UpstreamPolicy>{"loadBalancing", Proxy, load_balancing},
    PolicySetting<UpstreamPolicy>{
        "proxyProtocol", Proxy,
        [](const UpstreamPolicy& p) { return word_of(p.proxy_protocol, {"None", "V1", "V2"}); }},
    PolicySetting<UpstreamPolicy>{"healthCheck.active", Kernel, active_check},
    PolicySetting<UpstreamPolicy>{"healthCheck.active of type GRPC", Proxy, grpc_check},
    PolicySetting<UpstreamPolicy>{"healthCheck.passive", Kernel, passive_check},
    PolicySetting<UpstreamPolicy>{"healthCheck.panicThreshold", Kernel,
                                  [](const UpstreamPolicy& p) { return number(p.panic_threshold); }},
    PolicySetting<UpstreamPolicy>{"limits.maxConnections", Proxy,
                                  [](const UpstreamPolicy& p) { return number(p.limits.max_connections); }},
    PolicySetting<UpstreamPolicy>{"limits.maxPendingRequests", Proxy,
                                  [](const UpstreamPolicy& p) { return number(p.limits.max_pending_requests); }},
    PolicySetting<UpstreamPolicy>{"limits.maxRequestsPerConnection", Proxy,
                                  [](const UpstreamPolicy& p) { return number(p.limits.max_requests_per_connection); }},
};

constexpr std::array kClient = {
    PolicySetting<ClientPolicy>{"sourceRanges", Kernel, ranges},
    PolicySetting<ClientPolicy>{"limits.connectionsPerSecond", Kernel,
                                [](const ClientPolicy& p) { return number(p.connections_per_second); }},
    PolicySetting<ClientPolicy>{"limits.connectionsPerSecondPerSource", Kernel,
                                [](const ClientPolicy& p) { return number(p.connections_per_second_per_source); }},
    PolicySetting<ClientPolicy>{"limits.maxConnections", Kernel,
                                [](const ClientPolicy& p) { return number(p.max_connections); }},
    PolicySetting<ClientPolicy>{"tls.minVersion", Proxy, tls_version<&api::ClientTls::min_version>},
    PolicySetting<ClientPolicy>{"tls.maxVersion", Proxy, tls_version<&api::ClientTls::max_version>},
    PolicySetting<ClientPolicy>{"tls.cipherSuites", Proxy, tls_list<&api::ClientTls::cipher_suites>},
    PolicySetting<ClientPolicy>{"tls.curves", Proxy, tls_list<&api::ClientTls::curves>},
    PolicySetting<ClientPolicy>{"tls.alpnProtocols", Proxy, tls_list<&api::ClientTls::alpn_protocols>},
    PolicySetting<ClientPolicy>{"http.maxHeaderBytes", Proxy,
                                [](const ClientPolicy& p) { return number(p.http.max_header_bytes); }},
    PolicySetting<ClientPolicy>{"http.maxHeaders", Proxy,
                                [](const ClientPolicy& p) { return number(p.http.max_headers); }},
    PolicySetting<ClientPolicy>{"http.maxBodyBytes", Proxy,
                                [](const ClientPolicy& p) { return number(p.http.max_body_bytes); }},
    PolicySetting<ClientPolicy>{"http.maxConcurrentStreams", Proxy,
                                [](const ClientPolicy& p) { return number(p.http.max_concurrent_streams); }},
    PolicySetting<ClientPolicy>{
        "proxyProtocol", Proxy,
        [](const ClientPolicy& p) { return word_of(p.proxy_protocol, {"None", "Optional", "Required"}); }},
    PolicySetting<ClientPolicy>{"timeouts.tlsHandshake", Proxy,
                                [](const ClientPolicy& p) { return time(p.timeouts.tls_handshake); }},
    PolicySetting<ClientPolicy>{"timeouts.requestHeaders", Proxy,
                                [](const ClientPolicy& p) { return time(p.timeouts.request_headers); }},
    PolicySetting<ClientPolicy>{"timeouts.request", Proxy,
                                [](const ClientPolicy& p) { return time(p.timeouts.request); }},
    PolicySetting<ClientPolicy>{"timeouts.idle", Proxy, [](const ClientPolicy& p) { return time(p.timeouts.idle); }},
};

}  // namespace

std::span<const PolicySetting<UpstreamPolicy>> settings_of(const UpstreamPolicy*) { return kUpstream; }
std::span<const PolicySetting<ClientPolicy>> settings_of(const ClientPolicy*) { return kClient; }

}  // namespace gw::translate
