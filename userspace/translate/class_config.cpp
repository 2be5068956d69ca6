// SPDX-License-Identifier: Apache-2.0
// What a GatewayClassConfig does: addresses from its pools, limits of what the class serves, links to attach to.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "userspace/base/fnv.hpp"
#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

/// 2021 has a reason for it, the API of today none but what is wrong with the Gateway itself.
std::string_view refusal_reason(const GatewayNode& gateway) {
  return gateway.is_legacy() ? reason::kNoResources : reason::kInvalid;
}

/// How many addresses of a range can be chosen from: 2^32 of a larger one.
std::uint64_t size_of(const IpPrefix& range) {
  const unsigned host_bits = (range.address.is_v4() ? 32U : 128U) - range.length;
  return std::uint64_t{1} << std::min(host_bits, 32U);
}

IpAddress at(const IpPrefix& range, std::uint64_t offset) {
  std::array<std::uint8_t, 16> bytes = range.address.bytes();
  for (std::size_t i = bytes.size(); i-- > 0 && offset != 0; offset >>= 8U) {
    bytes[i] = static_cast<std::uint8_t>(bytes[i] | (offset & 0xffU));  // no bit is set behind the prefix
  }
  return IpAddress::from_v6(bytes);
}

/// The ranges of one family of a pool, as one row of addresses.
class Row {
 public:
  Row(const api::GatewayClassConfig::AddressPool& pool, bool is_v4) {
    for (const auto& range : pool.ranges) {
      if (range.address.is_v4() != is_v4) continue;
      ranges_.push_back(range);
      size_ += size_of(range);
    }
  }
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

  /// The first free one from the name's own place on.
  [[nodiscard]] std::optional<IpAddress> find_free(const std::string& name, const std::set<IpAddress>& taken) const {
    Fnv hash;
    hash.add(name);
    const std::uint64_t own = hash.value() % size_;
    for (std::uint64_t step = 0; step < std::min<std::uint64_t>(size_, taken.size() + 1); ++step) {
      const IpAddress address = this->address((own + step) % size_);
      if (!taken.contains(address)) return address;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] IpAddress address(std::uint64_t index) const {
    auto range = ranges_.begin();
    for (; index >= size_of(*range); ++range) index -= size_of(*range);
    return at(*range, index);
  }

  std::vector<IpPrefix> ranges_;
  std::uint64_t size_ = 0;
};

/// Gives the Gateway an address of the family, from the first pool that has one. Whether any pool is of that family.
bool assign(GatewayNode& gateway, bool is_v4, std::set<IpAddress>& taken) {
  bool any = false;
  for (const auto& pool : gateway.config->address_pools) {
    const Row row(pool, is_v4);
    if (row.empty()) continue;
    any = true;
    if (const auto free = row.find_free(gateway.ref.to_string(), taken)) {
      gateway.addresses.push_back(*free);
      taken.insert(*free);
      return true;
    }
  }
  return any;
}

void assign(GatewayNode& gateway, std::set<IpAddress>& taken) {
  for (const bool is_v4 : {true, false}) {
    const std::size_t before = gateway.addresses.size();
    if (!assign(gateway, is_v4, taken) || gateway.addresses.size() != before) continue;
    gateway.lacking_addresses +=
        fmt::format("{}IPv{}", gateway.lacking_addresses.empty() ? "" : " and ", is_v4 ? 4 : 6);
  }
  gateway.has_no_address = gateway.addresses.empty();
}

bool is_to_get_addresses(const GatewayNode& gateway) {
  return gateway.accepted.ok && gateway.addresses.empty() && gateway.config != nullptr &&
         !gateway.config->address_pools.empty();
}

/// Programs are on what any class asks for; a class without interfaces asks for all.
void choose_interfaces(Graph& graph) {
  std::set<std::string> names;
  for (const auto& gateway : graph.gateways) {
    if (!gateway.accepted.ok) continue;
    if (gateway.config == nullptr || gateway.config->interfaces.empty()) return;
    names.insert(gateway.config->interfaces.begin(), gateway.config->interfaces.end());
  }
  graph.built.interfaces = std::vector<std::string>(names.begin(), names.end());
}

void limit(ListenerNode& node, std::uint32_t& left, const api::GatewayClassConfig& config) {
  if (!node.accepted.ok) return;
  if (left != 0) {
    --left;
    return;
  }
  node.accepted = refusal(reason::kTooManyListeners,
                          fmt::format("the Gateway may have no more listeners (limits.listenersPerGateway: {} in {})",
                                      *config.limits.listeners_per_gateway, config.ref().to_string()));
}

}  // namespace

/// The oldest ones stay.
void limit_gateways(Graph& graph) {
  std::map<std::pair<std::string_view, std::string_view>, std::uint32_t> counts;
  for (auto& gateway : graph.gateways) {
    if (!gateway.accepted.ok || gateway.config == nullptr || !gateway.config->limits.gateways) continue;
    const std::uint32_t most = *gateway.config->limits.gateways;
    if (++counts[{gateway.ref.group, gateway.source->class_name}] <= most) continue;
    gateway.accepted = refusal(
        refusal_reason(gateway),
        fmt::format(
            "GatewayClass {} serves no more Gateways (limits.gateways: {} in {}), and others are older or first by "
            "name",
            gateway.source->class_name, most, gateway.config->ref().to_string()));
  }
  choose_interfaces(graph);
}

/// No address is anybody's for longer than the objects say (0001), so it follows from the Gateway's name; only where
/// two names fall on one address the older Gateway has a say in the younger one's.
void assign_addresses(Graph& graph) {
  std::set<IpAddress> taken;
  for (const auto& gateway : graph.gateways) taken.insert(gateway.addresses.begin(), gateway.addresses.end());
  for (auto& gateway : graph.gateways) {
    if (!is_to_get_addresses(gateway)) continue;
    assign(gateway, taken);
    if (gateway.is_legacy() && gateway.has_no_address) {
      gateway.accepted = refusal(reason::kNoResources, lacking_addresses(gateway));
    }
  }
}

std::string lacking_addresses(const GatewayNode& gateway) {
  return fmt::format("the address pools of {} have no {} address left (add a range, or set spec.addresses)",
                     gateway.config->ref().to_string(), gateway.lacking_addresses);
}

/// The Gateway's own first, then those of its ListenerSets.
void limit_listeners(Graph& graph) {
  for (auto& gateway : graph.gateways) {
    if (gateway.config == nullptr || !gateway.config->limits.listeners_per_gateway) continue;
    std::uint32_t left = *gateway.config->limits.listeners_per_gateway;
    for (auto& node : gateway.listeners) limit(node, left, *gateway.config);
    for (ListenerSetNode* const set : gateway.listener_sets) {
      for (auto& node : set->listeners) limit(node, left, *gateway.config);
    }
  }
}

}  // namespace gw::translate
