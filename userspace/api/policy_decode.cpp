// SPDX-License-Identifier: Apache-2.0
// UpstreamPolicy and ClientPolicy (portcullis.dev/v1alpha1).
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

}  // namespace

void decode_upstream_policy(const Cursor& spec, UpstreamPolicy& policy) {
  using Source = SourceAddress;
  using Direct = DirectReturn;
  Fields fields(spec);
  fields.required("targetRefs", policy.targets,
                  targets_of({{kGatewayGroup, "TCPRoute"},
                              {kGatewayGroup, "UDPRoute"},
                              {"", "Service"},
                              {kLegacyGroup, "TCPRoute"},
                              {kLegacyGroup, "UDPRoute"}}));
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
  fields.finish();
  if (policy.direct_return.value_or(Direct::None) != Direct::None && policy.source_address == Source::Masquerade) {
    spec.problem("directReturn keeps the client's address: it contradicts sourceAddress: Masquerade (leave one out)");
  }
}

void decode_client_policy(const Cursor& spec, ClientPolicy& policy) {
  Fields fields(spec);
  fields.required("targetRefs", policy.targets, targets_of({{kGatewayGroup, "Gateway"}, {kLegacyGroup, "Gateway"}}));
  if (const auto ranges = fields.find("sourceRanges")) decode_source_ranges(*ranges, policy);
  if (const auto limits = fields.find("limits")) decode_limits(*limits, policy);
  fields.finish();
}

}  // namespace gw::api
