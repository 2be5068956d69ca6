// SPDX-License-Identifier: Apache-2.0
// What the forwarding core does to packets, byte for byte, on both hooks and in both families.
#include "tests/packet/gateway.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

constexpr std::uint16_t kPort = 80;
constexpr std::uint16_t kBackendPort = 8080;

struct Parameter {
  Hook hook;
  bool is_v6;
};

std::string parameter_name(const ::testing::TestParamInfo<Parameter>& test) {
  return to_string(test.param.hook) + (test.param.is_v6 ? "_ipv6" : "_ipv4");
}

class Forward : public ::testing::TestWithParam<Parameter> {
 protected:
  void SetUp() override {
    auto made = Gateway::create();
    if (!made) GTEST_SKIP() << made.error().message;
    gateway_ = std::move(*made);
  }

  [[nodiscard]] Hook hook() const { return GetParam().hook; }
  [[nodiscard]] const Family& net() const { return GetParam().is_v6 ? v6() : v4(); }
  Outcome run(const L4Packet& packet) { return gateway_->run(hook(), packet.bytes()); }

  /// A packet from the client to the VIP, as it arrives.
  [[nodiscard]] L4Packet from_client(std::uint8_t flags = kSyn, std::uint16_t source_port = 40000) const {
    L4Packet packet;
    packet.source_mac = kClientMac;
    packet.target_mac = kInMac;
    packet.source = net().client;
    packet.target = net().vip;
    packet.source_port = source_port;
    packet.target_port = kPort;
    packet.flags = flags;
    packet.ack = (flags & kAck) != 0 ? 5000 : 0;
    return packet;
  }
  /// The same packet as DNAT sends it on.
  [[nodiscard]] L4Packet dnatted(L4Packet packet) const {
    packet.source_mac = kOutMac;
    packet.target_mac = kBackendMac;
    packet.target = net().backend;
    packet.target_port = kBackendPort;
    --packet.ttl;
    return packet;
  }
  /// The backend's answer to `sent`, a packet that the gateway has sent it, as it arrives at the gateway.
  [[nodiscard]] L4Packet answer_to(const L4Packet& sent, std::uint8_t flags) const {
    L4Packet packet = sent;
    packet.source_mac = kBackendMac;
    // The hook's link is in0 in all runs, so its MAC address marks frames for us.
    packet.target_mac = kInMac;
    std::swap(packet.source, packet.target);
    std::swap(packet.source_port, packet.target_port);
    packet.flags = flags;
    packet.seq = 9000;
    packet.ack = sent.seq + 1;
    packet.ttl = 64;
    return packet;
  }
  /// What of `answer` reaches the client.
  [[nodiscard]] L4Packet to_client(L4Packet answer, std::uint16_t client_port = 40000) const {
    answer.source_mac = kInMac;
    answer.target_mac = kClientMac;
    answer.source = net().vip;
    answer.source_port = kPort;
    answer.target = net().client;
    answer.target_port = client_port;
    --answer.ttl;
    return answer;
  }
  void expect_sent(const Outcome& outcome, const L4Packet& expected) {
    EXPECT_EQ(outcome.verdict, Verdict::Sent);
    EXPECT_EQ(outcome.frame, expected.bytes()) << compare(expected.bytes(), outcome.frame);
  }
  void expect_untouched(const Outcome& outcome, const Bytes& frame) {
    EXPECT_EQ(outcome.verdict, Verdict::Pass);
    EXPECT_EQ(outcome.frame, frame) << compare(frame, outcome.frame);
  }
  void listen_dnat() { gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort)}); }
  void listen_full_nat() {
    gateway_->listen(net().vip, kPort, {full_nat(net().backend, kBackendPort, net().gateway_out)});
  }
  gw_flow_state state_of(const L4Packet& packet) {
    const auto flow = gateway_->flow(packet);
    return flow ? static_cast<gw_flow_state>(flow->state) : static_cast<gw_flow_state>(0);
  }

  std::unique_ptr<Gateway> gateway_;
};

INSTANTIATE_TEST_SUITE_P(Hooks, Forward,
                         ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Xdp, true},
                                           Parameter{Hook::Tc, false}, Parameter{Hook::Tc, true}),
                         parameter_name);

