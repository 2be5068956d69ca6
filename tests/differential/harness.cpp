// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/harness.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "tests/differential/compare.hpp"
#include "tests/differential/configure.hpp"
#include "tests/differential/frame.hpp"
#include "userspace/datapath/features.hpp"
#include "userspace/plan/address.hpp"

namespace gw::differential {
namespace {

/// Of the clock that the programs have, which is coarse.
std::uint32_t seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
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
  Seen(const Flows& flows, const Counters& counted, std::uint32_t now) : flows_(flows), counted_(counted), now_(now) {}
  [[nodiscard]] std::optional<Flow> flow(const Tuple& client) const override {
    const auto found = flows_.find(client);
    if (found == flows_.end()) return std::nullopt;
    return Flow{ntohs(found->second.flow.sport), found->second.flow.created};
  }
  [[nodiscard]] bool counted(gw_counter counter) const override { return counted_[counter] != 0; }
  [[nodiscard]] std::uint32_t now() const override { return now_; }

 private:
  const Flows& flows_;
  const Counters& counted_;
  std::uint32_t now_;
};

/// What a backend on this host sends, and what its stack says of packets that it got, leaves at egress.
Path path_of(const Packet& packet, const Connection* connection) {
  const bool is_error = packet.icmp_type >= 0;
  const bool is_from_behind = packet.from_backend != is_error;
  return is_from_behind && connection != nullptr && connection->mode == Mode::Local ? Path::Egress : packet.path;
}

/// XDP has one packet to a frame.
std::uint16_t gso_size_of(const Packet& packet, Hook hook) {
  return hook == Hook::Xdp ? std::uint16_t{0} : packet.gso_size;
}

bool has_rates(const Config& config) {
  return std::ranges::any_of(config.listeners, [](const auto& one) {
    return one.second.admission.rate != 0 || one.second.admission.source_rate != 0;
  });
}

Result<CountedConnections> read_connections(const datapath::Maps& maps) {
  CountedConnections connections;
  auto read =
      maps.admission.for_each([&](const auto& id, const auto& counts) { connections[id] = counts.connections; });
  if (!read) return fail(read.error());
  return connections;
}

/// The model knows the data path as it is with these; older kernels have the packet tests.
Result<> check_kernel() {
  const auto features = datapath::Features::probe();
  if (!features) return fail(features.error());
  constexpr std::uint32_t kModelled = GW_FEATURE_COARSE_CLOCK | GW_FEATURE_ROUTE_MTU | GW_FEATURE_XDP_FRAGS;
  for (const datapath::Feature& feature : features->all()) {
    if (!feature.in_kernel && (feature.id & kModelled) != 0) return fail(datapath::describe_missing(feature));
  }
  return {};
}

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
  Configurator& configurator;
  Model& model;
  Coverage& coverage;
  Counters counters;
  bool is_over = false;  ///< what comes next cannot be told

  Result<std::string> receive(const Packet& packet);
  Result<std::string> receive(const Arrival& arrival, Verdict& verdict);
  Result<std::string> step(const Step& step);
};

Result<std::unique_ptr<Harness>> Harness::create() {
  if (auto fits = check_kernel(); !fits) return fail(fits.error());
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
  Model model({one.flow_entries, data_path.limbo_ring()});
  Configurator configurator(data_path, (*setup)->tables, [&model] { return model.counted_connections(); });
  Run run{data_path, configurator, model, coverage_, std::move(*counters)};
  if (auto begun = run.configurator.begin(); !begun) return fail(begun.error());
  std::optional<Failure> failure;
  for (std::size_t i = 0; i < one.steps.size() && !failure && !run.is_over; ++i) {
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
  const Path path = path_of(packet, connection);
  const Hook strictest = path == Path::Xdp ? Hook::Xdp : path == Path::Egress ? Hook::Egress : Hook::Tc;
  const Bytes frame = frame_of(packet, connection, strictest);
  Verdict verdict = Verdict::Other;
  if (path != Path::Chain) return receive({strictest, frame, gso_size_of(packet, strictest)}, verdict);
  auto different = receive({Hook::Xdp, frame}, verdict);
  if (!different || !different->empty() || verdict != Verdict::Pass) return different;
  return receive({Hook::Tc, frame}, verdict);
}

Result<std::string> Harness::Run::receive(const Arrival& arrival, Verdict& verdict) {
  const std::uint32_t before = seconds();
  auto outcome = data_path.run(arrival.hook, arrival.frame, arrival.gso_size);
  if (!outcome) return fail(outcome.error());
  const std::uint32_t now = seconds();
  // In which of two seconds the programs counted the connection, nobody knows.
  if (before != now && has_rates(model.config())) {
    is_over = true;
    return std::string();
  }
  auto after = data_path.counters();
  if (!after) return fail(after.error());
  auto flows = read_flows(data_path.maps());
  if (!flows) return fail(flows.error());
  const auto connections = read_connections(data_path.maps());
  if (!connections) return fail(connections.error());
  Counters counted(after->size());
  for (std::size_t i = 0; i < counted.size(); ++i) {
    counted[i] = (*after)[i] - counters[i];
    coverage.counters[i] += counted[i];
  }
  counters = std::move(*after);
  const Expectation expected = model.receive(arrival, Seen(*flows, counted, now));
  verdict = outcome->verdict;
  ++coverage.packets;
  if (arrival.hook == Hook::Egress) coverage.answers_of_this_host += counted[GW_EVENT_FORWARDED];
  for (const Connection& connection : model.connections()) {
    ++coverage.states[connection.state];
    ++coverage.modes[static_cast<std::size_t>(connection.mode)];
  }
  return compare_outcome(expected, *outcome) + compare_counters(expected, counted) +
         compare_connections(model.counted_connections(), *connections) + compare_flows(model, *flows, data_path, now);
}

}  // namespace gw::differential
