// SPDX-License-Identifier: Apache-2.0
// What every kind of route has.
#pragma once

#include "userspace/api/gateway.hpp"
#include "userspace/api/meta.hpp"
#include "userspace/api/reference.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

/// v1alpha1 `spec.gateways`: which Gateways the route lets bind it.
struct LegacyGatewaysAllow {
  enum class Allow : std::uint8_t { All, FromList, SameNamespace };
  Allow allow = Allow::SameNamespace;
  std::vector<NamespacedName> gateway_refs;  ///< with FromList
  bool operator==(const LegacyGatewaysAllow&) const = default;
};

struct Route {
  ObjectMeta meta;
  std::string group = kGatewayGroup;
  std::string version = "v1";
  std::string kind;
  std::vector<ParentReference> parent_refs;            ///< empty for v1alpha1
  std::optional<LegacyGatewaysAllow> legacy_gateways;  ///< set for v1alpha1, and only then
  DefaultScope use_default_gateways = DefaultScope::None;

  [[nodiscard]] bool is_legacy() const { return group == kLegacyGroup; }
  [[nodiscard]] ObjectRef ref() const { return {group, version, kind, meta.ns, meta.name}; }
  bool operator==(const Route&) const = default;
};

/// v1alpha1 `rules[].matches[]` of TCP, UDP and TLS routes.
struct LegacyMatch {
  std::vector<std::string> snis;  ///< TLSRoute only; empty: every name
  std::optional<ObjectReference> extension_ref;
  bool operator==(const LegacyMatch&) const = default;
};

/// Requests of one client session go to one backend.
struct SessionPersistence {
  enum class Type : std::uint8_t { Cookie, Header };
  enum class CookieLifetime : std::uint8_t { Session, Permanent };
  Type type = Type::Cookie;
  std::string name;  ///< of the cookie or header; an empty cookie name leaves the choice to us
  CookieLifetime cookie_lifetime = CookieLifetime::Session;
  std::string cookie_path = "/";
  std::optional<std::chrono::milliseconds> absolute_timeout;
  bool operator==(const SessionPersistence&) const = default;
};

}  // namespace gw::api
