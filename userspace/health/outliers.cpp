// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/outliers.hpp"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>

namespace gw::health {
namespace {

using std::chrono::milliseconds;

/// Envoy's max_ejection_time; a longer base time is its own limit.
constexpr milliseconds kMaxEjectionTime{300'000};

/// UDP need not be answered.
bool is_silence_a_failure(std::uint32_t protocol) { return protocol == IPPROTO_TCP; }

}  // namespace

void OutlierDetector::watch(const plan::WatchMap& watched) {
  const auto is_gone = [&watched](const auto& entry) { return !watched.contains(entry.first); };
  std::erase_if(backends_, is_gone);
  std::erase_if(ejected_, is_gone);
  for (const auto& [key, watch] : watched) {
    plan::Watch& known = backends_[key].watch;
    if (known != watch) known = watch;
  }
}

void OutlierDetector::assume_ejected(const Key& key, Clock::time_point now) {
  const auto backend = backends_.find(key);
  if (backend != backends_.end()) eject(key, backend->second, "it was ejected before the agent started", now);
}

void OutlierDetector::note(const Key& key, const gw_backend_health& counts, Clock::time_point now) {
  const auto found = backends_.find(key);
  if (found == backends_.end() || ejected_.contains(key)) return;
  Backend& backend = found->second;
  std::string failure = failure_of(backend, key.protocol, counts, now);
  if (!failure.empty()) {
    eject(key, backend, std::move(failure), now);
    const auto time = std::chrono::ceil<std::chrono::seconds>(backend.until - backend.since);
    tell(backend, true, fmt::format("is ejected for {} s: {}", time.count(), backend.why));
  } else if (backend.ejections > 0 && now - backend.quiet_since >= backend.watch.check.base_ejection_time) {
    --backend.ejections;
    backend.quiet_since = now;
  }
}

/// Takes the counts into account. Why the backend is to be ejected, or nothing. An answer wipes out everything before
/// it: what counts has to fail in a row. Of what came since the last call nobody knows the order; it is taken in the
/// backend's favour.
std::string OutlierDetector::failure_of(Backend& backend, std::uint32_t protocol, const gw_backend_health& counts,
                                        Clock::time_point now) {
  const PassiveCheck& check = backend.watch.check;
  if (!backend.good || backend.good->answers != counts.answers) {
    backend.good = counts;
    backend.attempts.clear();
  }
  auto& attempts = backend.attempts;
  if (attempts.empty() || attempts.back().second != counts.attempts) attempts.emplace_back(now, counts.attempts);
  const std::uint32_t refused = counts.refusals - backend.good->refusals;
  if (refused >= check.consecutive_failures) return fmt::format("{} connections in a row were refused", refused);
  if (!is_silence_a_failure(protocol)) return {};
  const Clock::time_point old = now - check.connect_timeout;
  while (attempts.size() > 1 && attempts[1].first <= old) attempts.pop_front();
  if (attempts.front().first > old) return {};
  // Nobody knows what would have become of those that were forgotten.
  const std::uint32_t unanswered = attempts.front().second - backend.good->attempts;
  const std::uint32_t forgotten = counts.forgotten - backend.good->forgotten;
  if (unanswered < forgotten || unanswered - forgotten < check.consecutive_failures) return {};
  return fmt::format("{} connections in a row had no answer within {} ms", unanswered - forgotten,
                     check.connect_timeout.count());
}

void OutlierDetector::eject(const Key& key, Backend& backend, std::string why, Clock::time_point now) {
  const milliseconds base = backend.watch.check.base_ejection_time;
  ++backend.ejections;
  backend.since = now;
  backend.until = now + std::min(base * backend.ejections, std::max(base, kMaxEjectionTime));
  backend.why = std::move(why);
  ejected_[key] = next_order_++;
}

void OutlierDetector::end_ejections(Clock::time_point now) {
  std::erase_if(ejected_, [this, now](const auto& entry) {
    Backend& backend = backends_.at(entry.first);
    if (backend.until > now) return false;
    backend.good.reset();  // what failed before counts no more
    backend.quiet_since = now;
    tell(backend, false, "is back after its ejection");
    return true;
  });
}

void OutlierDetector::tell(const Backend& backend, bool is_out, std::string what) {
  const plan::Watch& watch = backend.watch;
  changes_.push_back({watch.backend_ref, watch.address.with_port(watch.port), is_out, std::move(what)});
}

std::vector<Outage> OutlierDetector::outages() const {
  std::vector<Outage> all;
  for (const auto& [key, order] : ejected_) {
    const Backend& backend = backends_.at(key);
    const plan::Watch& watch = backend.watch;
    all.push_back({watch.backend_ref, watch.address.with_port(watch.port), "ejected", backend.why, backend.since});
  }
  return all;
}

}  // namespace gw::health
