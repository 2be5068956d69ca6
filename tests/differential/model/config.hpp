// SPDX-License-Identifier: Apache-2.0
// What the gateway is told: the configuration of the model, and of the programs that are compared with it.
#pragma once

#include "userspace/base/ip.hpp"

#include <compare>
#include <cstdint>
#include <map>
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

struct Backend {
  Mode mode = Mode::Dnat;
  Endpoint target;   ///< DSR keeps the VIP's port: 0
  IpAddress source;  ///< full NAT and tunnel: our address towards it

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

struct Listener {
  std::uint32_t id = 0;
  std::uint32_t service = 0;  ///< 0: none

  auto operator<=>(const Listener&) const = default;
};

struct Link {
  std::uint32_t mtu = 1500;
  bool xdp = true;  ///< XDP may transmit to it

  auto operator<=>(const Link&) const = default;
};
enum class LinkName : std::uint8_t { In, Out };

struct Config {
  std::map<std::uint32_t, Backend> backends;
  std::map<std::uint32_t, std::vector<Share>> services;
  std::map<ListenerKey, Listener> listeners;
  std::uint16_t nat_first = 20000;
  std::uint16_t nat_last = 29999;
  Link in;
  Link out;
  bool forwarding = true;
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
struct SetService {
  std::uint32_t id = 0;
  std::vector<Share> shares;
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
struct RaiseGeneration {};

using Change = std::variant<SetBackend, RemoveBackend, SetService, SetListener, RemoveListener, SetNatPorts, SetLink,
                            SetForwarding, RaiseGeneration>;

void apply(Config& config, const Change& change);

}  // namespace gw::differential
