// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/harness.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sched.h>
#include <time.h>

#include <cerrno>

#include "tests/differential/compare.hpp"
#include "tests/differential/configure.hpp"
#include "tests/differential/frame.hpp"
#include "userspace/plan/address.hpp"

namespace gw::differential {
namespace {

std::uint32_t seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint32_t>(now.tv_sec);
}

Tuple tuple_of(const gw_flow4_key& key) {
  return {{plan::to_ip(plan::to_map_v4(key.src)), ntohs(key.sport)},
          {plan::to_ip(plan::to_map_v4(key.dst)), ntohs(key.dport)},
          key.protocol};
}
Tuple tuple_of(const gw_flow6_key& key) {
  return {{plan::to_ip(key.src), ntohs(key.sport)}, {plan::to_ip(key.dst), ntohs(key.dport)}, key.protocol};
}

Result<Flows> read_flows(const datapath::Maps& maps) {
  Flows flows;
  auto read = maps.flows4.for_each([&](const gw_flow4_key& key, const gw_flow4& value) {
    flows[tuple_of(key)] = {value.flow, plan::to_map_v4(value.src), plan::to_map_v4(value.dst)};
  });
  if (!read) return fail(read.error());
  read = maps.flows6.for_each([&](const auto& key, const auto& value) { flows[tuple_of(key)] = value; });
  if (!read) return fail(read.error());
  return flows;
}

/// After a packet: what the programs chose is in their tables.
class Seen : public Witness {
 public:
  Seen(const Flows& flows, const Counters& counted) : flows_(flows), counted_(counted) {}
  [[nodiscard]] std::optional<Flow> flow(const Tuple& client) const override {
    const auto found = flows_.find(client);
    if (found == flows_.end()) return std::nullopt;
    return Flow{ntohs(found->second.flow.sport), found->second.flow.created};
  }
  [[nodiscard]] bool counted(gw_counter counter) const override { return counted_[counter] != 0; }

 private:
  const Flows& flows_;
  const Counters& counted_;
};

/// The per-CPU maps are modelled as those of one CPU.
Result<> stay_on_this_cpu() {
  cpu_set_t cpu;
  CPU_ZERO(&cpu);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &cpu);
  if (::sched_setaffinity(0, sizeof(cpu), &cpu) != 0) return fail_errno(errno, "stay on one CPU");
  return {};
}

}  // namespace

/// A case on its way.
struct Harness::Run {
  testing::DataPath& data_path;
  Configurator configurator;
  Model model;
  Coverage& coverage;
  Counters counters;

  Result<std::string> receive(const Packet& packet);
  Result<std::string> receive(Hook hook, const Bytes& frame, Verdict& verdict);
  Result<std::string> step(const Step& step);
};

Result<std::unique_ptr<Harness>> Harness::create() {
  std::unique_ptr<Harness> harness(new Harness());
  if (auto setup = harness->setup_for(Case{}.flow_entries); !setup) return fail(setup.error());
  if (auto stays = stay_on_this_cpu(); !stays) return fail(stays.error());
  return harness;
}

Result<Harness::Setup*> Harness::setup_for(std::uint32_t flow_entries) {
  Setup& setup = setups_[flow_entries];
  if (setup.data_path) return &setup;
  auto data_path = testing::DataPath::load(flow_entries);
  if (!data_path) return fail(data_path.error());
  setup.data_path = std::move(*data_path);
  return &setup;
}

Result<std::optional<Failure>> Harness::run(const Case& one) {
  auto setup = setup_for(one.flow_entries);
  if (!setup) return fail(setup.error());
  testing::DataPath& data_path = *(*setup)->data_path;
  if (auto forgotten = data_path.forget(); !forgotten) return fail(forgotten.error());
  auto counters = data_path.counters();
  if (!counters) return fail(counters.error());
  Run run{data_path, Configurator(data_path, (*setup)->tables), Model({one.flow_entries, data_path.limbo_ring()}),
          coverage_, std::move(*counters)};
  if (auto begun = run.configurator.begin(); !begun) return fail(begun.error());
  std::optional<Failure> failure;
  for (std::size_t i = 0; i < one.steps.size() && !failure; ++i) {
    auto different = run.step(one.steps[i]);
    if (!different) return fail(with_context(different.error(), print(one.steps[i])));
    if (!different->empty()) failure = Failure{i, std::move(*different)};
  }
  if (auto ended = run.configurator.end(); !ended) return fail(ended.error());
  return failure;
}

Result<std::string> Harness::Run::step(const Step& step) {
  if (const auto* packet = std::get_if<Packet>(&step)) return receive(*packet);
  const auto& change = std::get<Change>(step);
  model.change(change);
  if (auto changed = configurator.change(change, model.config()); !changed) return fail(changed.error());
  return std::string();
}

Result<std::string> Harness::Run::receive(const Packet& packet) {
  const Connection* const connection = model.connection_of(client_tuple(packet));
  const bool is_answered_here = packet.from_backend && connection != nullptr && connection->mode == Mode::Local;
  const Path path = is_answered_here ? Path::Egress : packet.path;
  const Hook strictest = path == Path::Xdp ? Hook::Xdp : Hook::Tc;
  const Bytes frame = frame_of(packet, connection, strictest);
  Verdict verdict = Verdict::Other;
  if (path == Path::Egress) return receive(Hook::Egress, frame, verdict);
  if (path != Path::Chain) return receive(strictest, frame, verdict);
  auto different = receive(Hook::Xdp, frame, verdict);
  if (!different || !different->empty() || verdict != Verdict::Pass) return different;
  return receive(Hook::Tc, frame, verdict);
}

Result<std::string> Harness::Run::receive(Hook hook, const Bytes& frame, Verdict& verdict) {
  auto outcome = data_path.run(hook, frame);
  if (!outcome) return fail(outcome.error());
  auto after = data_path.counters();
  if (!after) return fail(after.error());
  auto flows = read_flows(data_path.maps());
  if (!flows) return fail(flows.error());
  Counters counted(after->size());
  for (std::size_t i = 0; i < counted.size(); ++i) {
    counted[i] = (*after)[i] - counters[i];
    coverage.counters[i] += counted[i];
  }
  counters = std::move(*after);
  const Expectation expected = model.receive(hook, frame, Seen(*flows, counted));
  verdict = outcome->verdict;
  ++coverage.packets;
  if (hook == Hook::Egress) coverage.answers_of_this_host += counted[GW_EVENT_FORWARDED];
  for (const Connection& connection : model.connections()) ++coverage.states[connection.state];
  return compare_outcome(expected, *outcome) + compare_counters(expected, counted) +
         compare_flows(model, *flows, data_path, seconds());
}

}  // namespace gw::differential
