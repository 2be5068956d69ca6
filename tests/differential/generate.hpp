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

  /// What a case has of one family: services forward within it.
  struct Family {
    bool is_v4 = true;
    std::uint32_t first_backend = 1;  ///< ids, kBackendIds of them
    std::uint32_t first_service = 1;
    std::uint32_t services = 1;
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
  void add_family(const Family& family);
  Backend backend(bool is_v4);
  Backend local_backend(bool is_v4);
  Service service(const Family& family);
  SetListener listener(const Family& family);
  Admission admission(bool is_v4);
  Change change();
  Change change_of(const Family& family);
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
  void add_extensions(Packet& packet);
  void damage(Packet& packet);
  void add(Packet packet);

  std::mt19937_64 random_;
  Case case_;
  bool has_forwarding_ = true;
  bool has_hops_by_destination_ = false;
  bool has_tunnel_ = false;
  bool is_answered_here_ = false;  ///< by a backend on the host, so that packets take the path of tc
  std::vector<Path> paths_;
  std::vector<Family> families_;
  std::vector<SetListener> listeners_;
  std::vector<Talker> talkers_;
  std::uint16_t next_port_ = 1024;
};

}  // namespace gw::differential
