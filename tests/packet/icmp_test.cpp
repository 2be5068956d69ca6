// SPDX-License-Identifier: Apache-2.0
// ICMP errors: those of others about our flows, and our own.
#include <arpa/inet.h>

#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

class Icmp : public Forward {
 protected:
  [[nodiscard]] bool is_v4() const { return net().client.is_v4(); }
  [[nodiscard]] IpAddress router() const { return ip(is_v4() ? "198.51.100.7" : "2001:db8:9::7"); }
  /// "Too big, the next hop takes 1400", from a router behind the gateway or before it.
  [[nodiscard]] IpPacket too_big(const IpAddress& to, const L4Packet& about, std::size_t quoted = 128) const {
    Bytes quote = about.ip().ip_bytes();
    quote.resize(std::min(quote.size(), quoted));
    const IpPacket envelope{.source_mac = kBackendMac, .target_mac = kInMac, .source = router(), .target = to};
    return is_v4() ? icmp_error(envelope, 3, 4, 1400, quote) : icmp_error(envelope, 2, 0, 1400, quote);
  }
  /// A connection that is there, and the SYN of it as the backend got it.
  L4Packet connect_full_nat() {
    listen_full_nat();
    const L4Packet syn = from_client();
    run(syn);
    L4Packet sent = dnatted(syn);
    sent.source = net().gateway_out;
    sent.source_port = ntohs(gateway_->flow(syn).value().flow.sport);
    return sent;
  }
};
GW_ON_EVERY_HOOK(Icmp);

TEST_P(Icmp, AnErrorBehindUsReachesTheClientAsIfAboutItsOwnPacket) {
  L4Packet sent = connect_full_nat();
  L4Packet original = from_client(kAck);
  original.payload = Bytes(900, 'x');
  original.ttl = sent.ttl;  // the router quotes what it got
  sent.flags = original.flags;
  sent.seq = original.seq;
  sent.ack = original.ack;
  sent.payload = original.payload;
  const Outcome outcome = run(too_big(net().gateway_out, sent, 200));
  IpPacket expected = too_big(net().client, original, 200);
  expected.source_mac = kInMac;
  expected.target_mac = kClientMac;
  --expected.ttl;
  ASSERT_EQ(outcome.verdict, Verdict::Sent);
  // The quoted TCP checksum stays that of the rewritten packet; everything else is as if there were no gateway.
  Bytes want = expected.bytes();
  const std::size_t l4 = (is_v4() ? 14 + 20 + 8 + 20 : 14 + 40 + 8 + 40);
  Bytes got = outcome.frame;
  ASSERT_EQ(got.size(), want.size());
  EXPECT_TRUE(icmp_checksum_is_right(got));
  for (const std::size_t at : {l4 + 16, l4 + 17, std::size_t{is_v4() ? 36U : 56U}, std::size_t{is_v4() ? 37U : 57U}}) {
    got[at] = want[at] = 0;
  }
  EXPECT_EQ(got, want) << compare(want, got);
  EXPECT_EQ(gateway_->counter(GW_EVENT_ICMP_TRANSLATED), 1U);
}

TEST_P(Icmp, AnErrorBeforeUsReachesTheBackend) {
  const L4Packet sent = connect_full_nat();
  const L4Packet answer = answer_to(sent, kSyn | kAck);
  run(answer);
  L4Packet forwarded = to_client(answer);
  L4Packet quoted = answer;
  quoted.ttl = forwarded.ttl;
  const Outcome outcome = run(too_big(net().vip, forwarded, 48));
  IpPacket expected = too_big(net().backend, quoted, 48);
  expected.source_mac = kOutMac;
  expected.target_mac = kBackendMac;
  --expected.ttl;
  Bytes want = expected.bytes();
  Bytes got = outcome.frame;
  ASSERT_EQ(got.size(), want.size());
  EXPECT_TRUE(icmp_checksum_is_right(got));
  const std::size_t check = is_v4() ? 36 : 56;
  got[check] = got[check + 1] = want[check] = want[check + 1] = 0;
  if (is_v4()) {  // 48 bytes of quote reach the TCP checksum
    const std::size_t tcp_check = 14 + 20 + 8 + 20 + 16;
    got[tcp_check] = got[tcp_check + 1] = want[tcp_check] = want[tcp_check + 1] = 0;
  }
  EXPECT_EQ(got, want) << compare(want, got);
}

TEST_P(Icmp, AnErrorFromTheBackendItselfComesFromTheVip) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  IpPacket error = too_big(net().client, dnatted(syn));
  error.source = net().backend;
  const Bytes quote(dnatted(syn).ip().ip_bytes());
  error = is_v4() ? icmp_error(error, 3, 3, 0, quote) : icmp_error(error, 1, 4, 0, quote);
  const Outcome outcome = run(error);
  ASSERT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_TRUE(icmp_checksum_is_right(outcome.frame));
  const std::size_t source = is_v4() ? 26 : 22;
  const auto vip = net().vip.bytes();
  EXPECT_TRUE(std::equal(vip.begin() + (is_v4() ? 12 : 0), vip.end(),
                         outcome.frame.begin() + static_cast<std::ptrdiff_t>(source)));
}

