// SPDX-License-Identifier: Apache-2.0
// What may change a connection's state, and what may not; what makes room for what.
#include "tests/packet/fixture.hpp"
#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

class State : public Forward {
 protected:
  /// A connection after its handshake.
  void establish(std::uint16_t port = 40000) {
    const L4Packet syn = from_client(kSyn, port);
    run(syn);
    run(answer_to(dnatted(syn), kSyn | kAck));
    run(from_client(kAck, port));
    ASSERT_EQ(state_of(syn), GW_FLOW_ESTABLISHED);
  }
  [[nodiscard]] L4Packet from_backend(std::uint8_t flags) const { return answer_to(dnatted(from_client()), flags); }
};
GW_ON_EVERY_HOOK(State);

TEST_P(State, AnAcknowledgementOfAnotherNumberDoesNotCompleteTheHandshake) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  run(from_backend(kSyn | kAck));
  L4Packet guess = from_client(kAck);
  guess.ack = kBackendSeq + 1 + (1U << 20);
  expect_sent(run(guess), dnatted(guess));  // the backend is the judge of it
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_RECEIVED);
  run(from_client(kAck));
  EXPECT_EQ(state_of(syn), GW_FLOW_ESTABLISHED);
}

TEST_P(State, ARstOutOfSequenceIsForwardedButClosesNothing) {
  listen_dnat();
  establish();
  L4Packet guess = from_client(kRst);
  for (const std::uint32_t offset : {1U << 10, 1U << 20, 1U << 30, 0xffffff00U}) {
    guess.seq = kClientSeq + 1 + offset;
    expect_sent(run(guess), dnatted(guess));
    EXPECT_EQ(state_of(guess), GW_FLOW_ESTABLISHED) << offset;
  }
  run(from_client(kRst));
  EXPECT_EQ(state_of(guess), GW_FLOW_CLOSED);
}

TEST_P(State, ARstBehindDataThatIsNotAcknowledgedYetCloses) {
  listen_dnat();
  establish();
  L4Packet data = from_client(kAck | kPsh);
  data.payload = Bytes(1000, 'd');
  run(data);
  L4Packet rst = from_client(kRst);
  rst.seq = data.seq + 1000;
  run(rst);
  EXPECT_EQ(state_of(data), GW_FLOW_CLOSED);
}

TEST_P(State, ARstMayCarryAMessage) {
  listen_dnat();
  establish();
  L4Packet rst = from_client(kRst | kAck);
  rst.payload = {'b', 'y', 'e'};
  run(rst);
  EXPECT_EQ(state_of(rst), GW_FLOW_CLOSED);
}

TEST_P(State, AFinOutOfSequenceClosesNothing) {
  listen_dnat();
  establish();
  L4Packet fin = from_client(kFin | kAck);
  fin.seq += 1U << 28;
  run(fin);
  EXPECT_EQ(state_of(fin), GW_FLOW_ESTABLISHED);
}

TEST_P(State, AFinDoesNotOpenAHalfOpenConnection) {
  // What may be forgotten to make room must stay so until the client has proved that it gets our packets.
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  run(from_client(kFin | kAck));
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_SENT);
  run(from_backend(kSyn | kAck));
  L4Packet blind = from_client(kFin | kAck);
  blind.ack += 1U << 20;
  run(blind);
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_RECEIVED);
  run(from_client(kFin | kAck));  // completes the handshake too
  EXPECT_EQ(state_of(syn), GW_FLOW_FIN_CLIENT);
  const L4Packet joined = from_client(kFin | kAck, 40001);
  run(joined);
  EXPECT_EQ(state_of(joined), GW_FLOW_JOINED);
}

TEST_P(State, ARstOutOfSequenceDoesNotCloseAConnectionThatIsBeingOpened) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  L4Packet guess = from_client(kRst);
  guess.seq += 1000;
  run(guess);
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_SENT);
  run(from_client(kRst));
  EXPECT_EQ(state_of(syn), GW_FLOW_CLOSED);
}

