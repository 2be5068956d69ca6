// SPDX-License-Identifier: Apache-2.0
// Random cases, weighted towards what is interesting.
#pragma once

#include "tests/differential/case.hpp"

#include <cstdint>
#include <random>
#include <vector>

namespace gw::differential {

/// Cases of one seed, number by number: `Generator(seed, n).make()` is always the same case.
class Generator {
 public:
  Generator(std::uint64_t seed, std::uint64_t number);
  Case make();

 private:
  /// One who has a connection, or tries to: the tuple, and how far it has come.
  struct Talker {
    Endpoint client;
    Endpoint vip;
    std::uint8_t protocol = 6;
    std::uint32_t client_seq = 0;
    std::uint32_t backend_seq = 0;
    int progress = 0;
  };

  // Chance.
  std::uint32_t below(std::uint32_t bound);
  std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  template <typename T>
  const T& any_of(const std::vector<T>& values) {
    return values[below(static_cast<std::uint32_t>(values.size()))];
  }

  // The configuration.
  void configure();
  Backend backend();
  std::vector<Share> shares();
  void add_listener(std::uint8_t protocol);
  Change change();
  void add_talkers();
  Talker talker();

  // Packets.
  void step();
  Packet start_of(const Talker& talker, bool from_backend);
  Packet next_of(Talker& talker);
  Packet odd_of(Talker& talker);
  Packet datagram_of(Talker& talker);
  Packet error_about(Talker& talker);
  void add_fragments(Talker& talker);
  void add_flood();
  void add_conversation(Talker& talker);
  std::uint32_t near(std::uint32_t number);
  std::uint16_t length();
  void decorate(Packet& packet);
  void damage(Packet& packet);
  void add(Packet packet);

  std::mt19937_64 random_;
  Case case_;
  bool is_v4_ = true;
  bool has_forwarding_ = true;
  bool is_answered_here_ = false;  ///< by a backend on the host, so that packets take the path of tc
  std::vector<Path> paths_;
  std::vector<std::uint32_t> backends_;
  std::vector<SetListener> listeners_;
  std::uint32_t services_ = 0;
  std::vector<Talker> talkers_;
  std::uint16_t next_port_ = 1024;
};

}  // namespace gw::differential
