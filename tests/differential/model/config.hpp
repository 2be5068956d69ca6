// SPDX-License-Identifier: Apache-2.0
// What the gateway is told: the configuration of the model, and of the programs that are compared with it.
#pragma once

#include "userspace/base/ip.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <variant>
#include <vector>

namespace gw::differential {

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

enum class Mode : std::uint8_t {
  Dnat,
  FullNat,
  Dsr,
  Tunnel,
  Local,  ///< as Dnat, on an address of the gateway: by way of its own stack
};
inline constexpr std::size_t kModeCount = 5;

struct Backend {
  Mode mode = Mode::Dnat;
  Endpoint target;   ///< DSR keeps the VIP's port: 0
  IpAddress source;  ///< full NAT and tunnel: our address towards it
  /// DNAT: clients that have so many first bits (of 128, IPv4 mapped) in common with the target get full NAT, since it
  /// would answer them directly. 0: nobody.
  std::uint8_t shared_bits = 0;
  bool drains = false;  ///< out of use: its connections stay, until it is removed

  auto operator<=>(const Backend&) const = default;
};

/// The part of a service's connections up to `limit`, and who divides it.
struct Share {
  std::uint32_t limit = UINT32_MAX;
  std::vector<std::uint32_t> slots;  ///< backend ids; 0 and an empty table refuse

  auto operator<=>(const Share&) const = default;
};

struct ListenerKey {
  std::uint8_t protocol = 0;
  Endpoint vip;

  auto operator<=>(const ListenerKey&) const = default;
};

/// Which new connections a listener lets in (docs/policies.md, ClientPolicy).
struct Admission {
  std::vector<IpPrefix> allow;
  std::vector<IpPrefix> deny;
  // 0: no limit.
  std::uint32_t rate = 0;         ///< new connections in a second
  std::uint32_t source_rate = 0;  ///< the same, of one IPv4 address or IPv6 /64
  std::uint32_t max_connections = 0;

  /// Somebody has to count for it.
  [[nodiscard]] bool is_limited() const { return rate != 0 || max_connections != 0; }
  auto operator<=>(const Admission&) const = default;
};

struct Listener {
  std::uint32_t id = 0;
  std::uint32_t service = 0;  ///< 0: none
  Admission admission{};

  auto operator<=>(const Listener&) const = default;
};

struct Service {
  bool affinity = false;  ///< all connections of a client go to one backend
  std::vector<Share> shares;

  auto operator<=>(const Service&) const = default;
};

struct Link {
  std::uint32_t mtu = 1500;
  bool xdp = true;    ///< XDP may transmit to it
  bool peer = false;  ///< tc may hand packets to its other end

  auto operator<=>(const Link&) const = default;
};
enum class LinkName : std::uint8_t { In, Out };

struct Config {
  std::map<std::uint32_t, Backend> backends;
  std::map<std::uint32_t, Service> services;
  std::map<ListenerKey, Listener> listeners;
  std::uint16_t nat_first = 20000;
  std::uint16_t nat_last = 29999;
  Link in;
  Link out;
  bool forwarding = true;
  bool hops_by_destination = false;  ///< packets to one destination have one next hop, which is looked up once
  std::uint32_t generation = 1;
};

// Changes. Those of links, and the removal of a backend, are followed by a new generation sooner or later; a backend's
// at once, since that is how the agent does it.
struct SetBackend {
  std::uint32_t id = 0;
  Backend backend;
};
struct RemoveBackend {
  std::uint32_t id = 0;
};
/// No service has it any more.
struct DrainBackend {
  std::uint32_t id = 0;
};
struct SetService {
  std::uint32_t id = 0;
  Service service;
};
struct SetListener {
  ListenerKey key;
  Listener listener;
};
struct RemoveListener {
  ListenerKey key;
};
struct SetNatPorts {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};
struct SetLink {
  LinkName name = LinkName::In;
  Link link;
};
struct SetForwarding {
  bool on = true;
};
/// With a new generation.
struct SetHopsByDestination {
  bool on = true;
};
struct RaiseGeneration {};
/// The agent puts right how many connections limited listeners have.
struct Recount {};

using Change = std::variant<SetBackend, RemoveBackend, DrainBackend, SetService, SetListener, RemoveListener,
                            SetNatPorts, SetLink, SetForwarding, SetHopsByDestination, RaiseGeneration, Recount>;

void apply(Config& config, const Change& change);
/// Ids of the listeners for which connections are counted.
std::set<std::uint32_t> limited_listeners(const Config& config);

}  // namespace gw::differential