TEST_P(State, BothSidesMayCloseAtOnce) {
  listen_dnat();
  establish();
  L4Packet fin = from_client(kFin | kAck);
  L4Packet other = from_backend(kFin | kAck);
  run(fin);
  run(other);  // sent before the client's FIN came: acknowledges nothing of it
  EXPECT_EQ(state_of(fin), GW_FLOW_CLOSED);
  expect_sent(run(from_client(kAck)), dnatted(from_client(kAck)));
}

TEST_P(State, ABackendThatRefusesClosesTheFlow) {
  listen_dnat();
  const L4Packet syn = from_client();
  run(syn);
  L4Packet guess = from_backend(kRst | kAck);
  guess.seq = 0;
  guess.ack += 77;
  run(guess);
  EXPECT_EQ(state_of(syn), GW_FLOW_SYN_SENT);
  L4Packet refusal = from_backend(kRst | kAck);
  refusal.seq = 0;
  run(refusal);
  EXPECT_EQ(state_of(syn), GW_FLOW_CLOSED);
}

TEST_P(State, AnotherAttemptUnderTheSamePortHasNumbersOfItsOwn) {
  listen_dnat();
  run(from_client());  // never answered
  L4Packet again = from_client();
  again.seq += 0x30000000;
  expect_sent(run(again), dnatted(again));
  L4Packet refusal = from_backend(kRst | kAck);
  refusal.seq = 0;
  run(refusal);  // of the first attempt, late
  EXPECT_EQ(state_of(again), GW_FLOW_SYN_SENT);
  refusal.ack = again.seq + 1;
  run(refusal);
  EXPECT_EQ(state_of(again), GW_FLOW_CLOSED);
}

TEST_P(State, AnotherAttemptUnderTheSamePortIsClosedByItsClient) {
  listen_dnat();
  run(from_client());
  L4Packet again = from_client();
  again.seq += 0x30000000;
  run(again);
  run(from_client(kRst));  // of the first attempt
  EXPECT_EQ(state_of(again), GW_FLOW_SYN_SENT);
  L4Packet rst = from_client(kRst);
  rst.seq = again.seq + 1;
  run(rst);
  EXPECT_EQ(state_of(again), GW_FLOW_CLOSED);
}

TEST_P(State, ASynOnAnOpenConnectionGoesToItsBackend) {
  // A client that has forgotten the connection: its backend answers with a challenge (RFC 9293, section 3.5.1).
  listen_dnat();
  establish();
  gateway_->listen(net().vip, kPort, {dnat(net().other_backend, kBackendPort)});
  L4Packet syn = from_client();
  syn.seq = 777;
  expect_sent(run(syn), dnatted(syn));
  EXPECT_EQ(state_of(syn), GW_FLOW_ESTABLISHED);
}

TEST_P(State, ABackendThatIsGoneMaySpeakUntilTheClientIsTold) {
  // A client that waits for an answer, its request acknowledged, would else never hear of it.
  listen_dnat();
  establish();
  gateway_->listen(net().vip, kPort, {dnat(net().other_backend, kBackendPort)});
  gateway_->remove_backend(net().backend);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(run(from_backend(kAck | kPsh)).verdict, Verdict::Sent);
    EXPECT_EQ(state_of(from_backend(kAck)), GW_FLOW_ESTABLISHED);
  }
  EXPECT_EQ(gateway_->counter(GW_DROP_BACKEND_GONE), 0U);
  expect_sent(run(from_client(kAck)), reset_of(from_client(kAck)));
  expect_sent(run(from_backend(kAck | kPsh)), reset_of(from_backend(kAck | kPsh)));
}

