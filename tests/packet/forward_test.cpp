// SPDX-License-Identifier: Apache-2.0
// What the forwarding core does to packets, byte for byte, on both hooks and in both families.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "tests/packet/fixture.hpp"
#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

GW_ON_EVERY_HOOK(Forward);

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
  expected.source_port = ntohs(gateway_->flow(syn).value().flow.sport);
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
    ports.insert(gateway_->flow(syn).value().flow.sport);
  }
  EXPECT_EQ(ports.size(), 500U);
}

TEST_P(Forward, FullNatKeepsClientsWithOneSourcePortApart) {
  listen_full_nat();
  gateway_->set_nat_ports(20000, 20003);   // so few that the ports of four clients collide
  std::map<std::uint16_t, L4Packet> syns;  // by the port that the backend sees
  const std::string network = GetParam().is_v6 ? "2001:db8:9::" : "198.51.100.";
  for (const char* host : {"1", "2", "3", "4"}) {
    L4Packet syn = from_client();
    syn.source = ip((network + host).c_str());
    ASSERT_EQ(run(syn).verdict, Verdict::Sent);
    const auto flow = gateway_->flow(syn);
    ASSERT_TRUE(flow) << host;
    syns.emplace(ntohs(flow->flow.sport), syn);
  }
  ASSERT_EQ(syns.size(), 4U);
  for (const auto& [port, syn] : syns) {
    L4Packet seen = dnatted(syn);
    seen.source = net().gateway_out;
    seen.source_port = port;
    const L4Packet answer = answer_to(seen, kSyn | kAck);
    L4Packet expected = to_client(answer);
    expected.target = syn.source;
    expect_sent(run(answer), expected);
  }
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

TEST_P(Forward, FullNatFindsEveryPortOfASmallRange) {
  listen_full_nat();
  std::uint16_t client_port = 1024;
  for (std::uint16_t count = 1; count <= 32; ++count) {
    const auto first = static_cast<std::uint16_t>(20000 + 100 * count);
    gateway_->set_nat_ports(first, static_cast<std::uint16_t>(first + count - 1));
    for (std::uint16_t i = 0; i < count; ++i, ++client_port) {
      ASSERT_TRUE((run(from_client(kSyn, client_port)), gateway_->flow(from_client(kSyn, client_port))))
          << "port " << i + 1 << " of " << count;
    }
    run(from_client(kSyn, client_port));
    EXPECT_EQ(gateway_->counter(GW_DROP_NAT_PORTS_EXHAUSTED), count) << "of " << count << " ports";
    ++client_port;
  }
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
  EXPECT_NE(gateway_->flow(first).value().flow.sport, gateway_->flow(second).value().flow.sport);
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
  L4Packet rst = reset_of(syn);
  rst.flags = kRst | kAck;
  rst.ack = syn.seq + 1 + 5;
  expect_sent(run(syn, Sum::None), rst);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), 1U);
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Forward, ASegmentOfAnUnknownFullNatConnectionIsRefusedWithARst) {
  listen_full_nat();
  const L4Packet data = from_client(kAck);
  expect_sent(run(data), reset_of(data));
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_FLOW), 1U);
}

TEST_P(Forward, ASegmentOfAnUnknownDnatConnectionIsPickedUp) {
  listen_dnat();
  const L4Packet data = from_client(kAck);
  expect_sent(run(data), dnatted(data));
  EXPECT_EQ(state_of(data), GW_FLOW_JOINED);
  run(answer_to(dnatted(data), kAck));
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

TEST_P(Forward, ConnectionsFallToTheSharesByWeight) {
  gateway_->listen_shares(net().vip, kPort,
                          {{0.25, dnat(net().backend, kBackendPort)},
                           {0.125, std::nullopt},
                           {0.625, dnat(net().other_backend, kBackendPort)}});
  int first = 0;
  int last = 0;
  for (std::uint16_t port = 30000; port < 32000; ++port) {
    run(from_client(kSyn, port));
    const auto flow = gateway_->flow(from_client(kSyn, port));
    if (!flow) continue;
    (maps::bytes_equal(flow->dst, plan::to_map(net().backend)) ? first : last) += 1;
  }
  // 5 sigma
  EXPECT_NEAR(first, 500, 97);
  EXPECT_NEAR(last, 1250, 109);
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), static_cast<std::uint64_t>(2000 - first - last));
}

TEST_P(Forward, WithoutAnyWeightEverythingIsRefused) {
  gateway_->listen_shares(net().vip, kPort, {});
  for (std::uint16_t port = 30000; port < 30100; ++port) run(from_client(kSyn, port));
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_BACKEND), 100U);
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

