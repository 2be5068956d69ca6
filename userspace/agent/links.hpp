// SPDX-License-Identifier: Apache-2.0
// What the programs are told of the links: which XDP may send to, whose other end tc may hand packets to, and whose
// frames with VLAN tags are.
#pragma once

#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/net/topology.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace gw::agent {

/// Links to another network namespace, such as a pod's, that lead there and do nothing else: a packet that is handed to
/// their other end at once misses no queueing discipline and nobody's program or filter. What is not known is taken for
/// something to be missed.
std::set<std::uint32_t> peer_links(const net::Topology& topology, const datapath::Attacher& attacher,
                                   const std::vector<datapath::AttachResult>& attached);

/// `attached`: what became of the plan's attachments; `peers`: from peer_links(). A VLAN is served by the XDP program
/// of the link below it if both have our programs; VLANs in more than GW_VLAN_TAGS tags are left to tc.
datapath::LinkMaps link_maps(const net::Topology& topology, const std::vector<datapath::AttachResult>& attached,
                             const std::set<std::uint32_t>& peers);

}  // namespace gw::agent
