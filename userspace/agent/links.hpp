// SPDX-License-Identifier: Apache-2.0
// What the programs are told of the links: which XDP may send to, and whose frames with VLAN tags are.
#pragma once

#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/net/topology.hpp"

#include <vector>

namespace gw::agent {

/// `attached`: what became of the plan's attachments. A VLAN is served by the XDP program of the link below it if both
/// have our programs; VLANs in more than GW_VLAN_TAGS tags are left to tc.
datapath::LinkMaps link_maps(const net::Topology& topology, const std::vector<datapath::AttachResult>& attached);

}  // namespace gw::agent
