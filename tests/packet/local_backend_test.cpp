// SPDX-License-Identifier: Apache-2.0
// Backends on the gateway's own addresses: packets go up its stack, answers are met where they leave.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

class LocalBackend : public Forward {
 protected:
  void SetUp() override {
    Forward::SetUp();
    if (gateway_) gateway_->listen(net().vip, kPort, {local(net().gateway_out, kBackendPort)});
  }
  Outcome leave(const L4Packet& packet) { return gateway_->run(Hook::Egress, packet.bytes()); }
  Outcome leave(const IpPacket& packet) { return gateway_->run(Hook::Egress, packet.bytes()); }

  /// As the gateway's own stack gets a packet of the client's.
  [[nodiscard]] L4Packet delivered(L4Packet packet) const {
    packet.target = net().gateway_out;
    packet.target_port = kBackendPort;
    --packet.ttl;
    return packet;
  }
  /// The answer of the gateway's own server, on its way to the client.
  [[nodiscard]] L4Packet own_answer(const L4Packet& to, std::uint8_t flags) const {
    L4Packet answer = answer_to(delivered(to), flags);
    answer.source_mac = kInMac;
    answer.target_mac = kClientMac;
    return answer;
  }
  /// The same as it leaves.
  [[nodiscard]] L4Packet as_from_vip(L4Packet answer) const {
    answer.source = net().vip;
    answer.source_port = kPort;
    --answer.ttl;
    return answer;
  }
  template <typename Packet>
  void expect_passed_as(const Outcome& outcome, const Packet& expected) {
    EXPECT_EQ(outcome.verdict, Verdict::Pass);
    EXPECT_EQ(outcome.frame, expected.bytes()) << compare(expected.bytes(), outcome.frame);
  }
  /// By way of XDP, if that is the hook, which leaves it all to tc.
  template <typename Packet>
  Outcome arrive(const Packet& packet) {
    if (hook() == Hook::Xdp) expect_untouched(run(packet), packet.bytes());
    return gateway_->run(Hook::Tc, packet.bytes());
  }
};
GW_ON_EVERY_HOOK(LocalBackend);

TEST_P(LocalBackend, GetsItsPacketsThroughTheStackAndAnswersAsTheVip) {
  const L4Packet syn = from_client();
  expect_passed_as(arrive(syn), delivered(syn));
  const L4Packet accept = own_answer(syn, kSyn | kAck);
  expect_passed_as(leave(accept), as_from_vip(accept));
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_RECEIVED);
  L4Packet data = from_client(kPsh | kAck);
  data.payload = Bytes(700, 'd');
  expect_passed_as(arrive(data), delivered(data));
  EXPECT_EQ(state_of(syn), GW_FLOW_ESTABLISHED);
  EXPECT_EQ(gateway_->counter(GW_EVENT_FLOW_CREATED), 1U);
  EXPECT_EQ(gateway_->counter(GW_EVENT_FORWARDED), 3U);
}

TEST_P(LocalBackend, MayListenOnTheVipItself) {
  gateway_->listen(net().vip, kPort + 1, {local(net().vip, kPort + 1)});
  L4Packet syn = from_client();
  syn.target_port = kPort + 1;
  L4Packet as_is = syn;
  --as_is.ttl;
  expect_passed_as(arrive(syn), as_is);
  L4Packet accept = answer_to(as_is, kSyn | kAck);
  L4Packet leaves = accept;
  --leaves.ttl;
  expect_passed_as(leave(accept), leaves);
}

TEST_P(LocalBackend, NothingElseThatTheHostSendsIsTouched) {
  L4Packet own = from_client();  // from no backend, to no client of ours
  std::swap(own.source, own.target);
  expect_untouched(leave(own), own.bytes());
  L4Packet to_vip = from_client();
  to_vip.source = net().gateway_out;
  expect_untouched(leave(to_vip), to_vip.bytes());
  EXPECT_FALSE(gateway_->flow(to_vip)) << "connections begin at ingress";

  gateway_->listen(net().vip, kPort + 1, {dnat(net().backend, kBackendPort)});
  L4Packet syn = from_client();
  syn.target_port = kPort + 1;
  run(syn);
  const L4Packet answer = answer_to(dnatted(syn), kSyn | kAck);
  expect_untouched(leave(answer), answer.bytes());
}

