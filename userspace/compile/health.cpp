// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/health.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>

namespace gw::compile {
namespace {

using Ids = std::set<std::uint32_t>;

gw_backend_health_key watch_key(std::uint32_t id, const ir::WeightedBackends& ref) {
  const bool is_udp = ref.port && ref.port->protocol == ir::Protocol::Udp;
  return {id, static_cast<std::uint32_t>(is_udp ? IPPROTO_UDP : IPPROTO_TCP)};
}

PassiveCheck strictest(const PassiveCheck& a, const PassiveCheck& b) {
  return {.consecutive_failures = std::min(a.consecutive_failures, b.consecutive_failures),
          .connect_timeout = std::min(a.connect_timeout, b.connect_timeout),
          .base_ejection_time = std::max(a.base_ejection_time, b.base_ejection_time),
          .max_ejection_percent = std::min(a.max_ejection_percent, b.max_ejection_percent)};
}

void watch_all(const Candidates& candidates, CompiledService& service) {
  const auto& passive = candidates.ref.upstream.health_check.passive;
  if (!passive) return;
  if (candidates.ref.upstream.direct_return != ir::DirectReturn::None) {
    service.warnings.insert(
        fmt::format("{}: healthCheck.passive has no effect, since with directReturn the answers do not pass "
                    "here (healthCheck.active has)",
                    candidates.ref.name));
    return;
  }
  for (const auto& [endpoint, id] : candidates.backends) {
    service.backends.at(id).flags |= GW_BACKEND_WATCHED;
    const plan::Watch wanted{*passive, candidates.ref.name, endpoint->address, endpoint->port};
    const auto [watch, is_new] = service.watched.try_emplace(watch_key(id, candidates.ref), wanted);
    if (!is_new) watch->second = combine(watch->second, wanted);
  }
}

void find_unhealthy(const Candidates& candidates, const plan::Health& health, CompiledService& service, Ids& out) {
  const auto& active = candidates.ref.upstream.health_check.active;
  if (!active || health.unhealthy.empty()) return;
  for (const auto& [endpoint, id] : candidates.backends) {
    if (!health.unhealthy.contains({endpoint->address, endpoint->port, *active})) continue;
    service.backends.at(id).flags |= GW_BACKEND_UNHEALTHY;
    out.insert(id);
  }
}

/// At least one of two or more, so that a small set is protected too.
std::size_t most_ejections(std::size_t backends, std::uint32_t percent) {
  const std::size_t least = backends > 1 && percent > 0 ? 1 : 0;
  return std::max(backends * percent / 100, least);
}

/// Of more than may be ejected, those that were first.
void find_ejected(const Candidates& candidates, const plan::Health& health, CompiledService& service, Ids& out) {
  const auto& passive = candidates.ref.upstream.health_check.passive;
  if (!passive || health.ejected.empty()) return;
  std::vector<std::pair<std::uint64_t, std::uint32_t>> by_age;
  for (const auto& [endpoint, id] : candidates.backends) {
    const auto ejected = health.ejected.find(watch_key(id, candidates.ref));
    if (ejected == health.ejected.end()) continue;
    service.backends.at(id).flags |= GW_BACKEND_EJECTED;
    by_age.emplace_back(ejected->second, id);
  }
  std::ranges::sort(by_age);
  const std::size_t most = most_ejections(candidates.backends.size(), passive->max_ejection_percent);
  for (std::size_t i = 0; i < std::min(by_age.size(), most); ++i) out.insert(by_age[i].second);
}

std::vector<std::uint32_t> all_but(const Candidates& candidates, const Ids& out) {
  std::vector<std::uint32_t> ids;
  for (const auto& [endpoint, id] : candidates.backends) {
    if (!out.contains(id)) ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::vector<std::uint32_t> choose_healthy(const Candidates& candidates, const plan::Health& health,
                                          CompiledService& service) {
  const std::uint32_t panic = candidates.ref.upstream.health_check.panic_threshold;
  Ids out;
  watch_all(candidates, service);
  find_unhealthy(candidates, health, service, out);
  find_ejected(candidates, health, service, out);
  std::vector<std::uint32_t> healthy = all_but(candidates, out);
  if (out.empty()) return healthy;
  if (healthy.size() * 100 < std::size_t{panic} * candidates.backends.size()) {
    service.warnings.insert(
        fmt::format("{}: {} of its endpoints are healthy, so health is ignored and all get connections "
                    "(healthCheck.panicThreshold)",
                    candidates.ref.name, healthy.empty() ? "none" : fmt::format("less than {} %", panic)));
    return all_but(candidates, {});
  }
  if (healthy.empty()) {
    service.warnings.insert(fmt::format("{}: none of its endpoints is healthy, so its share of connections is rejected",
                                        candidates.ref.name));
  }
  return healthy;
}

bool is_checked(const ir::WeightedBackends& ref) {
  return ref.upstream.health_check.active || ref.upstream.health_check.passive;
}

plan::Watch combine(plan::Watch a, const plan::Watch& b) {
  a.check = strictest(a.check, b.check);
  a.backend_ref = std::min(a.backend_ref, b.backend_ref);
  return a;
}

}  // namespace gw::compile
