// SPDX-License-Identifier: Apache-2.0
// Settings that the Gateway API has no field for: UpstreamPolicy and ClientPolicy of portcullis.dev/v1alpha1, attached
// by targetRefs to objects of their own namespace (GEP-713, direct policy attachment).
#pragma once

#include "userspace/api/meta.hpp"
#include "userspace/api/reference.hpp"
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

/// How traffic goes on to backends. Targets: TCPRoute, UDPRoute (section: rule), Service (section: port).
struct UpstreamPolicy {
  static constexpr const char* kKind = "UpstreamPolicy";
  ObjectMeta meta;
  std::string group = kPolicyGroup;
  std::string version = "v1alpha1";
  std::vector<PolicyTarget> targets;
  std::optional<SourceAddress> source_address;
  std::optional<DirectReturn> direct_return;
  std::optional<SessionAffinity> session_affinity;
  std::optional<std::chrono::seconds> drain_timeout;
  std::optional<std::chrono::seconds> idle_timeout;

  [[nodiscard]] ObjectRef ref() const { return {group, version, kKind, meta.ns, meta.name}; }
  bool operator==(const UpstreamPolicy&) const = default;
};

/// Who may connect, and how much. Targets: Gateway (section: listener).
struct ClientPolicy {
  static constexpr const char* kKind = "ClientPolicy";
  ObjectMeta meta;
  std::string group = kPolicyGroup;
  std::string version = "v1alpha1";
  std::vector<PolicyTarget> targets;
  std::vector<IpPrefix> allow;  ///< not empty: every other source is denied
  std::vector<IpPrefix> deny;
  std::optional<std::uint32_t> connections_per_second;             ///< to one listener
  std::optional<std::uint32_t> connections_per_second_per_source;  ///< to one listener; IPv6: from one /64
  std::optional<std::uint32_t> max_connections;                    ///< to one listener

  [[nodiscard]] ObjectRef ref() const { return {group, version, kKind, meta.ns, meta.name}; }
  bool operator==(const ClientPolicy&) const = default;
};

}  // namespace gw::api
