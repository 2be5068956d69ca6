// SPDX-License-Identifier: Apache-2.0
// Hostnames of listeners and routes, and which of them take a name. gateway.networking.k8s.io: "*." stands for one or
// more labels, never for none; networking.x-k8s.io of 2021: for exactly one.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gw::ir {

/// How many labels "*." stands for.
enum class WildcardLabels : std::uint8_t { OneOrMore, One };

struct Hostname {
  enum class Kind : std::uint8_t { Exact, OneLabelWildcard, Wildcard, Any };
  Kind kind = Kind::Any;
  std::string name;  ///< lower case; of a wildcard what follows "*."; empty for Any

  /// "" and "*" are any name.
  static Hostname parse(std::string_view text, WildcardLabels labels = WildcardLabels::OneOrMore);

  /// `host`: lower case, without a port.
  [[nodiscard]] bool matches(std::string_view host) const;
  /// As the API writes it; Any is "*".
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Hostname&) const = default;
};

/// The names that both take; none if there is no such name.
std::optional<Hostname> intersect(const Hostname& a, const Hostname& b);
/// Which of two hostnames that take the same name goes first: exact ones, then those with more labels behind "*.",
/// then any name (Gateway spec.listeners: "Listeners that are distinct only by Hostname").
bool is_more_specific(const Hostname& a, const Hostname& b);

/// A name as hostnames are compared: lower case, without a port and without a dot at the end.
std::string normalize_host(std::string_view host);
/// Every hostname that takes `host`, the most specific first.
std::vector<Hostname> hostnames_taking(std::string_view host);

}  // namespace gw::ir