TEST_P(State, AFlowWhoseBackendIsGoneGetsARstOnBothSides) {
  listen_dnat();
  establish();
  gateway_->listen(net().vip, kPort, {dnat(net().other_backend, kBackendPort)});
  gateway_->remove_backend(net().backend);
  for (const L4Packet& packet : {from_client(kAck), from_backend(kAck)}) {
    expect_sent(run(packet), reset_of(packet));
    EXPECT_EQ(state_of(from_client(kAck)), GW_FLOW_CLOSED);
    EXPECT_EQ(state_of(from_backend(kAck)), GW_FLOW_CLOSED);
  }
  EXPECT_EQ(gateway_->counter(GW_DROP_BACKEND_GONE), 2U);
  const L4Packet again = from_client(kSyn);
  EXPECT_EQ(run(again).verdict, Verdict::Sent);
  EXPECT_TRUE(maps::bytes_equal(gateway_->flow(again).value().dst, plan::to_map(net().other_backend)));
}

TEST_P(State, HalfOpenConnectionsMakeRoomAndEstablishedOnesStay) {
  listen_dnat();
  for (std::uint16_t port = 100; port < 110; ++port) establish(port);
  for (int port = 1024; port < 9024; ++port) {
    ASSERT_EQ(run(from_client(kSyn, static_cast<std::uint16_t>(port))).verdict, Verdict::Sent) << port;
  }
  EXPECT_GT(gateway_->counter(GW_EVENT_HALF_OPEN_REMOVED), 0U);
  EXPECT_EQ(gateway_->counter(GW_DROP_FLOW_TABLE_FULL), 0U);
  EXPECT_LT(gateway_->flows(), Gateway::kFlowEntries / 2);
  for (std::uint16_t port = 100; port < 110; ++port) {
    EXPECT_EQ(state_of(from_client(kAck, port)), GW_FLOW_ESTABLISHED);
  }
}

TEST_P(State, SynsFollowedByFinsMakeRoomToo) {
  listen_dnat();
  establish(100);
  for (int port = 1024; port < 21024; ++port) {
    const auto source = static_cast<std::uint16_t>(port);
    run(from_client(kSyn, source));
    ASSERT_EQ(run(from_client(kFin | kAck, source)).verdict, Verdict::Sent) << port;
  }
  EXPECT_LT(gateway_->flows(), Gateway::kFlowEntries / 2);
  EXPECT_EQ(state_of(from_client(kAck, 100)), GW_FLOW_ESTABLISHED);
}

TEST_P(State, ClosedConnectionsMakeRoom) {
  listen_dnat();
  establish(100);
  for (int port = 1024; port < 9024; ++port) {
    const auto source = static_cast<std::uint16_t>(port);
    run(from_client(kSyn, source));
    ASSERT_EQ(run(from_client(kRst, source)).verdict, Verdict::Sent) << port;
  }
  EXPECT_LT(gateway_->flows(), Gateway::kFlowEntries / 2);
  EXPECT_EQ(state_of(from_client(kAck, 100)), GW_FLOW_ESTABLISHED);
}

TEST_P(State, AFullTableRefusesNewConnectionsAndKeepsTheOldOnes) {
  listen_dnat();
  std::uint16_t port = 1024;
  while (gateway_->counter(GW_DROP_FLOW_TABLE_FULL) == 0) {
    const L4Packet syn = from_client(kSyn, port);
    run(syn);
    if (!gateway_->flow(syn)) break;
    run(answer_to(dnatted(syn), kSyn | kAck));
    run(from_client(kAck, port));
    ASSERT_LT(++port, 20000);
  }
  const L4Packet refused = from_client(kSyn, 60000);
  const Outcome outcome = run(refused);
  EXPECT_EQ(outcome.verdict, Verdict::Sent);  // a RST
  EXPECT_EQ(outcome.frame[net().client.is_v4() ? 47 : 67] & kRst, kRst);
  for (std::uint16_t old = 1024; old < port; ++old) {
    ASSERT_EQ(state_of(from_client(kAck, old)), GW_FLOW_ESTABLISHED) << old;
  }
}

}  // namespace
}  // namespace gw::testing
