// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/checker.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gw::health {
namespace {

/// Checks begun, and events taken, in one call: the loop has other work too.
constexpr std::size_t kMostInOneCall = 128;

}  // namespace

Result<Checker> Checker::open(const Options& options) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return fail_errno(errno, "make an epoll instance for health checks");
  return Checker(std::move(epoll), options);
}

void Checker::assume_unhealthy(std::set<std::pair<IpAddress, std::uint16_t>> endpoints) {
  assumed_unhealthy_ = std::move(endpoints);
}

void Checker::watch(const ir::Config& config, Clock::time_point now) {
  for (auto& [key, group] : groups_) group.is_seen = false;
  for (const auto& [name, service] : config.services) {
    for (std::size_t i = 0; i < service.backends.size(); ++i) {
      const ir::WeightedBackends& ref = service.backends[i];
      const auto& check = ref.upstream.health_check.active;
      if (check) watch_group(fmt::format("{}/{}", name, i), {ref.name, *check, config.endpoints_of(ref)}, now);
    }
  }
  std::erase_if(groups_, [this](const auto& entry) {
    if (!entry.second.is_seen) release(entry.second);
    return !entry.second.is_seen;
  });
  assumed_unhealthy_.clear();
}

void Checker::watch_group(const std::string& key, Group group, Clock::time_point now) {
  const auto known = groups_.find(key);
  if (known != groups_.end() && known->second.is_same(group)) {
    known->second.is_seen = true;
    return;
  }
  acquire(group, now);  // before what was is released: what stays keeps its verdict
  if (known != groups_.end()) release(known->second);
  groups_.insert_or_assign(key, std::move(group));
}

void Checker::acquire(const Group& group, Clock::time_point now) {
  for (const auto& endpoint : group.endpoints) {
    const auto [entry, is_new] = watched_.try_emplace({endpoint.address, endpoint.port, group.check});
    ++entry->second.backend_refs[group.backend_ref];
    if (is_new) add(*entry, now);
  }
}

void Checker::add(Entry& entry, Clock::time_point now) {
  auto& [target, watched] = entry;
  std::uniform_int_distribution<std::int64_t> anywhere(0, target.check.interval.count());
  watched.due = now + std::chrono::milliseconds(anywhere(random_));
  queue_.emplace(watched.due, &entry);
  if (!assumed_unhealthy_.contains({target.address, target.port})) return;
  watched.verdict.assume_unhealthy();
  watched.since = now;
  watched.why = "it was unhealthy before the agent started";
  unhealthy_.insert(target);
}

void Checker::release(const Group& group) {
  for (const auto& endpoint : group.endpoints) {
    const CheckTarget target{endpoint.address, endpoint.port, group.check};
    auto& refs = watched_.at(target).backend_refs;
    const auto ref = refs.find(group.backend_ref);
    if (--ref->second == 0) refs.erase(ref);
    if (refs.empty()) remove(target);
  }
}

void Checker::remove(const CheckTarget& target) {
  const auto entry = watched_.find(target);
  Watched& watched = entry->second;
  queue_.erase({watched.due, &*entry});
  if (watched.flight != 0) {
    deadlines_.erase({flights_.at(watched.flight).deadline, watched.flight});
    flights_.erase(watched.flight);
  }
  unhealthy_.erase(target);
  watched_.erase(entry);
}

std::optional<Clock::time_point> Checker::due() const {
  std::optional<Clock::time_point> next;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  const bool has_room = flights_.size() < options_.most_at_once;
  if (has_room && !queue_.empty()) next = std::min(next.value_or(queue_.begin()->first), queue_.begin()->first);
  return next;
}

void Checker::on_due(Clock::time_point now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::uint64_t serial = deadlines_.begin()->second;
    flights_.at(serial).probe.time_out();
    settle(serial, now);
  }
  for (std::size_t begun = 0; begun < kMostInOneCall && flights_.size() < options_.most_at_once; ++begun) {
    if (queue_.empty() || queue_.begin()->first > now) return;
    Entry& entry = *queue_.begin()->second;
    queue_.erase(queue_.begin());
    start(entry, now);
  }
}

void Checker::start(Entry& entry, Clock::time_point now) {
  const std::uint64_t serial = next_serial_++;
  const Clock::time_point deadline = now + entry.first.check.timeout;
  const auto flight = flights_.try_emplace(serial, Flight{Probe(entry.first), &entry, deadline}).first;
  deadlines_.emplace(deadline, serial);
  entry.second.flight = serial;
  entry.second.due = now;
  if (!flight->second.probe.is_over()) {
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = serial}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, flight->second.probe.fd(), &event);
  }
  settle(serial, now);
}

void Checker::on_ready(Clock::time_point now) {
  std::array<epoll_event, kMostInOneCall> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const std::uint64_t serial = events[static_cast<std::size_t>(i)].data.u64;
    const auto flight = flights_.find(serial);
    if (flight == flights_.end()) continue;
    flight->second.probe.advance();
    settle(serial, now);
  }
}

/// Takes a result into account as soon as it is there, and ends the flight when it is over.
void Checker::settle(std::uint64_t serial, Clock::time_point now) {
  Flight& flight = flights_.at(serial);
  if (flight.probe.result() && !flight.is_noted) {
    flight.is_noted = true;
    note(*flight.entry, *flight.probe.result(), now);
  }
  if (flight.probe.is_over()) end_flight(serial, now);
}

void Checker::note(Entry& entry, const CheckResult& result, Clock::time_point now) {
  auto& [target, watched] = entry;
  own_problem_ = result.outcome == Outcome::Inconclusive ? result.why : "";
  if (!watched.verdict.note(result.outcome, target.check)) return;
  const bool is_healthy = watched.verdict.is_healthy();
  watched.since = now;
  watched.why = result.why;
  if (is_healthy) {
    unhealthy_.erase(target);
  } else {
    unhealthy_.insert(target);
  }
  changes_.push_back({watched.backend_refs.begin()->first, target.address.with_port(target.port), !is_healthy,
                      is_healthy ? "is healthy again" : "is unhealthy: " + result.why});
}

void Checker::end_flight(std::uint64_t serial, Clock::time_point now) {
  const auto flight = flights_.find(serial);
  Entry& entry = *flight->second.entry;
  deadlines_.erase({flight->second.deadline, serial});
  flights_.erase(flight);
  entry.second.flight = 0;
  entry.second.due = std::max(entry.second.due + entry.first.check.interval, now);
  queue_.emplace(entry.second.due, &entry);
}

std::vector<Outage> Checker::outages() const {
  std::vector<Outage> all;
  for (const auto& target : unhealthy_) {
    const Watched& watched = watched_.at(target);
    for (const auto& [backend_ref, count] : watched.backend_refs) {
      all.push_back({backend_ref, target.address.with_port(target.port), "unhealthy", watched.why, watched.since});
    }
  }
  return all;
}

Clock::duration Checker::behind(Clock::time_point now) const {
  return queue_.empty() ? Clock::duration::zero() : std::max(now - queue_.begin()->first, Clock::duration::zero());
}

}  // namespace gw::health
