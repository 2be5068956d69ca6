// SPDX-License-Identifier: Apache-2.0
// Private to compile/: listeners of the IR -> entries of the maps. Endpoints play no part in it.
#pragma once

#include "userspace/compile/family.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/net/routing.hpp"
#include "userspace/plan/id_table.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace gw::compile {

/// A service that some listener has, for the family of that listener's address.
struct UsedService {
  std::string name;  ///< in the IR
  Family family = Family::V4;
  std::uint32_t id = 0;

  bool operator==(const UsedService&) const = default;
};

/// Qualified names of listeners and their ports.
using ListenerPorts = std::map<std::string, std::uint16_t>;

struct Placement {
  plan::ListenerMap listeners;
  plan::SourceMap sources;
  plan::IdSet limited;
  plan::IdleTimeouts idle_timeouts;
  plan::NameMap names;
  std::vector<plan::PlacedListener> placed;
  std::vector<plan::Rejection> rejections;
  std::set<std::string> warnings;
  std::vector<UsedService> services;  ///< in the order in which they come first; each once
  /// By the name of a service that leaves ports as they are (leaves_ports()): the listeners that have it.
  std::map<std::string, ListenerPorts> listener_ports;
};

/// Whether the two make no difference to the listeners that have them.
bool are_placed_alike(const ir::Service& a, const ir::Service& b);

/// Takes ids of listeners and services from `ids` and gives back those that nothing uses any more.
Placement place_listeners(const ir::Config& config, const net::Topology& topology, const net::Routing& routing,
                          plan::IdTable& ids);

}  // namespace gw::compile
