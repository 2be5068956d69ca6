// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/hostname.hpp"

#include <algorithm>
#include <cctype>

namespace gw::ir {
namespace {

using Kind = Hostname::Kind;

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

/// Whether `host` is something, a dot and then `suffix`.
bool is_below(std::string_view host, std::string_view suffix) {
  return host.size() > suffix.size() + 1 && host.ends_with(suffix) && host[host.size() - suffix.size() - 1] == '.';
}

std::string_view without_first_label(std::string_view host) {
  const std::size_t dot = host.find('.');
  return dot == std::string_view::npos ? std::string_view() : host.substr(dot + 1);
}

/// Of two wildcards.
std::optional<Hostname> intersect_wildcards(const Hostname& a, const Hostname& b) {
  if (a.name == b.name) return a.kind == Kind::OneLabelWildcard ? a : b;
  const Hostname& longer = is_below(a.name, b.name) ? a : b;
  const Hostname& shorter = &longer == &a ? b : a;
  const bool contains = is_below(longer.name, shorter.name) && shorter.kind == Kind::Wildcard;
  return contains ? std::optional(longer) : std::nullopt;
}

}  // namespace

Hostname Hostname::parse(std::string_view text, WildcardLabels labels) {
  if (text.empty() || text == "*") return {};
  if (!text.starts_with("*.")) return {Kind::Exact, lower(text)};
  return {labels == WildcardLabels::One ? Kind::OneLabelWildcard : Kind::Wildcard, lower(text.substr(2))};
}

bool Hostname::matches(std::string_view host) const {
  switch (kind) {
    case Kind::Any: return true;
    case Kind::Exact: return host == name;
    case Kind::Wildcard: return is_below(host, name);
    case Kind::OneLabelWildcard: return is_below(host, name) && without_first_label(host) == name;
  }
  return false;
}

std::string Hostname::to_string() const {
  if (kind == Kind::Any) return "*";
  return kind == Kind::Exact ? name : "*." + name;
}

std::optional<Hostname> intersect(const Hostname& a, const Hostname& b) {
  if (a.kind == Kind::Any) return b;
  if (b.kind == Kind::Any) return a;
  if (a.kind == Kind::Exact) return b.matches(a.name) ? std::optional(a) : std::nullopt;
  if (b.kind == Kind::Exact) return a.matches(b.name) ? std::optional(b) : std::nullopt;
  return intersect_wildcards(a, b);
}

bool is_more_specific(const Hostname& a, const Hostname& b) {
  const auto rank = [](const Hostname& hostname) {
    return hostname.kind == Kind::Exact ? 0 : hostname.kind == Kind::Any ? 2 : 1;
  };
  if (rank(a) != rank(b)) return rank(a) < rank(b);
  return a.name.size() != b.name.size() ? a.name.size() > b.name.size() : a < b;
}

std::string normalize_host(std::string_view host) {
  if (host.starts_with('[')) return lower(host.substr(0, host.find(']') + 1));
  host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return lower(host);
}

std::vector<Hostname> hostnames_taking(std::string_view host) {
  std::vector<Hostname> hostnames = {{Kind::Exact, std::string(host)}};
  std::string_view suffix = without_first_label(host);
  if (!suffix.empty()) hostnames.push_back({Kind::OneLabelWildcard, std::string(suffix)});
  for (; !suffix.empty(); suffix = without_first_label(suffix)) {
    hostnames.push_back({Kind::Wildcard, std::string(suffix)});
  }
  hostnames.emplace_back();
  return hostnames;
}

}  // namespace gw::ir