TEST_P(Forward, DnatRewritesTheDestinationAndTheNextHop) {
  listen_dnat();
  L4Packet syn = from_client();
  syn.tos = 0x2e;
  syn.tcp_options = {2, 4, 5, 0xb4, 1, 3, 3, 7};
  expect_sent(run(syn), dnatted(syn));
  EXPECT_EQ(gateway_->counter(GW_EVENT_FLOW_CREATED), 1U);
  EXPECT_EQ(gateway_->counter(GW_EVENT_FORWARDED), 1U);
}

TEST_P(Forward, TheAnswerComesFromTheVip) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  const L4Packet answer = answer_to(dnatted(syn), kSyn | kAck);
  expect_sent(run(answer), to_client(answer));
}

TEST_P(Forward, FullNatHidesTheClientBehindTheGateway) {
  listen_full_nat();
  const L4Packet syn = from_client();
  const Outcome outcome = run(syn);
  L4Packet expected = dnatted(syn);
  expected.source = net().gateway_out;
  expected.source_port = ntohs(gateway_->flow(syn).value().sport);
  EXPECT_GE(expected.source_port, 20000);
  EXPECT_LE(expected.source_port, 29999);
  expect_sent(outcome, expected);
  const L4Packet answer = answer_to(expected, kSyn | kAck);
  expect_sent(run(answer), to_client(answer));
}

TEST_P(Forward, FullNatGivesEachConnectionItsOwnPort) {
  listen_full_nat();
  std::set<std::uint16_t> ports;
  for (std::uint16_t port = 40000; port < 40500; ++port) {
    const L4Packet syn = from_client(kSyn, port);
    ASSERT_EQ(run(syn).verdict, Verdict::Sent);
    ports.insert(gateway_->flow(syn).value().sport);
  }
  EXPECT_EQ(ports.size(), 500U);
}

TEST_P(Forward, FullNatWithoutFreePortsRefuses) {
  listen_full_nat();
  gateway_->set_nat_ports(20000, 20000);
  EXPECT_EQ(run(from_client()).verdict, Verdict::Sent);
  const L4Packet second = from_client(kSyn, 40001);
  const Outcome outcome = run(second);
  EXPECT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_EQ(gateway_->counter(GW_DROP_NAT_PORTS_EXHAUSTED), 1U);
  EXPECT_FALSE(gateway_->flow(second));
}

TEST_P(Forward, OneBackendBehindTwoVipsKeepsConnectionsApart) {
  listen_dnat();
  gateway_->listen(net().gateway_out, kPort, {dnat(net().backend, kBackendPort)});
  const L4Packet first = from_client();
  L4Packet second = from_client();
  second.target = net().gateway_out;
  run(first);
  EXPECT_EQ(run(second).verdict, Verdict::Sent);
  // Same client port, same backend: the second one gets another source port, so that answers can be told apart.
  EXPECT_NE(gateway_->flow(first).value().sport, gateway_->flow(second).value().sport);
}

TEST_P(Forward, PayloadAndFlagsTravelUnchanged) {
  listen_dnat();
  run(from_client());
  L4Packet data = from_client(kPsh | kAck);
  data.seq = 1001;
  data.payload = Bytes(1401, 0xa5);
  expect_sent(run(data), dnatted(data));
}

TEST_P(Forward, ChecksumsAreRightForAnyTuple) {
  std::mt19937 random(7);
  listen_full_nat();
  for (int i = 0; i < 300; ++i) {
    L4Packet packet = from_client(kSyn, static_cast<std::uint16_t>(random()));
    packet.seq = static_cast<std::uint32_t>(random());
    packet.ttl = static_cast<std::uint8_t>(2 + random() % 254);
    packet.ip_id = static_cast<std::uint16_t>(random());
    packet.payload = Bytes(random() % 64, static_cast<std::uint8_t>(random()));
    const Outcome outcome = run(packet);
    if (outcome.verdict != Verdict::Sent) continue;  // the same port drawn twice, in another state
    ASSERT_TRUE(checksums_are_right(outcome.frame)) << "packet " << i;
  }
}

