// SPDX-License-Identifier: Apache-2.0
// What packet tests share: a gateway, packets as they arrive and as they leave, each test on every hook and family.
#pragma once

#include "tests/packet/gateway.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace gw::testing {

inline constexpr std::uint16_t kPort = 80;
inline constexpr std::uint16_t kBackendPort = 8080;
/// Initial sequence numbers.
inline constexpr std::uint32_t kClientSeq = 1000;
inline constexpr std::uint32_t kBackendSeq = 9000;

struct Parameter {
  Hook hook;
  bool is_v6;
};

inline std::string parameter_name(const ::testing::TestParamInfo<Parameter>& test) {
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
  template <typename Packet>
  Outcome run(const Packet& packet, Sum sum = Sum::OfPacket) {
    return gateway_->run(hook(), packet.bytes(), sum);
  }

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
    packet.seq = (flags & kSyn) != 0 ? kClientSeq : kClientSeq + 1;
    packet.ack = (flags & kAck) != 0 ? kBackendSeq + 1 : 0;
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
    packet.seq = (flags & kSyn) != 0 ? kBackendSeq : kBackendSeq + 1;
    packet.ack = (flags & kAck) != 0 ? kClientSeq + 1 : 0;
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
  /// The gateway's own RST for `packet`, with the sequence number that its ACK asks for.
  [[nodiscard]] static L4Packet reset_of(const L4Packet& packet) {
    L4Packet rst;
    rst.source_mac = packet.target_mac;
    rst.target_mac = packet.source_mac;
    rst.source = packet.target;
    rst.target = packet.source;
    rst.source_port = packet.target_port;
    rst.target_port = packet.source_port;
    rst.flags = kRst;
    rst.seq = packet.ack;
    rst.window = 0;
    return rst;
  }
  template <typename Packet>
  void expect_sent(const Outcome& outcome, const Packet& expected) {
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
    return flow ? static_cast<gw_flow_state>(flow->flow.state) : static_cast<gw_flow_state>(0);
  }

  std::unique_ptr<Gateway> gateway_;
};

#define GW_ON_EVERY_HOOK(suite)                                                                       \
  INSTANTIATE_TEST_SUITE_P(Hooks, suite,                                                              \
                           ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Xdp, true}, \
                                             Parameter{Hook::Tc, false}, Parameter{Hook::Tc, true}),  \
                           parameter_name)
#define GW_ON_EVERY_HOOK_IPV4(suite)                                                                                 \
  INSTANTIATE_TEST_SUITE_P(Hooks, suite, ::testing::Values(Parameter{Hook::Xdp, false}, Parameter{Hook::Tc, false}), \
                           parameter_name)
#define GW_ON_EVERY_HOOK_IPV6(suite)                                                                               \
  INSTANTIATE_TEST_SUITE_P(Hooks, suite, ::testing::Values(Parameter{Hook::Xdp, true}, Parameter{Hook::Tc, true}), \
                           parameter_name)

}  // namespace gw::testing
