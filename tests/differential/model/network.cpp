// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/network.hpp"

#include <algorithm>
#include <optional>

#include "tests/support/data_path.hpp"

namespace gw::differential {
namespace {

/// 1400: what the network behind the first backend takes.
constexpr std::uint32_t kFarMtu = 1400;

struct Network {
  const char* prefix;
  std::uint8_t length;
  LinkName link;
  const char* gateway;  ///< nullptr: on the link
  std::uint32_t mtu;    ///< 0: that of the link
};

constexpr Network kNetworks[] = {
    {"10.0.1.0", 24, LinkName::In, nullptr, 0},
    {"10.0.2.0", 24, LinkName::Out, nullptr, 0},
    {"2001:db8:1::", 64, LinkName::In, nullptr, 0},
    {"2001:db8:2::", 64, LinkName::Out, nullptr, 0},
    {"198.51.100.0", 24, LinkName::In, "10.0.1.2", 0},
    {"2001:db8:9::", 64, LinkName::In, "2001:db8:1::2", 0},
    {"203.0.113.0", 25, LinkName::Out, "10.0.2.2", kFarMtu},
    {"2001:db8:f::", 64, LinkName::Out, "2001:db8:2::2", kFarMtu},
    {"203.0.113.128", 25, LinkName::Out, "10.0.2.9", 0},
    {"2001:db8:e::", 64, LinkName::Out, "2001:db8:2::9", 0},
};

struct Neighbour {
  const char* address;
  Mac mac;
};

constexpr Neighbour kNeighbours[] = {
    {"10.0.1.2", testing::kClientMac},        {"10.0.1.3", testing::kClientMac},
    {"2001:db8:1::2", testing::kClientMac},   {"2001:db8:1::3", testing::kClientMac},
    {"10.0.2.2", testing::kBackendMac},       {"2001:db8:2::2", testing::kBackendMac},
    {"10.0.2.3", testing::kOtherBackendMac},  {"2001:db8:2::3", testing::kOtherBackendMac},
    {"10.0.2.4", testing::kThirdBackendMac},  {"2001:db8:2::4", testing::kThirdBackendMac},
    {"10.0.2.5", testing::kFourthBackendMac}, {"2001:db8:2::5", testing::kFourthBackendMac},
};

/// Addresses of the gateway itself, and those that stand for all or none of a network: nothing is sent there.
constexpr const char* kNotForwarded[] = {"10.0.1.1",   "10.0.2.1",      "10.0.1.255",
                                         "10.0.2.255", "2001:db8:1::1", "2001:db8:2::1"};

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

std::optional<Mac> mac_of(const IpAddress& address) {
  for (const Neighbour& neighbour : kNeighbours) {
    if (ip(neighbour.address) == address) return neighbour.mac;
  }
  return std::nullopt;
}

}  // namespace

Route route_to(const IpAddress& target, const Config& config) {
  if (!config.forwarding) return {Reachable::ForwardingOff};
  if (std::ranges::any_of(kNotForwarded, [&target](const char* one) { return ip(one) == target; })) return {};
  for (const Network& network : kNetworks) {
    if (!IpPrefix{ip(network.prefix), network.length}.contains(target)) continue;
    const Link& link = network.link == LinkName::In ? config.in : config.out;
    const auto mac = mac_of(network.gateway != nullptr ? ip(network.gateway) : target);
    return {mac ? Reachable::Yes : Reachable::Unresolved, network.link,
            network.link == LinkName::In ? testing::kInMac : testing::kOutMac, mac.value_or(Mac{}),
            network.mtu != 0 ? network.mtu : link.mtu};
  }
  return {};
}

}  // namespace gw::differential
