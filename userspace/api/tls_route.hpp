// SPDX-License-Identifier: Apache-2.0
// TLSRoute: connections by the name that the client asks for (SNI).
#pragma once

#include "userspace/api/route.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gw::api {

struct TlsRouteRule {
  std::optional<std::string> name;
  std::vector<BackendRef> backend_refs;
  /// v1alpha1 only, where names belong to rules. Without any, the rule takes every name that no other rule takes.
  std::vector<LegacyMatch> legacy_matches;
  bool operator==(const TlsRouteRule&) const = default;
};

struct TlsRoute : Route {
  TlsRoute() { kind = "TLSRoute"; }

  std::vector<std::string> hostnames;  ///< v1 has at least one; v1alpha2: empty takes every name; v1alpha1: empty
  std::vector<TlsRouteRule> rules;     ///< v1: exactly one; v1alpha2: the first one counts; v1alpha1: by legacy_matches
  bool operator==(const TlsRoute&) const = default;
};

}  // namespace gw::api
