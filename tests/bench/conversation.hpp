// SPDX-License-Identifier: Apache-2.0
// The frames of any number of connections to a listener, as templates for wrapped programs.
#pragma once

#include "tests/bench/bpf/test_run.h"
#include "tests/support/packet.hpp"
#include "userspace/base/ip.hpp"

#include <cstdint>

namespace gw::bench {

/// Flows from here on are in no table before the packet that makes them; as many as 10.64.0.0/10 has room for.
inline constexpr std::uint32_t kNewFirst = 1U << 22;
inline constexpr std::uint32_t kNewCount = 7U << 23;

/// What a listener is reached by.
struct Target {
  IpAddress address;
  std::uint16_t port;
  std::uint8_t protocol;
  [[nodiscard]] bool is_v6() const { return !address.is_v4(); }
};

class Conversation {
 public:
  explicit Conversation(Target target) : target_(target) {}

  // From clients, which the wrapper numbers.
  [[nodiscard]] frames request() const;
  [[nodiscard]] frames acknowledgement() const;
  /// To a port that is no listener's.
  [[nodiscard]] frames miss() const;
  // From backends, to whom the wrapper's tuples say.
  [[nodiscard]] frames acceptance() const;
  [[nodiscard]] frames reply() const;

 private:
  [[nodiscard]] frames from_client(testing::L4Packet packet) const;
  [[nodiscard]] frames from_backend(testing::L4Packet packet) const;
  [[nodiscard]] frames to_frames(const testing::L4Packet& packet, variation variation) const;

  Target target_;
};

/// All of `count` flows from number `first` on, one after another.
frames in_order(frames made, std::uint32_t first, std::uint32_t count);

/// All of the first `count` flows, each far from the one before, so that nothing is found in the cache that would not
/// be there.
frames scattered(frames made, std::uint32_t count);

}  // namespace gw::bench
