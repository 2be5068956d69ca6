// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/endpoints.hpp"

#include <algorithm>
#include <optional>

#include "userspace/api/differences.hpp"

namespace gw::translate {
namespace {

constexpr const char* kServiceLabel = "kubernetes.io/service-name";

/// None for a slice that belongs to no Service, or whose addresses are names.
std::optional<NamespacedName> service_of(const api::EndpointSlice& slice) {
  const auto label = slice.meta.labels.find(kServiceLabel);
  if (label == slice.meta.labels.end() || slice.address_type == "FQDN") return std::nullopt;
  return NamespacedName{slice.meta.ns, label->second};
}

const char* protocol_word(ir::Protocol protocol) { return protocol == ir::Protocol::Udp ? "UDP" : "TCP"; }

/// Adds the ready endpoints of a slice. The slice's port of the same name is the one: named target ports may differ
/// from pod to pod.
void add_endpoints(const api::EndpointSlice& slice, const ir::ServicePort& port, std::vector<ir::Endpoint>& into) {
  const auto slice_port = std::ranges::find_if(slice.ports, [&port](const auto& candidate) {
    return candidate.name == port.name && candidate.protocol == protocol_word(port.protocol) && candidate.port;
  });
  if (slice_port == slice.ports.end()) return;
  for (const auto& endpoint : slice.endpoints) {
    if (!endpoint.ready.value_or(true)) continue;
    // "consumers ... should treat [addresses] as fungible": the first is the endpoint.
    const auto address = IpAddress::parse(endpoint.addresses.empty() ? "" : endpoint.addresses.front());
    if (address) into.push_back({*address, *slice_port->port, endpoint.node_name});
  }
}

}  // namespace

void SliceIndex::add(const Slice& slice, std::set<NamespacedName>& changed) {
  auto service = service_of(*slice);
  if (!service) return;
  by_service_[*service].push_back(slice);
  changed.insert(std::move(*service));
}

void SliceIndex::remove(const Slice& slice, std::set<NamespacedName>& changed) {
  auto service = service_of(*slice);
  if (!service) return;
  const auto entry = by_service_.find(*service);
  std::erase(entry->second, slice);
  if (entry->second.empty()) by_service_.erase(entry);
  changed.insert(std::move(*service));
}

std::set<NamespacedName> SliceIndex::update(const api::Objects<api::EndpointSlice>& slices) {
  std::set<NamespacedName> changed;
  visit_differences(slices_, slices, [&](const Slice& before, const Slice& now) {
    if (before != nullptr) remove(before, changed);
    if (now != nullptr) add(now, changed);
  });
  slices_ = slices;
  return changed;
}

ir::EndpointList SliceIndex::endpoints_of(const ir::ServicePort& port) const {
  std::vector<ir::Endpoint> endpoints;
  if (const auto slices = by_service_.find(port.service); slices != by_service_.end()) {
    for (const auto& slice : slices->second) add_endpoints(*slice, port, endpoints);
  }
  std::ranges::sort(endpoints);
  endpoints.erase(std::ranges::unique(endpoints).begin(), endpoints.end());
  return endpoints;
}

void refresh_endpoints(const SliceIndex& index, const std::set<NamespacedName>& changed, ir::EndpointMap& endpoints) {
  for (const auto& service : changed) {
    std::vector<ir::ServicePort> ports;
    for (auto entry = endpoints.lower_bound({service, "", ir::Protocol::Tcp});
         entry != endpoints.end() && entry->first.service == service; ++entry) {
      ports.push_back(entry->first);
    }
    for (const auto& port : ports) endpoints.set(port, index.endpoints_of(port));
  }
}

}  // namespace gw::translate