TEST_P(Forward, ASynToNothingIsRefusedWithARst) {
  gateway_->listen(net().vip, kPort, {});
  L4Packet syn = from_client();
  syn.tcp_options = {2, 4, 5, 0xb4};
  syn.payload = {'e', 'a', 'r', 'l', 'y'};
  L4Packet rst;
  rst.source_mac = kInMac;
  rst.target_mac = kClientMac;
  rst.source = net().vip;
  rst.target = net().client;
  rst.source_port = kPort;
  rst.target_port = 40000;
  rst.flags = kRst | kAck;
  rst.seq = 0;
  rst.ack = syn.seq + 1 + 5;
  rst.window = 0;
  expect_sent(run(syn), rst);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), 1U);
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Forward, ASegmentOfAnUnknownFullNatConnectionIsRefusedWithARst) {
  listen_full_nat();
  const L4Packet data = from_client(kAck);
  L4Packet rst;
  rst.source_mac = kInMac;
  rst.target_mac = kClientMac;
  rst.source = net().vip;
  rst.target = net().client;
  rst.source_port = kPort;
  rst.target_port = 40000;
  rst.flags = kRst;
  rst.seq = data.ack;
  rst.window = 0;
  expect_sent(run(data), rst);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_FLOW), 1U);
}

TEST_P(Forward, ASegmentOfAnUnknownDnatConnectionIsPickedUp) {
  listen_dnat();
  const L4Packet data = from_client(kAck);
  expect_sent(run(data), dnatted(data));
  EXPECT_EQ(state_of(data), GW_FLOW_ESTABLISHED);
}

TEST_P(Forward, AShareOfTheTableIsRejected) {
  gateway_->listen_slots(net().vip, kPort, {dnat(net().backend, kBackendPort)}, {0, -1, -1, -1});
  int sent_on = 0;
  for (std::uint16_t port = 30000; port < 31000; ++port) {
    run(from_client(kSyn, port));
    sent_on += gateway_->flow(from_client(kSyn, port)).has_value() ? 1 : 0;
  }
  EXPECT_NEAR(sent_on, 250, 70);  // 5 sigma
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), static_cast<std::uint64_t>(1000 - sent_on));
}

TEST_P(Forward, TheSameTupleAlwaysChoosesTheSameBackend) {
  const auto choose = [&] {
    std::vector<gw_addr> chosen;
    for (std::uint16_t port = 30000; port < 30200; ++port) {
      run(from_client(kSyn, port));
      chosen.push_back(gateway_->flow(from_client(kSyn, port)).value().dst);
    }
    return chosen;
  };
  const std::vector<gw_backend> backends = {dnat(net().backend, kBackendPort), dnat(net().other_backend, kBackendPort)};
  gateway_->listen_slots(net().vip, kPort, backends, {0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1});
  const auto first = choose();
  gateway_ = std::move(*Gateway::create());
  gateway_->listen_slots(net().vip, kPort, backends, {0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1});
  const auto second = choose();
  EXPECT_TRUE(std::ranges::equal(first, second, maps::bytes_equal<gw_addr>));
}

TEST_P(Forward, AnEstablishedFlowKeepsItsBackendWhenTheTableChanges) {
  listen_dnat();
  run(from_client());
  gateway_->listen(net().vip, kPort, {dnat(net().other_backend, kBackendPort)});
  const L4Packet ack = from_client(kAck);
  expect_sent(run(ack), dnatted(ack));
  const Outcome fresh = run(from_client(kSyn, 40001));
  EXPECT_EQ(Bytes(fresh.frame.begin(), fresh.frame.begin() + 6),
            Bytes(kOtherBackendMac.begin(), kOtherBackendMac.end()));
}

TEST_P(Forward, TheStateFollowsHandshakeAndClose) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_SENT);
  const L4Packet answer = answer_to(dnatted(syn), kSyn | kAck);
  run(answer);
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_RECEIVED);
  run(from_client(kAck));
  EXPECT_EQ(state_of(syn), GW_FLOW_ESTABLISHED);
  EXPECT_EQ(state_of(answer), GW_FLOW_ESTABLISHED);
  run(from_client(kFin | kAck));
  EXPECT_EQ(state_of(answer), GW_FLOW_FIN_CLIENT);
  run(answer_to(dnatted(syn), kFin | kAck));
  EXPECT_EQ(state_of(syn), GW_FLOW_CLOSED);
  EXPECT_EQ(state_of(answer), GW_FLOW_CLOSED);
}