TEST_P(Icmp, AnErrorForANeighbourNobodyKnowsWaitsForItsResolution) {
  gateway_->listen(net().vip, kPort, {dnat(net().silent_backend, kBackendPort)});
  run(from_client());
  const IpPacket error = too_big(net().vip, to_client(answer_to(dnatted(from_client()), kSyn | kAck)), 48);
  const Outcome outcome = run(error);
  if (hook() == Hook::Xdp) {
    expect_untouched(outcome, error.bytes());
    EXPECT_EQ(gateway_->counter(GW_EVENT_XDP_TO_TC), 2U) << "the SYN and the error";
    return;
  }
  EXPECT_EQ(outcome.verdict, Verdict::Sent);
  EXPECT_TRUE(icmp_checksum_is_right(outcome.frame));
  EXPECT_EQ(gateway_->counter(GW_EVENT_ICMP_TRANSLATED), 1U);
}

TEST_P(Icmp, ErrorsThatConcernNoFlowAndEchoesAreLeftAlone) {
  listen_dnat();
  const IpPacket stray = too_big(net().vip, from_client());
  expect_untouched(run(stray), stray.bytes());
  IpPacket echo = stray;
  echo = is_v4() ? icmp_error(echo, 8, 0, 1, {}) : icmp_error(echo, 128, 0, 1, {});
  expect_untouched(run(echo), echo.bytes());
}

TEST_P(Icmp, AnErrorThatGoesElsewhereIsLeftAlone) {
  const L4Packet sent = connect_full_nat();
  const IpPacket astray = too_big(net().client, sent);
  expect_untouched(run(astray), astray.bytes());
}

TEST_P(Icmp, PaddingIsNoPartOfTheQuote) {
  const L4Packet sent = connect_full_nat();
  Bytes frame = too_big(net().gateway_out, sent, is_v4() ? 24 : 44).bytes();
  frame.insert(frame.end(), {0, 0, 0, 0});
  expect_untouched(gateway_->run(hook(), frame), frame);
}

TEST_P(Icmp, AnErrorDoesNotHideThatTheBackendIsGone) {
  const L4Packet sent = connect_full_nat();
  gateway_->remove_backend(net().backend);
  const IpPacket error = too_big(net().gateway_out, sent);
  expect_untouched(run(error), error.bytes());
  const L4Packet ack = from_client(kAck);
  expect_sent(run(ack), reset_of(ack));
}

TEST_P(Icmp, WithForwardingOffAnErrorIsDroppedAndCounted) {
  const L4Packet sent = connect_full_nat();
  gateway_->set_forwarding(false);
  EXPECT_EQ(run(too_big(net().gateway_out, sent)).verdict, Verdict::Drop);
  EXPECT_EQ(gateway_->counter(GW_DROP_FORWARDING_DISABLED), 1U);
}

TEST_P(Icmp, TruncatedErrorsAreLeftAlone) {
  const L4Packet sent = connect_full_nat();
  const Bytes whole = too_big(net().gateway_out, sent, is_v4() ? 28 : 48).bytes();
  const std::size_t shortest = hook() == Hook::Xdp ? 14 : is_v4() ? 34 : 54;
  for (std::size_t length = shortest; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(gateway_->run(hook(), cut).verdict, Verdict::Pass) << length << " bytes";
  }
}

TEST_P(Icmp, WhatIsTooBigForTheNextHopIsAnswered) {
  gateway_->set_backend_link_mtu(1400);
  listen_dnat();
  run(from_client());
  L4Packet big = from_client(kAck);
  big.payload = Bytes(1400, 'x');
  const IpPacket envelope{
      .source_mac = kInMac, .target_mac = kClientMac, .source = net().vip, .target = net().client, .fragment = 0};
  Bytes quote = big.ip().ip_bytes();
  quote.resize(128);
  expect_sent(run(big, Sum::None),
              is_v4() ? icmp_error(envelope, 3, 4, 1400, quote) : icmp_error(envelope, 2, 0, 1400, quote));
  EXPECT_EQ(gateway_->counter(GW_DROP_TOO_BIG), 1U);
  big.payload.resize(1400 - (is_v4() ? 40 : 60));
  expect_sent(run(big), dnatted(big));
}

TEST_P(Icmp, ATtlOfOneIsAnsweredForKnownAndNewFlows) {
  listen_dnat();
  for (const bool is_known : {false, true}) {
    if (is_known) run(from_client());
    L4Packet packet = from_client(kSyn);
    packet.ttl = 1;
    const IpPacket envelope{
        .source_mac = kInMac, .target_mac = kClientMac, .source = net().vip, .target = net().client, .fragment = 0};
    const Bytes quote = packet.ip().ip_bytes();
    expect_sent(run(packet), is_v4() ? icmp_error(envelope, 11, 0, 0, quote) : icmp_error(envelope, 3, 0, 0, quote));
  }
  EXPECT_EQ(gateway_->counter(GW_DROP_TTL_EXPIRED), 2U);
  EXPECT_EQ(gateway_->counter(GW_EVENT_ICMP_SENT), 2U);
}

TEST_P(Icmp, OurOwnErrorsAreLimited) {
  listen_dnat();
  L4Packet packet = from_client(kSyn);
  packet.ttl = 1;
  int dropped = 0;
  for (int i = 0; i < 5000; ++i) dropped += run(packet).verdict == Verdict::Drop ? 1 : 0;
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(gateway_->counter(GW_DROP_TTL_EXPIRED), 5000U);
}

}  // namespace
}  // namespace gw::testing
