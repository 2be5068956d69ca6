// SPDX-License-Identifier: Apache-2.0
// Direct server return: on the segment by MAC address, across routers in a tunnel.
#include "tests/packet/fixture.hpp"
#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

class Dsr : public Forward {
 protected:
  [[nodiscard]] bool is_v4() const { return net().client.is_v4(); }
  void listen_segment() { gateway_->listen(net().vip, kPort, {dsr(net().backend)}); }
  void listen_tunnel() { gateway_->listen(net().vip, kPort, {dsr_tunnel(net().backend, net().gateway_out)}); }
  [[nodiscard]] static L4Packet moved(L4Packet packet) {
    packet.source_mac = kOutMac;
    packet.target_mac = kBackendMac;
    --packet.ttl;
    return packet;
  }
  [[nodiscard]] IpPacket tunnelled(const L4Packet& packet) const {
    L4Packet inner = packet;
    --inner.ttl;
    return {.source_mac = kOutMac,
            .target_mac = kBackendMac,
            .source = net().gateway_out,
            .target = net().backend,
            .protocol = is_v4() ? kIpv4InIp : kIpv6InIp,
            .tos = packet.tos,
            .body = inner.ip().ip_bytes()};
  }
};
GW_ON_EVERY_HOOK(Dsr);

TEST_P(Dsr, OnTheSegmentOnlyTheMacAddressesChange) {
  listen_segment();
  expect_sent(run(from_client()), moved(from_client()));
  expect_sent(run(from_client(kAck)), moved(from_client(kAck)));
  EXPECT_EQ(gateway_->flows(), 1U);  // the replies do not pass here
}

TEST_P(Dsr, AcrossRoutersThePacketTravelsInATunnel) {
  listen_tunnel();
  L4Packet syn = from_client();
  syn.tos = 0x2e;
  syn.tcp_options = {2, 4, 5, 0xb4};
  expect_sent(run(syn), tunnelled(syn));
  L4Packet data = from_client(kAck);
  data.payload = Bytes(1000, 'd');
  expect_sent(run(data), tunnelled(data));
}

TEST_P(Dsr, WhatDoesNotFitIntoTheTunnelIsAnsweredWithTheInnerMtu) {
  listen_tunnel();
  run(from_client());
  L4Packet big = from_client(kAck);
  big.payload = Bytes(1500 - (is_v4() ? 40 : 60), 'x');
  const std::uint32_t mtu = 1500 - (is_v4() ? 20 : 40);
  const IpPacket envelope{
      .source_mac = kInMac, .target_mac = kClientMac, .source = net().vip, .target = net().client, .fragment = 0};
  Bytes quote = big.ip().ip_bytes();
  quote.resize(128);
  expect_sent(run(big, Sum::None),
              is_v4() ? icmp_error(envelope, 3, 4, mtu, quote) : icmp_error(envelope, 2, 0, mtu, quote));
  big.payload.resize(big.payload.size() - (is_v4() ? 20 : 40));
  expect_sent(run(big), tunnelled(big));
}

TEST_P(Dsr, AConnectionMovesToAnotherGatewayInMidStream) {
  for (const bool tunnel : {false, true}) {
    gateway_ = std::move(*Gateway::create());
    tunnel ? listen_tunnel() : listen_segment();
    const L4Packet data = from_client(kAck);
    if (tunnel) {
      expect_sent(run(data), tunnelled(data));
    } else {
      expect_sent(run(data), moved(data));
    }
  }
}

TEST_P(Dsr, AnUnresolvedBackendIsLeftToTheKernel) {
  gateway_->listen(net().vip, kPort, {dsr(net().silent_backend)});
  const Outcome outcome = run(from_client());
  if (hook() == Hook::Xdp) {
    expect_untouched(outcome, from_client().bytes());
    return;
  }
  EXPECT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_EQ(gateway_->counter(GW_EVENT_NEIGHBOUR_UNRESOLVED), 1U);
}

TEST_P(Dsr, AConnectionThatTheSameBackendHasByNatIsNotTouched) {
  // Its answers come from the address and port that the DSR connection goes to.
  listen_segment();
  gateway_->listen(net().gateway_out, kPort, {dnat(net().backend, kPort)});
  L4Packet syn = from_client();
  syn.target = net().gateway_out;
  run(syn);
  L4Packet answer = answer_to(dnatted(syn), kSyn | kAck);
  answer.source_port = kPort;
  run(from_client());
  run(from_client(kRst));
  EXPECT_EQ(state_of(from_client()), GW_FLOW_CLOSED);
  EXPECT_EQ(state_of(answer), GW_FLOW_SYN_SENT);
  run(from_client());  // begins anew
  L4Packet expected = to_client(answer);
  expected.source = net().gateway_out;
  expect_sent(run(answer), expected);
}

TEST_P(Dsr, AnErrorAboutAnAnswerReachesTheBackendAsItIs) {
  listen_segment();
  const L4Packet syn = from_client();
  run(syn);
  L4Packet answer = syn;  // what the backend has sent to the client, around us
  std::swap(answer.source, answer.target);
  std::swap(answer.source_port, answer.target_port);
  const IpPacket envelope{.source_mac = kClientMac,
                          .target_mac = kInMac,
                          .source = ip(is_v4() ? "198.51.100.7" : "2001:db8:9::7"),
                          .target = net().vip};
  IpPacket error = is_v4() ? icmp_error(envelope, 3, 4, 1400, answer.ip().ip_bytes())
                           : icmp_error(envelope, 2, 0, 1400, answer.ip().ip_bytes());
  IpPacket expected = error;
  expected.source_mac = kOutMac;
  expected.target_mac = kBackendMac;
  --expected.ttl;
  expect_sent(run(error), expected);
}

}  // namespace
}  // namespace gw::testing