TEST_P(Forward, ARstClosesTheFlowAndIsForwarded) {
  listen_dnat();
  run(from_client());
  const L4Packet rst = from_client(kRst | kAck);
  expect_sent(run(rst), dnatted(rst));
  EXPECT_EQ(state_of(rst), GW_FLOW_CLOSED);
}

TEST_P(Forward, ASynOnAClosedTupleBeginsANewConnection) {
  listen_dnat();
  run(from_client());
  run(from_client(kRst | kAck));
  gateway_->listen(net().vip, kPort, {dnat(net().other_backend, kBackendPort)});
  const L4Packet syn = from_client();
  const Outcome outcome = run(syn);
  EXPECT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_TRUE(maps::bytes_equal(gateway_->flow(syn).value().dst, plan::to_map(net().other_backend)));
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_SENT);
}

TEST_P(Forward, ARetransmittedSynStaysInItsFlow) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  expect_sent(run(syn), dnatted(syn));
  EXPECT_EQ(gateway_->flows(), 2U);
  EXPECT_EQ(gateway_->counter(GW_EVENT_FLOW_CREATED), 1U);
}

TEST_P(Forward, AStrayRstIsDropped) {
  listen_dnat();
  EXPECT_EQ(run(from_client(kRst)).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_STRAY_RST), 1U);
}

TEST_P(Forward, ATtlOfOneEndsHere) {
  listen_dnat();
  L4Packet syn = from_client();
  syn.ttl = 1;
  EXPECT_EQ(run(syn).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_TTL_EXPIRED), 1U);
}

TEST_P(Forward, AHeaderThatContradictsItselfIsDropped) {
  listen_dnat();
  run(from_client());
  Bytes frame = from_client(kAck).bytes();
  frame[(net().client.is_v4() ? 34 : 54) + 12] = 0xf0;  // a TCP header longer than the packet
  EXPECT_EQ(gateway_->run(hook(), frame).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_MALFORMED), 1U);
}

TEST_P(Forward, OtherPortsAndAddressesAreLeftAlone) {
  listen_dnat();
  L4Packet packet = from_client();
  packet.target_port = 81;
  expect_untouched(run(packet), packet.bytes());
  packet = from_client();
  packet.target = net().gateway_out;
  expect_untouched(run(packet), packet.bytes());
  EXPECT_EQ(gateway_->counter(GW_EVENT_PASSED), 2U);
}

TEST_P(Forward, OtherProtocolsAndFramesAreLeftAlone) {
  listen_dnat();
  const std::size_t protocol = net().client.is_v4() ? 23 : 20;
  Bytes sctp = from_client().bytes();
  sctp[protocol] = 132;
  expect_untouched(gateway_->run(hook(), sctp), sctp);
  Bytes arp = from_client().bytes();
  arp[12] = 0x08;
  arp[13] = 0x06;
  expect_untouched(gateway_->run(hook(), arp), arp);
  Bytes tagged = from_client().bytes();
  tagged[12] = 0x81;
  tagged[13] = 0x00;
  expect_untouched(gateway_->run(hook(), tagged), tagged);
  L4Packet multicast = from_client();
  multicast.target_mac = {1, 0, 0x5e, 0, 0, 1};
  expect_untouched(run(multicast), multicast.bytes());
}

TEST_P(Forward, TruncatedFramesAreLeftAlone) {
  listen_dnat();
  const Bytes whole = from_client().bytes();
  // BPF_PROG_TEST_RUN itself takes no skb that is shorter than its IP header.
  const std::size_t shortest = hook() == Hook::Xdp ? 14 : net().client.is_v4() ? 34 : 54;
  for (std::size_t length = shortest; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    const Outcome outcome = gateway_->run(hook(), cut);
    EXPECT_EQ(outcome.verdict, Verdict::Pass) << length << " bytes";
  }
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Forward, AnUnresolvedNeighbourIsLeftToTheKernel) {
  gateway_->listen(net().vip, kPort, {dnat(net().silent_backend, kBackendPort)});
  const L4Packet syn = from_client();
  const Outcome outcome = run(syn);
  if (hook() == Hook::Xdp) {
    expect_untouched(outcome, syn.bytes());
    EXPECT_EQ(gateway_->counter(GW_EVENT_XDP_TO_TC), 1U);
    return;
  }
  EXPECT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_TRUE(checksums_are_right(outcome.frame));
  EXPECT_EQ(gateway_->counter(GW_EVENT_NEIGHBOUR_UNRESOLVED), 1U);
}

