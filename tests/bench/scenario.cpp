// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/scenario.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "tests/support/backends.hpp"
#include "tests/support/must.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/plan/address.hpp"
#include "userspace/plan/diff.hpp"

namespace gw::bench {
namespace {

using testing::DataPath;
using testing::give_up;
using testing::Hook;
using testing::ip;
using testing::must;

/// Full NAT: 31,744 ports towards each.
constexpr std::uint32_t kBackends = 64;
constexpr std::uint32_t kSlotsEach = 101;
constexpr std::uint16_t kNatFirst = 1024;
constexpr std::uint16_t kNatLast = 32767;
constexpr std::uint16_t kBackendPort = 9000;

bool has_replies(Mode mode) { return mode == Mode::Dnat || mode == Mode::FullNat; }

}  // namespace

const char* to_text(Mode mode) {
  switch (mode) {
    case Mode::Dnat: return "DNAT";
    case Mode::FullNat: return "full NAT";
    case Mode::DsrSegment: return "DSR";
    case Mode::DsrTunnel: return "DSR tunnel";
  }
  return "";
}

Scenario::Scenario(std::uint32_t entries, Mode mode, Target target, Tuples& tuples)
    : mode_(mode),
      target_(target),
      talk_(target_),
      tuples_(tuples),
      data_path_(must(DataPath::load(entries))),
      xdp_(must(Wrapper::around(Hook::Xdp, data_path_->program(Hook::Xdp), tuples))),
      tc_(must(Wrapper::around(Hook::Tc, data_path_->program(Hook::Tc), tuples))),
      fresh_(in_order(talk_.request(), kNewFirst, kNewCount)) {
  configure();
}

void Scenario::grow(std::uint32_t flows) {
  const std::uint32_t chunk = std::max<std::uint32_t>(1, data_path_->limbo_ring() / 2);
  while (flows_ < flows) connect(std::min(chunk, flows - flows_));
  shuffle();
  hot_ = scattered(talk_.acknowledgement(), flows_);
  miss_ = scattered(talk_.miss(), flows_);
  reply_ = in_order(talk_.reply(), 0, flows_);
}

std::vector<Row> Scenario::rows() {
  std::vector<Row> made;
  for (const Hook hook : {Hook::Xdp, Hook::Tc}) {
    if (hook == Hook::Tc && !has_replies(mode_)) continue;
    Wrapper* const wrapper = hook == Hook::Xdp ? &xdp_ : &tc_;
    const auto add = [&](const char* packet, frames* stream, gw_counter counts) {
      made.push_back(
          {.program = "ours", .hook = hook, .packet = packet, .wrapper = wrapper, .stream = stream, .counts = counts});
    };
    add("hot", &hot_, GW_EVENT_FORWARDED);
    if (has_replies(mode_)) add("reply", &reply_, GW_EVENT_FORWARDED);
    add("new", &fresh_, GW_EVENT_FLOW_CREATED);
    made.back().forgets = true;
    if (mode_ == Mode::Dnat) add("new, in a flood", &fresh_, GW_EVENT_FLOW_CREATED);
    if (mode_ == Mode::Dnat) add("miss", &miss_, GW_EVENT_PASSED);
  }
  return made;
}

void Scenario::run(Row& row, std::uint32_t repetitions) {
  const std::uint64_t before = row.counts ? count(*row.counts) : 0;
  const Run done = row.forgets ? run_with_room(row, repetitions)
                               : must(row.wrapper->run(*row.stream, repetitions, link_of(*row.stream)));
  row.verdict = done.verdict;
  row.ns.push_back(done.ns);
  if (!row.counts) return;
  const std::uint64_t counted = count(*row.counts) - before;
  if (counted != repetitions) {
    give_up({fmt::format("{} {} {}: {} of {} packets took the way that is measured (the last: {})", to_string(row.hook),
                         to_text(mode_), row.packet, counted, repetitions, verdict_text(row.hook, row.verdict)),
             0});
  }
}

/// New connections as they come where most are completed: none has to make room for the next. A connection that is
/// completed leaves the ring; here it is forgotten, beside the clock.
Run Scenario::run_with_room(Row& row, std::uint32_t repetitions) {
  const std::uint32_t chunk = std::max<std::uint32_t>(1, data_path_->limbo_ring() / 2);
  Run sum;
  for (std::uint32_t left = repetitions; left > 0;) {
    const std::uint32_t packets = std::min(chunk, left);
    must(data_path_->forget_half_open());
    const Run done = must(row.wrapper->run(*row.stream, packets, link_of(*row.stream)));
    sum.ns += done.ns * packets / repetitions;
    sum.verdict = done.verdict;
    left -= packets;
  }
  must(data_path_->forget_half_open());
  return sum;
}

void Scenario::configure() {
  const auto& maps = data_path_->maps();
  must(testing::sh("ip route replace 10.64.0.0/10 via 10.0.1.2 dev in0"));
  must(testing::sh("ip route replace 10.128.0.0/24 via 10.0.2.2 dev out0"));
  must(testing::sh("ip route replace 2001:db8:80::/64 via 2001:db8:2::2 dev out0"));
  must(datapath::set_nat_ports(maps, kNatFirst, kNatLast));
  const gw_link link{.flags = GW_LINK_XDP, .mtu = 1500, .parent = 0, .tags = {}};
  must(datapath::set_links(
      maps, {.links = {{data_path_->in_ifindex(), link}, {data_path_->out_ifindex(), link}}, .vlans = {}}));
  must(datapath::bump_generation(maps, datapath::NextHops::ByDestination));
  const plan::Plan plan = plan_of_listener();
  must(datapath::apply(maps, plan::diff(plan, must(datapath::observe(maps)))));
}

gw_backend Scenario::backend(std::uint32_t number) const {
  const bool v6 = is_v6();
  const IpAddress far =
      ip((v6 ? fmt::format("2001:db8:80::{:x}", number + 1) : fmt::format("10.128.0.{}", number + 1)).c_str());
  const IpAddress near = ip(fmt::format(fmt::runtime(v6 ? "2001:db8:2::{}" : "10.0.2.{}"), 2 + number % 4).c_str());
  const IpAddress own = ip(v6 ? "2001:db8:2::1" : "10.0.2.1");
  switch (mode_) {
    case Mode::Dnat: return testing::dnat(far, kBackendPort);
    case Mode::FullNat: return testing::full_nat(far, kBackendPort, own);
    case Mode::DsrSegment: return testing::dsr(near);
    case Mode::DsrTunnel: return testing::dsr_tunnel(far, own);
  }
  return {};
}

plan::Plan Scenario::plan_of_listener() const {
  plan::Plan plan;
  plan::MaglevTable table;
  for (std::uint32_t number = 0; number < kBackends; ++number) plan.backends[number + 1] = backend(number);
  for (std::uint32_t slot = 0; slot < kBackends * kSlotsEach; ++slot) table.push_back(slot % kBackends + 1);
  plan.services[1].shares = {{UINT32_MAX, table}};
  gw_listener& listener =
      plan.listeners[gw_listener_key{plan::to_map(target_.address), htons(target_.port), target_.protocol, 0}];
  listener.listener_id = 1;
  listener.service_id = 1;
  return plan;
}

/// Few enough at once that none is taken for a half-open one too many.
void Scenario::connect(std::uint32_t count) {
  frames request = in_order(talk_.request(), flows_, count);
  request.captures = has_replies(mode_) ? 1 : 0;
  // One more, a repetition: what became of a frame is read when the next one begins.
  pass(request, count + 1);
  if (has_replies(mode_)) pass(in_order(talk_.acceptance(), flows_, count), count);
  pass(in_order(talk_.acknowledgement(), flows_, count), count);
  flows_ += count;
}

void Scenario::pass(frames stream, std::uint32_t repetitions) {
  const Run done = must(xdp_.run(stream, repetitions, 0));
  if (verdict_text(Hook::Xdp, done.verdict) != "redirect") {
    give_up({fmt::format("a connection's packet was not forwarded: {}", verdict_text(Hook::Xdp, done.verdict)), 0});
  }
}

void Scenario::shuffle() {
  std::mt19937 random(1);
  std::ranges::shuffle(tuples_.all().first(flows_), random);
}

/// Frames of clients arrive at one link, those of backends at the other. XDP's link is always the same.
std::uint32_t Scenario::link_of(const frames& stream) const {
  return stream.variation == VARY_TUPLE ? data_path_->out_ifindex() : data_path_->in_ifindex();
}

std::uint64_t Scenario::count(gw_counter counter) const { return must(data_path_->maps().counters.sum())[counter]; }

}  // namespace gw::bench
