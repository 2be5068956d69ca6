// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/attachments.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <optional>

namespace gw::compile {
namespace {

bool is_named(const std::string& link, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return true;
  return std::ranges::any_of(patterns,
                             [&](const auto& pattern) { return fnmatch(pattern.c_str(), link.c_str(), 0) == 0; });
}

/// A port of a bridge or bond hands its packets to its master, and they show there with the master's addresses.
bool is_port(const net::Link& link, const net::Topology& topology) {
  const auto master = std::ranges::find(topology.links, link.master, &net::Link::ifindex);
  return link.master != 0 && master != topology.links.end() && (master->kind == "bridge" || master->kind == "bond");
}

/// Why the link has no XDP of its own, whatever is asked for; empty if it may have.
std::string no_xdp_of_its_own(const net::Link& link, const net::Topology& topology) {
  if (const auto vlans = topology.vlans_of(link.ifindex); !vlans.empty()) {
    return fmt::format("XDP, where {} has it, serves its VLANs too", topology.link(vlans.front().parent)->name);
  }
  if (!link.hides_tags) return {};
  return fmt::format("rx-vlan-offload hides the tags of its VLANs from XDP (ethtool -K {} rxvlan off)", link.name);
}

plan::Attachment choose_hook(const net::Link& link, const net::Topology& topology, AttachMode mode) {
  plan::Attachment attachment{.ifindex = link.ifindex, .link = link.name, .xdp = false, .reason = {}};
  if (mode == AttachMode::Tc) {
    attachment.reason = "tc was asked for";
    return attachment;
  }
  attachment.reason = no_xdp_of_its_own(link, topology);
  if (!attachment.reason.empty()) return attachment;
  if (mode == AttachMode::Xdp) {
    attachment.xdp = true;
    attachment.reason = "XDP was asked for";
    return attachment;
  }
  if (link.kind == "veth") {
    attachment.reason = "XDP on a veth would cost segmentation offload";
    return attachment;
  }
  if (!link.kind.empty()) {
    attachment.reason = fmt::format("a {} link has no native XDP", link.kind);
    return attachment;
  }
  attachment.xdp = true;
  attachment.reason = "native XDP";
  return attachment;
}

}  // namespace

std::vector<plan::Attachment> choose_attachments(const ir::Config& config, const net::Topology& topology,
                                                 const Options& options) {
  std::vector<plan::Attachment> chosen;
  for (const auto& link : topology.links) {
    // Links that are down too: when one comes up its first packets are served.
    if (!link.ethernet || link.loopback || is_port(link, topology)) continue;
    if (!is_named(link.name, config.interfaces.items())) continue;
    if (is_named(link.name, options.interfaces)) chosen.push_back(choose_hook(link, topology, options.attach));
  }
  std::ranges::sort(chosen, {}, &plan::Attachment::ifindex);
  return chosen;
}

}  // namespace gw::compile