TEST_P(Forward, ANewMacAddressIsUsedAfterTheGenerationIsRaised) {
  listen_dnat();
  run(from_client());
  gateway_->set_neighbour(net().backend, kOtherBackendMac);
  gateway_->bump_generation();
  const L4Packet ack = from_client(kAck);
  L4Packet expected = dnatted(ack);
  expected.target_mac = kOtherBackendMac;
  expect_sent(run(ack), expected);
}

TEST_P(Forward, WithForwardingOffPacketsAreDroppedAndCounted) {
  listen_dnat();
  gateway_->set_forwarding(false);
  EXPECT_EQ(run(from_client()).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_FORWARDING_DISABLED), 1U);
}

TEST_P(Forward, ABackendWithoutARouteIsDroppedAndCounted) {
  gateway_->listen(net().vip, kPort, {dnat(ip(net().client.is_v4() ? "192.0.2.1" : "2001:db8:ffff::1"), 1)});
  EXPECT_EQ(run(from_client()).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_ROUTE), 1U);
}

TEST_P(Forward, XdpLeavesLinksWithoutXdpToTc) {
  listen_dnat();
  gateway_->set_link_xdp(false);
  const L4Packet syn = from_client();
  if (hook() == Hook::Tc) {
    expect_sent(run(syn), dnatted(syn));
    return;
  }
  expect_untouched(run(syn), syn.bytes());
  EXPECT_EQ(gateway_->counter(GW_EVENT_XDP_TO_TC), 1U);
  // tc then goes on in the flow that XDP has made.
  expect_sent(gateway_->run(Hook::Tc, syn.bytes()), dnatted(syn));
  EXPECT_EQ(gateway_->counter(GW_EVENT_FLOW_CREATED), 1U);
}

/// UDP on the port that a TCP listener has too.
class ForwardUdp : public Forward {
 protected:
  void listen(const gw_backend& backend) { gateway_->listen(net().vip, kPort, {backend}, kUdp); }
  [[nodiscard]] L4Packet datagram(std::uint16_t source_port = 40000) const {
    L4Packet packet = from_client(0, source_port);
    packet.protocol = kUdp;
    packet.payload = {'p', 'i', 'n', 'g', '!'};
    return packet;
  }
};
INSTANTIATE_TEST_SUITE_P(Hooks, ForwardUdp,
                         ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Xdp, true},
                                           Parameter{Hook::Tc, false}, Parameter{Hook::Tc, true}),
                         parameter_name);

TEST_P(ForwardUdp, DatagramsGoThereAndBack) {
  listen(dnat(net().backend, kBackendPort));
  const L4Packet request = datagram();
  expect_sent(run(request), dnatted(request));
  EXPECT_EQ(state_of(request), GW_FLOW_UDP_REQUEST);
  const L4Packet answer = answer_to(dnatted(request), 0);
  expect_sent(run(answer), to_client(answer));
  EXPECT_EQ(state_of(request), GW_FLOW_UDP_STREAM);
  EXPECT_EQ(state_of(answer), GW_FLOW_UDP_STREAM);
}

TEST_P(ForwardUdp, FullNatHidesTheClient) {
  listen(full_nat(net().backend, kBackendPort, net().gateway_out));
  const L4Packet request = datagram();
  const Outcome outcome = run(request);
  L4Packet expected = dnatted(request);
  expected.source = net().gateway_out;
  expected.source_port = ntohs(gateway_->flow(request).value().sport);
  expect_sent(outcome, expected);
  const L4Packet answer = answer_to(expected, 0);
  expect_sent(run(answer), to_client(answer));
}