TEST_P(LocalBackend, WhenItIsGoneBothSidesGetARst) {
  const L4Packet syn = from_client();
  arrive(syn);
  leave(own_answer(syn, kSyn | kAck));
  gateway_->remove_backend(net().gateway_out);
  const L4Packet ack = from_client(kAck);
  expect_sent(run(ack), reset_of(ack));
  const L4Packet data = own_answer(syn, kAck);
  expect_sent(leave(data), reset_of(data));
  EXPECT_EQ(gateway_->counter(GW_DROP_BACKEND_GONE), 2U);
}

TEST_P(LocalBackend, ErrorsAboutItsAnswersReachItsStack) {
  const L4Packet syn = from_client();
  arrive(syn);
  L4Packet answer = own_answer(syn, kPsh | kAck);
  answer.payload = Bytes(1000, 'a');
  leave(answer);
  const bool is_v4 = net().client.is_v4();
  const IpAddress router = ip(is_v4 ? "198.51.100.7" : "2001:db8:9::7");
  const auto too_big = [&](const IpAddress& to, const L4Packet& about) {
    Bytes quote = about.ip().ip_bytes();
    quote.resize(is_v4 ? 28 : 48);  // up to the sequence number: no checksum in it
    const IpPacket envelope{.source_mac = kClientMac, .target_mac = kInMac, .source = router, .target = to};
    return is_v4 ? icmp_error(envelope, 3, 4, 1400, quote) : icmp_error(envelope, 2, 0, 1400, quote);
  };
  L4Packet quoted = answer;
  quoted.ttl = as_from_vip(answer).ttl;
  IpPacket expected = too_big(net().gateway_out, quoted);
  --expected.ttl;
  expect_passed_as(arrive(too_big(net().vip, as_from_vip(answer))), expected);
}

TEST_P(LocalBackend, ErrorsOfTheHostAboutItComeFromTheVip) {
  gateway_->listen(net().vip, kPort, {local(net().gateway_out, kBackendPort)}, kUdp);
  L4Packet datagram = from_client(0);
  datagram.protocol = kUdp;
  arrive(datagram);
  const bool is_v4 = net().client.is_v4();
  const auto unreachable = [&](const IpAddress& from, const L4Packet& about) {
    Bytes quote = about.ip().ip_bytes();
    quote.resize((is_v4 ? 20 : 40) + 6);  // without the checksum, which stays that of the rewritten datagram
    quote.resize(quote.size() + 2);
    const IpPacket envelope{.source_mac = kInMac, .target_mac = kClientMac, .source = from, .target = net().client};
    return is_v4 ? icmp_error(envelope, 3, 3, 0, quote) : icmp_error(envelope, 1, 4, 0, quote);
  };
  L4Packet quoted = datagram;
  quoted.ttl = delivered(datagram).ttl;
  IpPacket expected = unreachable(net().vip, quoted);
  --expected.ttl;
  expect_passed_as(leave(unreachable(net().gateway_out, delivered(datagram))), expected);
}

TEST_P(LocalBackend, ItsAnswersMayComeInPieces) {
  if (!net().client.is_v4()) GTEST_SKIP() << "IPv6 fragments take the same way behind their extension header";
  gateway_->listen(net().vip, kPort, {local(net().gateway_out, kBackendPort)}, kUdp);
  L4Packet request = from_client(0);
  request.protocol = kUdp;
  arrive(request);
  L4Packet answer = own_answer(request, 0);
  answer.payload = Bytes(2000, 'p');
  const auto piece = [](const L4Packet& whole, std::size_t begin, std::size_t end) {
    const Bytes segment = whole.segment();
    IpPacket packet = whole.ip();
    packet.ip_id = 9;
    packet.fragment = static_cast<std::uint16_t>(begin / 8 | (end < segment.size() ? 0x2000 : 0));
    packet.body = Bytes(segment.begin() + static_cast<std::ptrdiff_t>(begin),
                        segment.begin() + static_cast<std::ptrdiff_t>(std::min(end, segment.size())));
    return packet;
  };
  expect_passed_as(leave(piece(answer, 0, 1400)), piece(as_from_vip(answer), 0, 1400));
  expect_passed_as(leave(piece(answer, 1400, 3000)), piece(as_from_vip(answer), 1400, 3000));
}

}  // namespace
}  // namespace gw::testing
