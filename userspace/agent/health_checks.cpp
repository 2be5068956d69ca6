// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/health_checks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <random>
#include <utility>

#include "userspace/plan/address.hpp"

namespace gw::agent {
namespace {

using health::Clock;
using std::chrono::milliseconds;

/// A rack that fails is one change of the tables, not forty.
constexpr milliseconds kChangesTogether{50};
constexpr milliseconds kSampleInterval{1000};
/// Checks that begin so late are worth a word.
constexpr std::chrono::seconds kBehind{5};
constexpr rlim_t kMostFiles = 65536;
constexpr std::size_t kMostChecks = 4096;
constexpr std::size_t kLeastChecks = 64;

/// Each check holds a socket: of the files that we may open at most half are for them. The usual soft limit, 1,024, is
/// for programs that use select().
std::size_t checks_at_once() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return kLeastChecks;
  files.rlim_cur = std::max(files.rlim_cur, std::min(files.rlim_max, kMostFiles));
  (void)::setrlimit(RLIMIT_NOFILE, &files);
  return std::clamp<std::size_t>(files.rlim_cur / 2, kLeastChecks, kMostChecks);
}

std::pair<IpAddress, std::uint16_t> endpoint_of(const gw_backend& backend) {
  return {plan::to_ip(backend.addr), ntohs(backend.port)};
}

}  // namespace

Result<std::unique_ptr<HealthChecks>> HealthChecks::create(EventLoop& loop, const datapath::Maps& maps,
                                                           std::function<void()> on_change) {
  auto checker = health::Checker::open({.most_at_once = checks_at_once(), .seed = std::random_device{}()});
  if (!checker) return fail(checker.error());
  std::unique_ptr<HealthChecks> made(new HealthChecks(maps, std::move(*checker), std::move(on_change)));
  if (auto connected = made->connect_events(loop); !connected) return fail(connected.error());
  return made;
}

HealthChecks::HealthChecks(const datapath::Maps& maps, health::Checker checker, std::function<void()> on_change)
    : maps_(maps), checker_(std::move(checker)), on_change_(std::move(on_change)) {}

Result<> HealthChecks::connect_events(EventLoop& loop) {
  auto checks = loop.add_timer([this] { on_check_timer(); });
  auto samples = loop.add_timer([this] { on_sample_timer(); });
  auto change = loop.add_timer([this] {
    is_change_due_ = false;
    on_change_();
  });
  if (!checks || !samples || !change) return fail("cannot create the timers of health checks");
  check_timer_ = *checks;
  sample_timer_ = *samples;
  change_timer_ = *change;
  return loop.on_readable(checker_.fd(), [this] { on_sockets(); });
}

void HealthChecks::restore(const plan::Observed& observed) {
  std::set<std::pair<IpAddress, std::uint16_t>> unhealthy;
  for (const auto& [id, backend] : observed.backends) {
    if ((backend.flags & GW_BACKEND_UNHEALTHY) != 0) unhealthy.insert(endpoint_of(backend));
    if ((backend.flags & GW_BACKEND_EJECTED) == 0) continue;
    for (const std::uint32_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) ejected_before_.push_back({id, protocol});
  }
  checker_.assume_unhealthy(std::move(unhealthy));
}

void HealthChecks::watch_endpoints(const ir::Config& config) {
  checker_.watch(config, Clock::now());
  after_checks();
}

void HealthChecks::watch_backends(const plan::Plan& plan) {
  outliers_.watch(plan.watched);
  for (const auto& key : std::exchange(ejected_before_, {})) outliers_.assume_ejected(key, Clock::now());
  const bool has_work = outliers_.watched() != 0;
  if (has_work && !is_sampling_) sample_timer_->set(Clock::now() + kSampleInterval);
  if (!has_work) sample_timer_->clear();
  is_sampling_ = has_work;
}

plan::Health HealthChecks::found() const {
  plan::Health health{checker_.unhealthy(), outliers_.ejected()};
  for (const auto& key : ejected_before_) health.ejected.emplace(key, 0);
  return health;
}

void HealthChecks::on_sockets() {
  checker_.on_ready(Clock::now());
  after_checks();
}

void HealthChecks::on_check_timer() {
  checker_.on_due(Clock::now());
  after_checks();
}

void HealthChecks::after_checks() {
  if (const auto due = checker_.due()) {
    check_timer_->set(*due);
  } else {
    check_timer_->clear();
  }
  note_changes(checker_.take_changes());
  if (!checker_.own_problem().empty() && own_problems_.insert(checker_.own_problem()).second) {
    spdlog::warn("health checks that cannot be made say nothing of their endpoints: {}", checker_.own_problem());
  }
  say_if_behind();
}

void HealthChecks::say_if_behind() {
  const auto late = checker_.behind(Clock::now());
  if (late >= kBehind && !is_behind_) {
    is_behind_ = true;
    spdlog::warn("health checks are {} s late: {} endpoints are too many for their intervals",
                 std::chrono::duration_cast<std::chrono::seconds>(late).count(), checker_.watched());
  } else if (late < kBehind / 2 && is_behind_) {
    is_behind_ = false;
    spdlog::info("health checks are on time again");
  }
}

void HealthChecks::on_sample_timer() {
  const auto now = Clock::now();
  sample_timer_->set(now + kSampleInterval);
  outliers_.end_ejections(now);
  const auto read = maps_.backend_health.for_each(
      [this, now](const auto& key, const auto& counts) { outliers_.note(key, counts, now); });
  if (!read) spdlog::error("passive health checks: {}", read.error().message);
  note_changes(outliers_.take_changes());
}

void HealthChecks::note_changes(const std::vector<health::Change>& changes) {
  for (const auto& change : changes) {
    spdlog::log(change.is_out ? spdlog::level::warn : spdlog::level::info, "{}: endpoint {} {}", change.backend_ref,
                change.endpoint, change.what);
  }
  if (changes.empty() || is_change_due_) return;
  is_change_due_ = true;
  change_timer_->set(Clock::now() + kChangesTogether);
}

HealthChecks::Report HealthChecks::report() const {
  Report report{checker_.watched(), outliers_.watched(), checker_.outages()};
  std::ranges::move(outliers_.outages(), std::back_inserter(report.outages));
  return report;
}

}  // namespace gw::agent
