// SPDX-License-Identifier: Apache-2.0
// Which new connections a listener lets in (ClientPolicy), and source affinity.
#include "tests/packet/fixture.hpp"

#include <set>

namespace gw::testing {
namespace {

class Admission : public Forward {
 protected:
  [[nodiscard]] IpPrefix client_range() const {
    return IpPrefix::parse(GetParam().is_v6 ? "2001:db8:1::/64" : "10.0.1.0/24").value();
  }
  [[nodiscard]] IpPrefix client_alone() const { return IpPrefix::parse(net().client.to_string()).value(); }

  void expect_dropped(const L4Packet& packet, gw_counter reason) {
    const std::uint64_t before = gateway_->counter(reason);
    EXPECT_EQ(run(packet).verdict, Verdict::Drop);
    EXPECT_EQ(gateway_->counter(reason), before + 1);
  }
  void expect_admitted(const L4Packet& packet) { EXPECT_EQ(run(packet).verdict, Verdict::Sent); }
  [[nodiscard]] L4Packet syn(int number) const { return from_client(kSyn, static_cast<std::uint16_t>(40000 + number)); }
};

TEST_P(Admission, ASourceThatIsDeniedGetsNoAnswer) {
  listen_dnat();
  gateway_->admit({.deny = {client_range()}});
  expect_dropped(syn(0), GW_DROP_SOURCE_DENIED);
  EXPECT_EQ(gateway_->flows(), 0U);
}

TEST_P(Admission, ASourceOutsideOfTheAllowedRangesIsDenied) {
  listen_dnat();
  gateway_->admit({.allow = {IpPrefix::parse(GetParam().is_v6 ? "2001:db8:77::/48" : "192.0.2.0/24").value()}});
  expect_dropped(syn(0), GW_DROP_SOURCE_DENIED);
}

TEST_P(Admission, TheLongestRangeDecides) {
  listen_dnat();
  gateway_->admit({.allow = {client_alone()}, .deny = {client_range()}});
  expect_admitted(syn(0));
}

TEST_P(Admission, OfEqualRangesDenyHolds) {
  listen_dnat();
  gateway_->admit({.allow = {client_range()}, .deny = {client_range()}});
  expect_dropped(syn(0), GW_DROP_SOURCE_DENIED);
}

TEST_P(Admission, WhoIsConnectedStaysWhenTheRangesChange) {
  listen_dnat();
  expect_admitted(syn(0));
  gateway_->admit({.deny = {client_range()}});
  expect_admitted(from_client(kAck));
  expect_dropped(syn(1), GW_DROP_SOURCE_DENIED);
}

TEST_P(Admission, ConnectionsAboveTheLimitAreDroppedUntilOneEnds) {
  listen_dnat();
  gateway_->admit({.max_connections = 2});
  expect_admitted(syn(0));
  expect_admitted(syn(1));
  expect_dropped(syn(2), GW_DROP_CONNECTION_LIMIT);
  const L4Packet refused = answer_to(dnatted(syn(0)), kRst | kAck);
  expect_sent(run(refused), to_client(refused));
  expect_admitted(syn(2));
}

TEST_P(Admission, AConnectionWhoseBackendIsGoneGivesItsPlaceBackWhenItIsOpenedAnew) {
  gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort), dnat(net().other_backend, kBackendPort)});
  const auto goes_to = [this](const L4Packet& syn, const IpAddress& backend) {
    const L4Packet sent = answer_to(dnatted(syn), kRst | kAck);
    L4Packet answer = sent;
    answer.source = backend;
    run(syn);
    const bool is_there = gateway_->flow(answer).has_value();
    run(answer);
    return is_there;
  };
  int to_first = 0, to_second = 0;
  while (!goes_to(syn(to_first), net().backend)) ++to_first;
  while (!goes_to(syn(to_second), net().other_backend)) ++to_second;
  gateway_->admit({.max_connections = 1});
  expect_admitted(syn(to_first));
  expect_dropped(syn(to_second), GW_DROP_CONNECTION_LIMIT);
  gateway_->remove_backend(net().backend);
  run(syn(to_first));  // is refused: the share has lost its backend
  expect_admitted(syn(to_second));
}

TEST_P(Admission, ASynThatIsSentAgainIsNoSecondConnection) {
  listen_dnat();
  gateway_->admit({.max_connections = 1});
  expect_admitted(syn(0));
  expect_admitted(syn(0));
}

/// The seconds of the clock may change once while the packets pass; so may the count begin anew.
TEST_P(Admission, ConnectionsInASecondAreLimited) {
  listen_dnat();
  gateway_->admit({.rate = 10});
  int admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += run(syn(i)).verdict == Verdict::Sent ? 1 : 0;
  EXPECT_GE(admitted, 10);
  EXPECT_LE(admitted, 20);
  EXPECT_EQ(gateway_->counter(GW_DROP_RATE), static_cast<std::uint64_t>(50 - admitted));
}

TEST_P(Admission, ConnectionsOfOneSourceAreLimitedByThemselves) {
  listen_dnat();
  gateway_->admit({.source_rate = 10});
  int admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += run(syn(i)).verdict == Verdict::Sent ? 1 : 0;
  EXPECT_GE(admitted, 10);
  EXPECT_LE(admitted, 20);
  L4Packet other = syn(60);
  other.source = ip(GetParam().is_v6 ? "2001:db8:5::9" : "10.0.1.99");
  expect_admitted(other);
}

TEST_P(Admission, ConnectionsOfAClientGoToOneBackendWithSourceAffinity) {
  gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort), dnat(net().other_backend, kBackendPort)});
  gateway_->use_source_affinity();
  std::set<Bytes> target_macs;
  for (int i = 0; i < 32; ++i) {
    const Outcome outcome = run(syn(i));
    ASSERT_EQ(outcome.verdict, Verdict::Sent);
    target_macs.insert(Bytes(outcome.frame.begin(), outcome.frame.begin() + 6));
  }
  EXPECT_EQ(target_macs.size(), 1U);
}

GW_ON_EVERY_HOOK(Admission);

}  // namespace
}  // namespace gw::testing