TEST_P(Forward, APacketThatIsCutShortIsLeftAlone) {
  // Also one of a known flow, all of whose headers are there (RFC 1812, section 5.2.2).
  listen_dnat();
  run(from_client());
  L4Packet data = from_client(kAck);
  data.payload = Bytes(100, 'x');
  const Bytes whole = data.bytes();
  const Bytes cut(whole.begin(), whole.end() - 1);
  expect_untouched(gateway_->run(hook(), cut), cut);
  Bytes padded = whole;
  padded.resize(padded.size() + 6);
  Bytes expected = dnatted(data).bytes();
  expected.resize(expected.size() + 6);
  EXPECT_EQ(gateway_->run(hook(), padded).frame, expected);
}

TEST_P(Forward, PacketsFromNoHostAreLeftAlone) {
  listen_dnat();
  const std::vector<const char*> nobody = net().client.is_v4()
                                              ? std::vector{"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255"}
                                              : std::vector{"::", "::1", "ff02::1"};
  for (const char* address : nobody) {
    L4Packet syn = from_client();
    syn.source = ip(address);
    for (const std::uint8_t ttl : {std::uint8_t{64}, std::uint8_t{1}}) {
      syn.ttl = ttl;
      expect_untouched(run(syn), syn.bytes());
    }
  }
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
  gateway_->set_backend_neighbour(kOtherBackendMac);
  gateway_->bump_generation();
  const L4Packet ack = from_client(kAck);
  L4Packet expected = dnatted(ack);
  expected.target_mac = kOtherBackendMac;
  expect_sent(run(ack), expected);
}

TEST_P(Forward, ANewMacAddressIsUsedByNewConnectionsToo) {
  listen_dnat();
  run(from_client());
  gateway_->set_backend_neighbour(kOtherBackendMac);
  gateway_->bump_generation();
  const L4Packet syn = from_client(kSyn, 40001);
  L4Packet expected = dnatted(syn);
  expected.target_mac = kOtherBackendMac;
  expect_sent(run(syn), expected);
}

/// The next hops of both directions, in connections of one client to one backend.
class NextHops : public Forward {
 protected:
  /// How many route lookups the handshake took.
  std::uint64_t lookups_to_connect(std::uint16_t source_port) {
    const std::uint64_t before = gateway_->counter(GW_EVENT_NEXT_HOP_REFRESHED);
    const L4Packet syn = from_client(kSyn, source_port);
    expect_sent(run(syn), dnatted(syn));
    const L4Packet answer = answer_to(dnatted(syn), kSyn | kAck);
    expect_sent(run(answer), to_client(answer, source_port));
    return gateway_->counter(GW_EVENT_NEXT_HOP_REFRESHED) - before;
  }
};
GW_ON_EVERY_HOOK(NextHops);

TEST_P(NextHops, AreLookedUpOnceForADestination) {
  listen_dnat();
  EXPECT_EQ(lookups_to_connect(40000), 2U);
  EXPECT_EQ(lookups_to_connect(40001), 0U);
  gateway_->bump_generation();
  EXPECT_EQ(lookups_to_connect(40002), 2U);
}

TEST_P(NextHops, AreEachConnectionsOwnWhereRoutesAskForMoreThanTheDestination) {
  listen_dnat();
  EXPECT_EQ(lookups_to_connect(40000), 2U);
  gateway_->bump_generation(datapath::NextHops::ByFlow);
  EXPECT_EQ(lookups_to_connect(40001), 2U);
  EXPECT_EQ(lookups_to_connect(40002), 2U);
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
GW_ON_EVERY_HOOK(ForwardUdp);

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
  expected.source_port = ntohs(gateway_->flow(request).value().flow.sport);
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

TEST_P(ForwardUdp, AFlowWhoseBackendIsGoneGoesToAnother) {
  listen(dnat(net().backend, kBackendPort));
  run(datagram());
  listen(dnat(net().other_backend, kBackendPort));
  gateway_->remove_backend(net().backend);
  EXPECT_EQ(run(datagram()).verdict, Verdict::Sent);
  EXPECT_TRUE(maps::bytes_equal(gateway_->flow(datagram()).value().dst, plan::to_map(net().other_backend)));
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
GW_ON_EVERY_HOOK_IPV4(ForwardIpv4);

TEST_P(ForwardIpv4, OptionsOfTheHeaderAreKept) {
  listen_dnat();
  L4Packet syn = from_client();
  syn.ip_options = {1, 1, 1, 0, 7, 7, 4, 0, 0, 0, 0, 0};
  expect_sent(run(syn), dnatted(syn));
}

class ForwardIpv6 : public Forward {};
GW_ON_EVERY_HOOK_IPV6(ForwardIpv6);

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
