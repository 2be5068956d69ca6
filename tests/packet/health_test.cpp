// SPDX-License-Identifier: Apache-2.0
// What the programs count for passive health checks: new connections to watched backends, and what becomes of them.
#include <arpa/inet.h>

#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

class Health : public Forward {
 protected:
  struct Counts {
    std::uint32_t attempts = 0, answers = 0, refusals = 0, forgotten = 0;
    bool operator==(const Counts&) const = default;
    friend void PrintTo(const Counts& counts, std::ostream* out) {
      *out << counts.attempts << " attempts, " << counts.answers << " answers, " << counts.refusals << " refusals, "
           << counts.forgotten << " forgotten";
    }
  };
  Counts counts(std::uint8_t protocol = kTcp) {
    const auto found = gateway_->health(net().backend, protocol);
    if (!found) return {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    return {found->attempts, found->answers, found->refusals, found->forgotten};
  }
  /// What the backend answers to the SYN.
  [[nodiscard]] L4Packet from_backend(std::uint8_t flags, std::uint16_t client_port = 40000) const {
    L4Packet answer = answer_to(dnatted(from_client(kSyn, client_port)), flags);
    if ((flags & kRst) != 0) answer.seq = 0;
    return answer;
  }
  [[nodiscard]] L4Packet datagram() const {
    L4Packet packet = from_client();
    packet.protocol = kUdp;
    return packet;
  }
  /// An ICMP error from the backend, or a router before it, about a packet that it got.
  [[nodiscard]] IpPacket error_about(const L4Packet& sent, std::uint8_t v4_type, std::uint8_t v4_code,
                                     std::uint8_t v6_type, std::uint8_t v6_code) const {
    const IpPacket envelope{
        .source_mac = kBackendMac, .target_mac = kInMac, .source = net().backend, .target = sent.source};
    return net().client.is_v4() ? icmp_error(envelope, v4_type, v4_code, 1400, sent.ip().ip_bytes())
                                : icmp_error(envelope, v6_type, v6_code, 1400, sent.ip().ip_bytes());
  }
  [[nodiscard]] IpPacket port_unreachable(const L4Packet& sent) const { return error_about(sent, 3, 3, 1, 4); }
  [[nodiscard]] IpPacket too_big(const L4Packet& sent) const { return error_about(sent, 3, 4, 2, 0); }
};
GW_ON_EVERY_HOOK(Health);

TEST_P(Health, AnAnswerIsAnAnswerWhateverComesAfterIt) {
  listen_dnat();
  gateway_->watch();
  run(from_client());
  run(from_backend(kSyn | kAck));
  EXPECT_EQ(counts(), (Counts{.attempts = 1, .answers = 1}));
  run(from_backend(kSyn | kAck));
  run(from_client(kAck));
  run(answer_to(dnatted(from_client()), kRst));
  EXPECT_EQ(state_of(from_client()), GW_FLOW_CLOSED);
  EXPECT_EQ(counts(), (Counts{.attempts = 1, .answers = 1}));
}

TEST_P(Health, ARstInsteadOfAnAnswerIsARefusal) {
  listen_dnat();
  gateway_->watch();
  run(from_client());
  L4Packet guess = from_backend(kRst | kAck);
  guess.ack += 77;
  run(guess);
  EXPECT_EQ(counts(), (Counts{.attempts = 1}));
  run(from_backend(kRst | kAck));
  EXPECT_EQ(counts(), (Counts{.attempts = 1, .refusals = 1}));
  run(from_backend(kRst | kAck));
  EXPECT_EQ(counts(), (Counts{.attempts = 1, .refusals = 1}));
}

TEST_P(Health, FullNatIsCountedAlike) {
  listen_full_nat();
  gateway_->watch();
  run(from_client());
  L4Packet sent = dnatted(from_client());
  sent.source = net().gateway_out;
  sent.source_port = ntohs(gateway_->flow(from_client()).value().flow.sport);
  L4Packet refusal = answer_to(sent, kRst | kAck);
  refusal.seq = 0;
  run(refusal);
  EXPECT_EQ(counts(), (Counts{.attempts = 1, .refusals = 1}));
}

TEST_P(Health, ASynThatIsSentAgainIsNoSecondAttempt) {
  listen_dnat();
  gateway_->watch();
  run(from_client());
  run(from_client());
  EXPECT_EQ(counts(), (Counts{.attempts = 1}));
}

TEST_P(Health, AClientThatGivesUpSaysNothingAgainstTheBackend) {
  listen_dnat();
  gateway_->watch();
  run(from_client());
  run(from_client(kRst));
  EXPECT_EQ(state_of(from_client()), GW_FLOW_CLOSED);
  EXPECT_EQ(counts(), (Counts{.attempts = 1}));
}

TEST_P(Health, SynsThatNobodyCompletesCountAsAnswered) {
  listen_dnat();
  gateway_->watch();
  for (std::uint16_t port = 1000; port < 1100; ++port) {
    run(from_client(kSyn, port));
    run(from_backend(kSyn | kAck, port));
  }
  EXPECT_EQ(counts(), (Counts{.attempts = 100, .answers = 100}));
}

TEST_P(Health, WhatHasToMakeRoomBeforeItIsAnsweredIsTold) {
  listen_dnat();
  gateway_->watch();
  for (std::uint16_t port = 1000; port < 1100; ++port) {
    run(from_client(kSyn, port));
    run(from_backend(kSyn | kAck, port));
  }
  for (int port = 20000; port < 40000; ++port) run(from_client(kSyn, static_cast<std::uint16_t>(port)));
  const std::uint64_t removed = gateway_->counter(GW_EVENT_HALF_OPEN_REMOVED);
  EXPECT_GT(removed, 100U);
  EXPECT_EQ(counts(),
            (Counts{.attempts = 20100, .answers = 100, .forgotten = static_cast<std::uint32_t>(removed - 100)}));
}

TEST_P(Health, WhatIsJoinedInMidStreamIsNoAttempt) {
  listen_dnat();
  gateway_->watch();
  run(from_client(kAck));
  EXPECT_EQ(state_of(from_client()), GW_FLOW_JOINED);
  run(answer_to(dnatted(from_client(kAck)), kRst));
  EXPECT_EQ(state_of(from_client()), GW_FLOW_CLOSED);
  EXPECT_EQ(counts(), Counts{});
}

TEST_P(Health, OnlyTheWatchedProtocolIsCounted) {
  listen_dnat();
  gateway_->watch(kUdp);
  run(from_client());
  run(from_backend(kRst | kAck));
  EXPECT_EQ(counts(kUdp), Counts{});
  EXPECT_FALSE(gateway_->health(net().backend, kTcp));
}

TEST_P(Health, UdpIsAnsweredByTheFirstDatagram) {
  gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort)}, kUdp);
  gateway_->watch(kUdp);
  run(datagram());
  run(datagram());
  EXPECT_EQ(counts(kUdp), (Counts{.attempts = 1}));
  run(answer_to(dnatted(datagram()), 0));
  run(answer_to(dnatted(datagram()), 0));
  EXPECT_EQ(counts(kUdp), (Counts{.attempts = 1, .answers = 1}));
  run(port_unreachable(dnatted(datagram())));
  EXPECT_EQ(counts(kUdp), (Counts{.attempts = 1, .answers = 1}));
}

