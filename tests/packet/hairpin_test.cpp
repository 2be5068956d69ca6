// SPDX-License-Identifier: Apache-2.0
// Clients that a backend would answer past the gateway, on its own link or itself: DNAT becomes full NAT for them.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

class Hairpin : public Forward {
 protected:
  /// A DNAT backend that shares its link with clients of its first `bits`.
  void listen_sharing(const IpAddress& address, const IpAddress& source, std::uint8_t bits) {
    gw_backend backend = full_nat(address, kBackendPort, source);
    backend.flags = 0;
    backend.shared_bits = bits;
    gateway_->listen(net().vip, kPort, {backend});
  }
  std::uint16_t nat_port(const L4Packet& packet) { return ntohs(gateway_->flow(packet).value().flow.sport); }
  bool is_full_nat(const L4Packet& packet) {
    const auto flow = gateway_->flow(packet);
    return flow && (flow->flow.flags & GW_FLOW_FULL_NAT) != 0;
  }
};
GW_ON_EVERY_HOOK(Hairpin);

TEST_P(Hairpin, ABackendReachesItselfThroughItsVip) {
  listen_sharing(net().client, net().vip, 128);
  const L4Packet syn = from_client();
  const Outcome outcome = run(syn);
  L4Packet expected = syn;
  expected.source_mac = kInMac;
  expected.target_mac = kClientMac;
  expected.source = net().vip;
  expected.source_port = nat_port(syn);
  expected.target = net().client;
  expected.target_port = kBackendPort;
  --expected.ttl;
  EXPECT_GE(expected.source_port, 20000);
  EXPECT_LE(expected.source_port, 29999);
  expect_sent(outcome, expected);

  L4Packet answer = answer_to(expected, kSyn | kAck);
  answer.source_mac = kClientMac;
  expect_sent(run(answer), to_client(answer));
}

TEST_P(Hairpin, AClientOnTheBackendsLinkIsHiddenFromIt) {
  listen_sharing(net().backend, net().gateway_out, GetParam().is_v6 ? 64 : 96 + 24);
  L4Packet syn = from_client();
  syn.source = net().other_backend;
  const Outcome outcome = run(syn);
  L4Packet expected = dnatted(syn);
  expected.source = net().gateway_out;
  expected.source_port = nat_port(syn);
  expect_sent(outcome, expected);

  const L4Packet answer = answer_to(expected, kSyn | kAck);
  L4Packet arrived = to_client(answer);
  arrived.source_mac = kOutMac;
  arrived.target_mac = kOtherBackendMac;
  arrived.target = net().other_backend;
  expect_sent(run(answer), arrived);
}

TEST_P(Hairpin, AClientElsewhereIsSeenByTheBackend) {
  listen_sharing(net().backend, net().gateway_out, GetParam().is_v6 ? 64 : 96 + 24);
  const L4Packet syn = from_client();
  expect_sent(run(syn), dnatted(syn));
}

/// backend and other_backend differ in the last bit alone.
TEST_P(Hairpin, TheLinkEndsWhereItsPrefixDoes) {
  L4Packet syn = from_client();
  syn.source = net().other_backend;
  listen_sharing(net().backend, net().gateway_out, 127);
  run(syn);
  EXPECT_TRUE(is_full_nat(syn));
  syn.source_port = 40001;
  listen_sharing(net().backend, net().gateway_out, 128);
  run(syn);
  EXPECT_FALSE(is_full_nat(syn));
  syn.source = net().client;
  listen_sharing(net().backend, net().gateway_out, GetParam().is_v6 ? 32 : 96 + 16);
  run(syn);
  EXPECT_TRUE(is_full_nat(syn));
}

TEST_P(Hairpin, ASegmentOfAnUnknownConnectionFromTheBackendsLinkIsRefusedWithARst) {
  listen_sharing(net().backend, net().gateway_out, 127);
  L4Packet data = from_client(kAck);
  data.source = net().other_backend;
  expect_sent(run(data), reset_of(data));
  EXPECT_EQ(gateway_->counter(GW_DROP_NO_FLOW), 1U);
}

}  // namespace
}  // namespace gw::testing
