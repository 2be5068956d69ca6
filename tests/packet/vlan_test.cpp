// SPDX-License-Identifier: Apache-2.0
// Frames with VLAN tags. XDP takes them out and puts them in; tc meets VLANs as links of their own, and leaves alone
// what it sees of them on the link below.
#include <arpa/inet.h>
#include <linux/if_ether.h>

#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

using Tags = std::vector<gw_vlan_tag>;

gw_vlan_tag dot1q(std::uint16_t id) { return {htons(ETH_P_8021Q), htons(id)}; }
gw_vlan_tag dot1ad(std::uint16_t id) { return {htons(ETH_P_8021AD), htons(id)}; }

/// With priority 5, as a switch may set it.
Tags with_priority(Tags tags) {
  for (gw_vlan_tag& tag : tags) tag.tci |= htons(5 << 13);
  return tags;
}

Bytes tagged(const Bytes& frame, const Tags& tags) {
  Bytes made(frame.begin(), frame.begin() + 12);
  for (const gw_vlan_tag& tag : tags) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&tag);
    made.insert(made.end(), bytes, bytes + sizeof(tag));
  }
  made.insert(made.end(), frame.begin() + 12, frame.end());
  return made;
}

class Vlan : public Forward {
 protected:
  Outcome run_tagged(const L4Packet& packet, const Tags& tags) {
    return gateway_->run(hook(), tagged(packet.bytes(), tags));
  }
  void expect_frame(const Outcome& outcome, const Bytes& expected) {
    EXPECT_EQ(outcome.verdict, Verdict::Sent);
    EXPECT_EQ(outcome.frame, expected) << compare(expected, outcome.frame);
  }
  const std::vector<Tags> stacks_ = {{dot1q(100)}, {dot1ad(5), dot1q(100)}, {dot1q(5), dot1q(100)}};
};
GW_ON_EVERY_HOOK(Vlan);

/// XDP alone meets tags in frames.
class VlanXdp : public Vlan {};
INSTANTIATE_TEST_SUITE_P(Hooks, VlanXdp, ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Xdp, true}),
                         parameter_name);

TEST_P(VlanXdp, ATaggedFrameIsForwardedWithoutItsTags) {
  listen_dnat();
  for (const Tags& tags : stacks_) {
    gateway_->put_incoming_link_in_vlan(tags);
    for (const std::uint8_t flags : {kSyn, kAck, kAck}) {
      expect_frame(run_tagged(from_client(flags), with_priority(tags)), dnatted(from_client(flags)).bytes());
    }
  }
  EXPECT_EQ(gateway_->counter(GW_EVENT_FLOW_CREATED), 1U);
}

TEST_P(VlanXdp, AFrameForAVlanGetsItsTags) {
  for (const Tags& tags : stacks_) {
    gateway_->put_backend_link_in_vlan(tags);
    gateway_->bump_generation();
    listen_dnat();
    for (const std::uint8_t flags : {kSyn, kAck, kAck}) {
      const Bytes sent = tagged(dnatted(from_client(flags)).bytes(), tags);
      expect_frame(run(from_client(flags)), sent);
    }
  }
}

TEST_P(VlanXdp, AFrameChangesItsVlan) {
  gateway_->put_incoming_link_in_vlan(stacks_[1]);
  gateway_->put_backend_link_in_vlan(stacks_[0]);
  listen_full_nat();
  const Outcome first = run_tagged(from_client(), stacks_[1]);
  L4Packet sent = dnatted(from_client());
  sent.source = net().gateway_out;
  sent.source_port = ntohs(gateway_->flow(from_client()).value().flow.sport);
  expect_frame(first, tagged(sent.bytes(), stacks_[0]));
  // The way back begins at the same link here.
  expect_frame(run_tagged(answer_to(sent, kSyn | kAck), stacks_[1]), to_client(answer_to(sent, kSyn | kAck)).bytes());
}

TEST_P(VlanXdp, ARefusalGoesBackWithTheTagsItCameWith) {
  gateway_->listen(net().vip, kPort, {});
  for (const Tags& tags : stacks_) {
    gateway_->put_incoming_link_in_vlan(tags);
    const Tags sent = with_priority(tags);
    L4Packet rst = reset_of(from_client());
    rst.flags = kRst | kAck;
    rst.seq = 0;
    rst.ack = kClientSeq + 1;
    expect_frame(run_tagged(from_client(), sent), tagged(rst.bytes(), sent));
  }
}

TEST_P(VlanXdp, WhatIsTooBigForTheNextHopIsAnsweredWithTheTags) {
  gateway_->put_incoming_link_in_vlan(stacks_[1]);
  gateway_->set_backend_link_mtu(1400);
  listen_dnat();
  run_tagged(from_client(), stacks_[1]);
  L4Packet big = from_client(kAck);
  big.payload = Bytes(1400, 'x');
  const IpPacket envelope{
      .source_mac = kInMac, .target_mac = kClientMac, .source = net().vip, .target = net().client, .fragment = 0};
  Bytes quote = big.ip().ip_bytes();
  quote.resize(128);
  const bool is_v4 = net().vip.is_v4();
  const IpPacket error = is_v4 ? icmp_error(envelope, 3, 4, 1400, quote) : icmp_error(envelope, 2, 0, 1400, quote);
  expect_frame(run_tagged(big, stacks_[1]), tagged(error.bytes(), stacks_[1]));
}

TEST_P(VlanXdp, WhatIsLeftToTcHasItsTagsAgain) {
  const Tags tags = with_priority(stacks_[1]);
  gateway_->put_incoming_link_in_vlan(stacks_[1]);
  gateway_->listen(net().vip, kPort, {dnat(net().silent_backend, kBackendPort)});
  expect_untouched(run_tagged(from_client(), tags), tagged(from_client().bytes(), tags));
  EXPECT_EQ(gateway_->counter(GW_EVENT_XDP_TO_TC), 1U);
}

TEST_P(VlanXdp, ATagWithoutANumberOnlyGivesAPriority) {
  gateway_->put_incoming_link_in_vlan({dot1q(0)});
  listen_dnat();
  expect_frame(run_tagged(from_client(), with_priority({dot1q(0)})), dnatted(from_client()).bytes());
}

TEST_P(Vlan, FramesOfOthersAreLeftAlone) {
  listen_dnat();
  gateway_->put_incoming_link_in_vlan({dot1q(100)});
  L4Packet elsewhere = from_client();
  elsewhere.target_port = 81;
  const Bytes stray = tagged(elsewhere.bytes(), {dot1q(100)});
  expect_untouched(gateway_->run(hook(), stray), stray);
  for (const Tags& tags :
       {Tags{dot1q(101)}, Tags{dot1ad(100)}, Tags{dot1q(100), dot1q(100)}, Tags{dot1q(100), dot1q(1), dot1q(2)}}) {
    const Bytes frame = tagged(from_client().bytes(), tags);
    expect_untouched(gateway_->run(hook(), frame), frame);
  }
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Vlan, TruncatedFramesAreLeftAlone) {
  listen_dnat();
  gateway_->put_incoming_link_in_vlan(stacks_[1]);
  const Bytes whole = tagged(from_client().bytes(), stacks_[1]);
  for (std::size_t length = 14; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    expect_untouched(gateway_->run(hook(), cut), cut);
  }
}

}  // namespace
}  // namespace gw::testing
