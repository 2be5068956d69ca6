// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/conversation.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "tests/support/backends.hpp"
#include "tests/support/data_path.hpp"

namespace gw::bench {
namespace {

using testing::Bytes;
using testing::ip;
using testing::L4Packet;

const Bytes kMss = {2, 4, 5, 0xb4};

L4Packet segment(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack) {
  L4Packet packet;
  packet.flags = flags;
  packet.seq = seq;
  packet.ack = ack;
  if ((flags & testing::kSyn) != 0) {
    packet.tcp_options = kMss;
  } else {
    packet.payload = Bytes(6, 'x');
  }
  return packet;
}

}  // namespace

frames Conversation::request() const { return from_client(segment(testing::kSyn, 1000, 0)); }

frames Conversation::acknowledgement() const { return from_client(segment(testing::kAck, 1001, 5001)); }

frames Conversation::miss() const {
  Target other = target_;
  ++other.port;
  return Conversation(other).acknowledgement();
}

frames Conversation::acceptance() const { return from_backend(segment(testing::kSyn | testing::kAck, 5000, 1001)); }

frames Conversation::reply() const { return from_backend(segment(testing::kAck, 5001, 1007)); }

frames Conversation::from_client(L4Packet packet) const {
  packet.source_mac = testing::kClientMac;
  packet.target_mac = testing::kInMac;
  packet.source = ip(target_.is_v6() ? "2001:db8:9::" : "0.0.0.0");
  packet.target = target_.address;
  packet.target_port = target_.port;
  return to_frames(packet, VARY_SOURCE);
}

frames Conversation::from_backend(L4Packet packet) const {
  packet.source_mac = testing::kBackendMac;
  packet.target_mac = testing::kOutMac;
  packet.source = packet.target = ip(target_.is_v6() ? "::" : "0.0.0.0");
  return to_frames(packet, VARY_TUPLE);
}

frames Conversation::to_frames(const L4Packet& packet, variation variation) const {
  L4Packet complete = packet;
  complete.protocol = target_.protocol;
  const Bytes bytes = complete.bytes();
  frames made{};
  std::memcpy(made.bytes, bytes.data(), std::min(bytes.size(), sizeof(made.bytes)));
  made.is_v6 = target_.is_v6() ? 1 : 0;
  made.variation = variation;
  return made;
}

frames in_order(frames made, std::uint32_t first, std::uint32_t count) {
  made.first = first;
  made.count = count;
  made.stride = 1;
  made.at = 0;
  return made;
}

frames scattered(frames made, std::uint32_t count) {
  made = in_order(made, 0, count);
  made.stride = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(count * 0.618));
  while (std::gcd(made.stride, count) != 1) ++made.stride;
  return made;
}

}  // namespace gw::bench
