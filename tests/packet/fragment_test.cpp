// SPDX-License-Identifier: Apache-2.0
// Packets in pieces, and IPv6 extension headers.
#include "tests/packet/fixture.hpp"

namespace gw::testing {
namespace {

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::uint8_t kDestinationOptions = 60;

class Fragments : public Forward {
 protected:
  void listen() { gateway_->listen(net().vip, kPort, {dnat(net().backend, kBackendPort)}, kUdp); }
  [[nodiscard]] bool is_v4() const { return net().client.is_v4(); }
  [[nodiscard]] L4Packet datagram() const {
    L4Packet packet = from_client(0);
    packet.protocol = kUdp;
    packet.payload = Bytes(2000, 'f');
    return packet;
  }
  /// The part [begin, end) of the datagram, as a fragment.
  [[nodiscard]] IpPacket fragment(const L4Packet& whole, std::size_t begin, std::size_t end,
                                  std::uint16_t id = 7) const {
    const Bytes segment = whole.segment();
    const bool is_last = end >= segment.size();
    const Bytes part(segment.begin() + static_cast<std::ptrdiff_t>(begin),
                     segment.begin() + static_cast<std::ptrdiff_t>(std::min(end, segment.size())));
    IpPacket packet = whole.ip();
    packet.ip_id = id;
    if (is_v4()) {
      packet.fragment = static_cast<std::uint16_t>(begin / 8 | (is_last ? 0 : 0x2000));
      packet.body = part;
      return packet;
    }
    const auto offset = static_cast<std::uint16_t>(begin | (is_last ? 0 : 1));
    packet.body = {whole.protocol,
                   0,
                   static_cast<std::uint8_t>(offset >> 8),
                   static_cast<std::uint8_t>(offset),
                   0,
                   0,
                   static_cast<std::uint8_t>(id >> 8),
                   static_cast<std::uint8_t>(id)};
    packet.body.insert(packet.body.end(), part.begin(), part.end());
    packet.protocol = kFragmentHeader;
    return packet;
  }
};
GW_ON_EVERY_HOOK(Fragments);

TEST_P(Fragments, LaterOnesFollowTheFirst) {
  listen();
  const L4Packet whole = datagram();
  expect_sent(run(fragment(whole, 0, 1200)), fragment(dnatted(whole), 0, 1200));
  expect_sent(run(fragment(whole, 1200, 1600)), fragment(dnatted(whole), 1200, 1600));
  expect_sent(run(fragment(whole, 1600, 3000)), fragment(dnatted(whole), 1600, 3000));
}

TEST_P(Fragments, AnswersInPiecesGoBack) {
  listen();
  L4Packet request = datagram();
  request.payload = {'?'};
  run(request);
  L4Packet answer = answer_to(dnatted(request), 0);
  answer.payload = Bytes(2000, 'a');
  expect_sent(run(fragment(answer, 0, 1200)), fragment(to_client(answer), 0, 1200));
  expect_sent(run(fragment(answer, 1200, 3000)), fragment(to_client(answer), 1200, 3000));
}

TEST_P(Fragments, OfAnUnknownPacketAreLeftAlone) {
  listen();
  const IpPacket later = fragment(datagram(), 1200, 3000, 100);
  expect_untouched(run(later), later.bytes());
  // Another packet's first fragment does not help.
  run(fragment(datagram(), 0, 1200, 101));
  expect_untouched(run(later), later.bytes());
}

TEST_P(Fragments, OfOtherPortsAreLeftAlone) {
  listen();
  run(fragment(datagram(), 0, 1200));  // was ours; the same identification comes again
  L4Packet other = datagram();
  other.target_port = 81;
  for (const auto& packet : {fragment(other, 0, 1200), fragment(other, 1200, 3000)}) {
    expect_untouched(run(packet), packet.bytes());
  }
}

TEST_P(Fragments, AFirstOneThatIsTooShortForThePortsIsLeftAlone) {
  listen_dnat();
  L4Packet syn = from_client();
  const IpPacket first = fragment(syn, 0, 8);
  expect_untouched(run(first), first.bytes());
  EXPECT_EQ(gateway_->flows(), 0U);
}

class Extensions : public Forward {
 protected:
  static Bytes options(std::uint8_t next, std::uint8_t length = 0) {
    Bytes header = {next, length, 1, static_cast<std::uint8_t>(4 + length * 8)};
    header.resize(8 + length * 8U);
    return header;
  }
  /// The packet behind the headers, the first of which is of the kind `first`.
  static IpPacket behind(const L4Packet& packet, std::uint8_t first, const std::vector<Bytes>& headers) {
    IpPacket whole = packet.ip();
    const Bytes segment = whole.body;
    whole.protocol = first;
    whole.body.clear();
    for (const auto& header : headers) whole.body.insert(whole.body.end(), header.begin(), header.end());
    whole.body.insert(whole.body.end(), segment.begin(), segment.end());
    return whole;
  }
};
GW_ON_EVERY_HOOK_IPV6(Extensions);

TEST_P(Extensions, AreSteppedOver) {
  listen_dnat();
  const L4Packet syn = from_client();
  const std::vector<Bytes> headers = {options(kDestinationOptions), options(kTcp, 2)};
  expect_sent(run(behind(syn, kHopByHop, headers)), behind(dnatted(syn), kHopByHop, headers));
  const L4Packet ack = from_client(kAck);
  expect_sent(run(behind(ack, kHopByHop, headers)), behind(dnatted(ack), kHopByHop, headers));
}

TEST_P(Extensions, TooManyAreLeftToTheStack) {
  listen_dnat();
  std::vector<Bytes> headers(7, options(kDestinationOptions));
  headers.push_back(options(kTcp));
  const IpPacket packet = behind(from_client(), kDestinationOptions, headers);
  expect_untouched(run(packet), packet.bytes());
}

TEST_P(Extensions, ARouteThatIsNotAtItsEndIsLeftToTheStack) {
  listen_dnat();
  Bytes routing = {kTcp, 2, 4, 1, 0, 0, 0, 0, 0x20, 1};
  routing.resize(24);
  const IpPacket on_the_way = behind(from_client(), kRouting, {routing});
  expect_untouched(run(on_the_way), on_the_way.bytes());
  routing[3] = 0;
  expect_sent(run(behind(from_client(), kRouting, {routing})), behind(dnatted(from_client()), kRouting, {routing}));
}

TEST_P(Extensions, HeadersThatAreCutShortAreLeftAlone) {
  listen_dnat();
  const Bytes whole = behind(from_client(), kHopByHop, {options(kDestinationOptions), options(kTcp, 1)}).bytes();
  for (std::size_t length = 54; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(gateway_->run(hook(), cut).verdict, Verdict::Pass) << length << " bytes";
  }
  EXPECT_EQ(gateway_->flows(), 0U);
}

}  // namespace
}  // namespace gw::testing