TEST_P(Health, AnErrorThatSaysUnreachableIsARefusal) {
  listen_dnat();
  gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort)}, kUdp);
  gateway_->watch(kTcp);
  gateway_->watch(kUdp);
  run(datagram());
  EXPECT_EQ(run(port_unreachable(dnatted(datagram()))).verdict, Verdict::Sent);
  run(from_client());
  EXPECT_EQ(run(port_unreachable(dnatted(from_client()))).verdict, Verdict::Sent);
  EXPECT_EQ(counts(kTcp), (Counts{.attempts = 1, .refusals = 1}));
  EXPECT_EQ(run(too_big(dnatted(from_client()))).verdict, Verdict::Sent);
  EXPECT_EQ(counts(kTcp), (Counts{.attempts = 1, .refusals = 1}));
}

TEST_P(Health, AnErrorFromTheClientSideSaysNothingAgainstTheBackend) {
  gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort)}, kUdp);
  gateway_->watch(kUdp);
  run(datagram());
  L4Packet quoted = answer_to(dnatted(datagram()), 0);
  quoted = to_client(quoted);
  const IpPacket envelope{.source_mac = kClientMac, .target_mac = kInMac, .source = net().client, .target = net().vip};
  const bool is_v4 = net().client.is_v4();
  run(is_v4 ? icmp_error(envelope, 3, 3, 0, quoted.ip().ip_bytes())
            : icmp_error(envelope, 1, 4, 0, quoted.ip().ip_bytes()));
  EXPECT_EQ(gateway_->counter(GW_EVENT_ICMP_TRANSLATED), 1U);
  EXPECT_EQ(counts(kUdp), (Counts{.attempts = 1}));
}

TEST_P(Health, WithDirectReturnNothingIsCounted) {
  gateway_->listen(net().vip, kPort, {dsr(net().backend)});
  gateway_->watch();
  EXPECT_EQ(run(from_client()).verdict, Verdict::Sent);
  EXPECT_EQ(counts(), Counts{});
}

}  // namespace
}  // namespace gw::testing
