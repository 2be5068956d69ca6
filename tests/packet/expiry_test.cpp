// SPDX-License-Identifier: Apache-2.0
// Which connections the agent forgets, and that it forgets nothing else with them.
#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

constexpr std::uint32_t kDay = 24 * 60 * 60;

class Expiry : public Forward {
 protected:
  /// A connection after its first two packets; returns them.
  std::pair<L4Packet, L4Packet> connect(const L4Packet& syn, const L4Packet& sent) {
    expect_sent(run(syn), sent);
    const L4Packet answer = answer_to(sent, kSyn | kAck);
    EXPECT_EQ(run(answer).verdict, Verdict::Sent);
    return {syn, answer};
  }
};
GW_ON_EVERY_HOOK(Expiry);

TEST_P(Expiry, AConnectionOverWhichNothingGoesIsForgotten) {
  listen_dnat();
  const auto [syn, answer] = connect(from_client(), dnatted(from_client()));
  gateway_->expire();
  EXPECT_EQ(gateway_->flows(), 2U);
  gateway_->set_silent_for(syn, kDay);
  gateway_->set_silent_for(answer, kDay);
  gateway_->expire();
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Expiry, AConnectionThatOneSideStillUsesStays) {
  listen_dnat();
  const auto [syn, answer] = connect(from_client(), dnatted(from_client()));
  gateway_->set_silent_for(syn, kDay);
  gateway_->expire();
  EXPECT_EQ(gateway_->flows(), 2U);
}

TEST_P(Expiry, ADsrConnectionTakesNoOtherWithIt) {
  // The client has the same port for both, and the second one's backend has the port of the first one's VIP: an answer
  // of the backend to the first, if it came by us, would be one of the second.
  gateway_->listen(net().vip, kPort, {dsr(net().backend)});
  gateway_->listen(net().vip, kPort + 1, {dnat(net().backend, kPort)});
  run(from_client());
  L4Packet syn = from_client();
  syn.target_port = kPort + 1;
  L4Packet sent = dnatted(syn);
  sent.target_port = kPort;
  const auto [second, answer] = connect(syn, sent);
  ASSERT_EQ(gateway_->flows(), 3U);
  gateway_->set_silent_for(from_client(), kDay);
  gateway_->set_silent_for(answer, kDay);
  gateway_->expire();
  EXPECT_FALSE(gateway_->flow(from_client()));
  EXPECT_TRUE(gateway_->flow(second));
  EXPECT_TRUE(gateway_->flow(answer));
}

TEST_P(Expiry, ADsrConnectionDoesNotLiveByTheAnswersOfAnother) {
  gateway_->listen(net().vip, kPort, {dsr(net().backend)});
  gateway_->listen(net().vip, kPort + 1, {dnat(net().backend, kPort)});
  run(from_client());
  L4Packet syn = from_client();
  syn.target_port = kPort + 1;
  run(syn);
  gateway_->set_silent_for(from_client(), kDay);
  gateway_->expire();
  EXPECT_FALSE(gateway_->flow(from_client()));
  EXPECT_EQ(gateway_->flows(), 2U);
}

}  // namespace
}  // namespace gw::testing
