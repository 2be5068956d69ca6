// SPDX-License-Identifier: Apache-2.0
// Reads the pinned maps into values and writes operations into them.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace gw::datapath {

/// Everything but flows and counters.
Result<plan::Observed> observe(const Maps& maps);

/// `before` with everything that `operations` touch as the maps hold it now. Other entries are as they were: nobody
/// else writes them (PinDirectory).
Result<plan::Observed> read_back(const Maps& maps, plan::Observed before,
                                 const std::vector<plan::Operation>& operations);

/// Returns when no program is running any more that was when it was called.
Result<> wait_for_programs(const Maps& maps);

/// Carries out operations in their order. Idempotent: after a failure the next diff starts from what was reached.
Result<> apply(const Maps& maps, const std::vector<plan::Operation>& operations);

/// The contents of one Maglev table, as far as `slots` go. ENOENT if the agent has removed it meanwhile.
Result<plan::MaglevTable> read_table(const Maps& maps, std::uint32_t table_id, std::uint32_t slots);

/// What the programs are told of links.
struct LinkMaps {
  std::map<std::uint32_t, gw_link> links;
  std::map<gw_vlan_key, std::uint32_t, maps::BytesLess> vlans;
};
Result<> set_links(const Maps& maps, const LinkMaps& wanted);

/// Range for full-NAT source ports; host byte order, inclusive.
Result<> set_nat_ports(const Maps& maps, std::uint16_t first, std::uint16_t last);

/// Tells the programs on cgroups whose sockets are ours: those of this network namespace.
Result<> set_netns_cookie(const Maps& maps, std::uint64_t cookie);

/// What a packet's next hop follows from.
enum class NextHops : std::uint8_t {
  ByFlow,         ///< any part of its headers, and the link that it came in by
  ByDestination,  ///< its destination address alone
};

/// Makes every flow look up its next hop again at its next packet. With NextHops::ByDestination new flows take those
/// that others have found.
Result<> bump_generation(const Maps& maps, NextHops next_hops);

}  // namespace gw::datapath