TEST_P(ForwardUdp, TcpAndUdpOnOnePortAreApart) {
  listen_dnat();
  listen(dnat(net().other_backend, kBackendPort));
  EXPECT_TRUE(run(from_client()).verdict == Verdict::Sent && run(datagram()).verdict == Verdict::Sent);
  EXPECT_TRUE(maps::bytes_equal(gateway_->flow(from_client()).value().dst, plan::to_map(net().backend)));
  EXPECT_TRUE(maps::bytes_equal(gateway_->flow(datagram()).value().dst, plan::to_map(net().other_backend)));
}

TEST_P(ForwardUdp, AListenerForTcpLeavesUdpAlone) {
  listen_dnat();
  expect_untouched(run(datagram()), datagram().bytes());
}

TEST_P(ForwardUdp, WithoutABackendItIsDroppedAndCounted) {
  gateway_->listen(net().vip, kPort, {}, kUdp);
  EXPECT_EQ(run(datagram()).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), 1U);
}

TEST_P(ForwardUdp, AnEmptyDatagramIsForwarded) {
  listen(dnat(net().backend, kBackendPort));
  L4Packet request = datagram();
  request.payload.clear();
  expect_sent(run(request), dnatted(request));
}

TEST_P(ForwardUdp, AChecksumThatWasNotComputedStaysSo) {
  if (!net().client.is_v4()) GTEST_SKIP() << "IPv6 demands the checksum (RFC 8200, section 8.1)";
  listen(dnat(net().backend, kBackendPort));
  L4Packet request = datagram();
  request.has_checksum = false;
  expect_sent(run(request), dnatted(request));
}

TEST_P(ForwardUdp, AChecksumThatBecomesZeroIsWrittenAsAllOnes) {
  listen(dnat(net().backend, kBackendPort));
  L4Packet request = datagram();
  request.payload = {0, 0};
  // One of all payloads makes the sum of the forwarded datagram zero.
  int all_ones = 0;
  for (int word = 0; word < 65536; ++word) {
    request.payload = {static_cast<std::uint8_t>(word >> 8), static_cast<std::uint8_t>(word)};
    const Bytes expected = dnatted(request).bytes();
    const std::size_t check = expected.size() - 4;
    if (expected[check] != 0xff || expected[check + 1] != 0xff) continue;
    ++all_ones;
    expect_sent(run(request), dnatted(request));
  }
  EXPECT_GE(all_ones, 1);
}

class ForwardIpv4 : public Forward {};
INSTANTIATE_TEST_SUITE_P(Hooks, ForwardIpv4, ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Tc, false}),
                         parameter_name);

TEST_P(ForwardIpv4, OptionsOfTheHeaderAreKept) {
  listen_dnat();
  L4Packet syn = from_client();
  syn.ip_options = {1, 1, 1, 0, 7, 7, 4, 0, 0, 0, 0, 0};
  expect_sent(run(syn), dnatted(syn));
}

TEST_P(ForwardIpv4, LaterFragmentsAreLeftAloneAndFirstOnesDropped) {
  listen_dnat();
  L4Packet later = from_client();
  later.fragment = 100;
  expect_untouched(run(later), later.bytes());
  L4Packet first = from_client();
  first.fragment = 0x2000;
  EXPECT_EQ(run(first).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_FRAGMENT), 1U);
}

class ForwardIpv6 : public Forward {};
INSTANTIATE_TEST_SUITE_P(Hooks, ForwardIpv6, ::testing::Values(Parameter{Hook::Xdp, true}, Parameter{Hook::Tc, true}),
                         parameter_name);

TEST_P(ForwardIpv6, MappedAddressesOnTheWireAreNotTakenForIpv4) {
  gateway_->listen(v4().vip, kPort, {dnat(v4().backend, kBackendPort)});
  Bytes frame = from_client().bytes();
  const auto mapped_client = v4().client.bytes();
  const auto mapped_vip = v4().vip.bytes();
  std::copy(mapped_client.begin(), mapped_client.end(), frame.begin() + 14 + 8);
  std::copy(mapped_vip.begin(), mapped_vip.end(), frame.begin() + 14 + 24);
  expect_untouched(gateway_->run(hook(), frame), frame);
}

}  // namespace
}  // namespace gw::testing
