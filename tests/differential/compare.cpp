// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/compare.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "tests/support/packet.hpp"
#include "userspace/plan/address.hpp"

namespace gw::differential {
namespace {

constexpr const char* kStates[] = {"none",        "SYN_SENT",   "SYN_RECEIVED", "UDP_REQUEST", "JOINED",
                                   "ESTABLISHED", "UDP_STREAM", "FIN_CLIENT",   "FIN_BACKEND", "CLOSED"};

const char* state_text(unsigned state) { return state < std::size(kStates) ? kStates[state] : "no state"; }

std::string counter_text(std::size_t number) {
#define GW_COUNTER_WORD(name, value, word, description) \
  case value: return word;
  switch (number) { GW_DROP_REASONS(GW_COUNTER_WORD) GW_EVENTS(GW_COUNTER_WORD) default : break; }
#undef GW_COUNTER_WORD
  return fmt::format("counter {}", number);
}

/// Collects differences in one flow.
class Differences {
 public:
  explicit Differences(const Tuple& tuple) : name_(text_of(tuple)) {}
  template <typename T>
  void check(const char* what, const T& expected, const T& actual) {
    if (expected != actual) text_ += fmt::format("flow {}: {}, expected {} ({})\n", what, actual, expected, name_);
  }
  void say(const std::string& what) { text_ += fmt::format("flow {}: {}\n", what, name_); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

std::uint32_t flags_of(const Connection& connection, Side side) {
  std::uint32_t flags = side == Side::Backend ? GW_FLOW_REPLY : 0;
  if (connection.mode == Mode::FullNat) flags |= GW_FLOW_FULL_NAT;
  if (!connection.hears_backend()) flags |= GW_FLOW_DSR;
  if (connection.mode == Mode::Tunnel) flags |= GW_FLOW_TUNNEL;
  if (connection.mode == Mode::Local) flags |= GW_FLOW_LOCAL;
  if (connection.is_counted) flags |= GW_FLOW_COUNTED;
  return flags;
}

void compare_hop(Differences& differences, const Hop& hop, const gw_flow& flow, const testing::DataPath& data_path) {
  const auto mac = [](const auto& bytes) {
    Mac copy;
    std::ranges::copy(bytes, copy.begin());
    return testing::mac_text(copy);
  };
  const std::uint32_t link = hop.link == LinkName::In ? data_path.in_ifindex() : data_path.out_ifindex();
  differences.check("link", hop.peer ? link | GW_IFINDEX_PEER : link, flow.ifindex);
  differences.check("mtu", hop.mtu, std::uint32_t{flow.mtu});
  differences.check("source MAC", mac(hop.source), mac(flow.source_mac));
  differences.check("target MAC", mac(hop.target), mac(flow.target_mac));
  differences.check("XDP flag", hop.xdp, (flow.flags & GW_FLOW_XDP) != 0);
}

/// What a one's complement sum gains when the words at `from` become those at `to`; zero in one form.
std::uint32_t delta(std::span<const std::uint8_t> from, std::span<const std::uint8_t> to) {
  return (0xffffU + testing::ones_sum(to) - testing::ones_sum(from)) % 0xffffU;
}

void compare_delta(Differences& differences, const Tuple& from, const Tuple& to, const gw_flow& flow) {
  const auto addresses = [](const Tuple& tuple) {
    Bytes bytes;
    testing::put_address(bytes, tuple.source.address);
    testing::put_address(bytes, tuple.target.address);
    return bytes;
  };
  differences.check("checksum difference of the addresses", delta(addresses(from), addresses(to)),
                    ntohs(flow.csum_addresses) % 0xffffU);
}

void compare_numbers(Differences& differences, const Direction& direction, const gw_flow& flow) {
  const bool is_seen = (flow.flags & GW_FLOW_SEQ_SEEN) != 0;
  differences.check("\"sequence numbers are known\"", direction.end.has_value(), is_seen);
  if (direction.end && is_seen) differences.check("seq_end", *direction.end, flow.seq_end);
  differences.check("ack", direction.acked, flow.ack);
}

void compare_flow(Differences& differences, const Connection& connection, Side side, const gw_flow6& value,
                  const testing::DataPath& data_path, std::uint32_t generation) {
  const gw_flow& flow = value.flow;
  const Tuple from = side == Side::Client ? connection.client : connection.server.reversed();
  const Tuple to = connection.rewritten(side);
  const Direction& direction = side == Side::Client ? connection.from_client : connection.from_backend;
  constexpr std::uint32_t kOnTheWay = GW_FLOW_XDP | GW_FLOW_SEQ_SEEN;  // depend on more than the mode
  differences.check("source", to.source.address.to_string(), plan::to_ip(value.src).to_string());
  differences.check("destination", to.target.address.to_string(), plan::to_ip(value.dst).to_string());
  differences.check("source port", to.source.port, ntohs(flow.sport));
  differences.check("destination port", to.target.port, ntohs(flow.dport));
  differences.check("flags", flags_of(connection, side), flow.flags & ~kOnTheWay);
  differences.check("state", std::string(state_text(connection.state)), std::string(state_text(flow.state)));
  differences.check("listener", connection.listener, flow.listener_id);
  differences.check("backend", connection.backend, flow.backend_id);
  differences.check("generation", direction.hop.generation, flow.generation);
  compare_delta(differences, from, to, flow);
  if (flow.generation == generation && direction.hop.generation == generation && connection.mode != Mode::Local) {
    compare_hop(differences, direction.hop, flow, data_path);
  }
  if (connection.client.protocol == testing::kTcp) compare_numbers(differences, direction, flow);
}

}  // namespace

std::string text_of(const Tuple& tuple) {
  const auto endpoint = [](const Endpoint& one) {
    return plan::endpoint_text(plan::to_map(one.address), htons(one.port));
  };
  return fmt::format("{} {} > {}", plan::protocol_text(tuple.protocol), endpoint(tuple.source), endpoint(tuple.target));
}

std::string compare_outcome(const Expectation& expected, const testing::Outcome& actual) {
  std::string text;
  if (expected.violation) text += fmt::format("choice: {}\n", *expected.violation);
  if (expected.verdict != actual.verdict) {
    text += fmt::format("verdict {} instead of {}:\n", to_string(actual.verdict), to_string(expected.verdict));
  }
  if (expected.verdict == Verdict::Drop || expected.verdict != actual.verdict) return text;
  Bytes want = expected.frame.bytes;
  for (const std::size_t at : expected.frame.zeros) {
    if (actual.frame.size() == want.size() && testing::read16(actual.frame, at) == 0xffff) {
      testing::write16(want, at, 0xffff);
    }
  }
  if (want != actual.frame) text += "frame: " + testing::compare(want, actual.frame);
  return text;
}

std::string compare_counters(const Expectation& expected, const Counters& counted) {
  std::string text;
  for (std::size_t number = 0; number < counted.size(); ++number) {
    const auto found = expected.counters.find(static_cast<gw_counter>(number));
    const std::uint64_t want = found == expected.counters.end() ? 0 : found->second;
    if (counted[number] == want) continue;
    text += fmt::format("counter {}: {}, expected {}\n", counter_text(number), counted[number], want);
  }
  return text;
}

std::string compare_connections(const CountedConnections& expected, const CountedConnections& actual) {
  std::string text;
  for (const auto& [id, connections] : expected) {
    const auto found = actual.find(id);
    if (found != actual.end() && found->second == connections) continue;
    const std::string counted = found == actual.end() ? "none" : fmt::format("{}", found->second);
    text += fmt::format("connections counted: {} of listener {}, expected {}\n", counted, id, connections);
  }
  if (text.empty() && actual.size() != expected.size()) text = "connections counted: of a listener without limits\n";
  return text;
}

std::string compare_flows(const Model& model, const Flows& flows, const testing::DataPath& data_path,
                          std::uint32_t now) {
  std::string text;
  std::size_t expected = 0;
  const auto check = [&](const Connection& connection, Side side) {
    const Tuple tuple = side == Side::Client ? connection.client : connection.server.reversed();
    const auto found = flows.find(tuple);
    Differences differences(tuple);
    ++expected;
    if (found == flows.end()) {
      differences.say("is missing");
    } else {
      compare_flow(differences, connection, side, found->second, data_path, model.config().generation);
      if (found->second.flow.last_seen > now) differences.say("was seen in the future");
    }
    text += differences.text();
  };
  for (const Connection& connection : model.connections()) {
    check(connection, Side::Client);
    if (connection.hears_backend()) check(connection, Side::Backend);
  }
  if (!text.empty() || flows.size() == expected) return text;
  for (const auto& [tuple, flow] : flows) {
    if (!model.has_flow(tuple)) text += fmt::format("flow that nobody expects: {}\n", text_of(tuple));
  }
  return text;
}

}  // namespace gw::differential
