// SPDX-License-Identifier: Apache-2.0
// Answers about destinations, from a Topology: made once for many of them.
#pragma once

#include "userspace/net/topology.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gw::net {

class Routing {
 public:
  /// `topology` must outlive it, unchanged.
  explicit Routing(const Topology& topology);

  [[nodiscard]] bool is_local(const IpAddress& address) const { return local_.contains(address); }
  /// True if `destination` is a neighbour on one of our links: no router is between.
  [[nodiscard]] bool is_on_link(const IpAddress& destination) const;
  /// Our address towards `destination`, as the kernel would choose it: by the rules, longest prefix, then lowest
  /// metric, then the route's preferred source, then the first global address of the link, preferring one whose prefix
  /// holds the next hop, then the first one of any link.
  [[nodiscard]] std::optional<IpAddress> source_towards(const IpAddress& destination) const;
  /// The hosts that share a link with the host `neighbour`, so that it speaks to them directly: the prefix of the route
  /// to it, if that leads to no gateway. Otherwise, or if the route is the default, `neighbour` alone.
  [[nodiscard]] IpPrefix segment_of(const IpAddress& neighbour) const;

 private:
  /// Routes of one table and family whose prefixes have one length, by prefix; of each the best.
  struct Level {
    std::uint8_t length = 0;
    std::unordered_map<IpAddress, const Route*, IpHash> routes;
  };
  /// By falling length.
  struct Table {
    std::vector<Level> v4;
    std::vector<Level> v6;
  };
  using Addresses = std::vector<const InterfaceAddress*>;  ///< that packets of our own may have as their source
  void add(const Route& route);
  [[nodiscard]] const Route* best_route(const Rule& rule, const IpAddress& destination) const;
  [[nodiscard]] const Route* route_towards(const IpAddress& destination) const;

  const Topology& topology_;
  std::unordered_set<IpAddress, IpHash> local_;
  std::unordered_map<std::uint32_t, Addresses> v4_addresses_;  ///< by ifindex
  std::unordered_map<std::uint32_t, Addresses> v6_addresses_;
  const InterfaceAddress* first_v4_ = nullptr;
  const InterfaceAddress* first_v6_ = nullptr;
  std::unordered_map<std::uint32_t, Table> tables_;
};

}  // namespace gw::net
