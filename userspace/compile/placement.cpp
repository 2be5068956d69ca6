// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/placement.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <utility>

#include "userspace/compile/admission.hpp"
#include "userspace/compile/service.hpp"
#include "userspace/plan/address.hpp"
#include "userspace/plan/names.hpp"

namespace gw::compile {
namespace {

bool can_be_listened_on(const IpAddress& address) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_loopback();
}

class Placer {
 public:
  Placer(const ir::Config& config, const net::Topology& topology, const net::Routing& routing, plan::IdTable& ids)
      : config_(config), routing_(routing), node_addresses_(topology.node_addresses()), ids_(ids) {}

  Placement run() && {
    for (const auto& listener : config_.listeners) place(listener);
    ids_.listeners.release_unless([this](std::uint32_t id) { return live_listeners_[id]; });
    ids_.services.release_unless([this](std::uint32_t id) { return live_services_[id]; });
    return std::move(made_);
  }

 private:
  void place(const ir::L4Listener& listener);
  bool place_on(const ir::L4Listener& listener, const ir::Service* service, const IpAddress& address,
                plan::PlacedListener& placed);
  void reject(const ir::L4Listener& listener, const char* reason, std::string message);
  gw_listener entry_of(const ir::L4Listener& listener, const ir::Service* service, std::uint32_t id, Family family);
  void warn_if_not_ours(const ir::L4Listener& listener, const IpAddress& address);
  std::uint32_t service_id(const std::string& name, Family family);

  const ir::Config& config_;
  const net::Routing& routing_;
  const std::vector<IpAddress> node_addresses_;
  plan::IdTable& ids_;
  Placement made_;
  std::vector<bool> live_listeners_ = std::vector<bool>(GW_LISTENERS_MAX + 1);  ///< by id
  std::vector<bool> live_services_ = std::vector<bool>(GW_SERVICES_MAX + 1);
};

void Placer::reject(const ir::L4Listener& listener, const char* reason, std::string message) {
  made_.rejections.push_back({listener.gateway_group, listener.qualified_name(), reason, std::move(message)});
}

void Placer::place(const ir::L4Listener& listener) {
  const std::vector<IpAddress>& addresses = listener.addresses.empty() ? node_addresses_ : listener.addresses;
  if (addresses.empty()) {
    reject(listener, "AddressNotAssigned",
           "the node has no address to listen on (set spec.addresses, or bring up an interface with a global address)");
    return;
  }
  const ir::Service* const service = config_.services.get(listener.service);
  plan::PlacedListener placed{listener.gateway_group, listener.qualified_name(), {}};
  std::string unusable;
  for (const auto& address : addresses) {
    if (!can_be_listened_on(address)) unusable += (unusable.empty() ? "" : ", ") + address.to_string();
    if (place_on(listener, service, address, placed)) warn_if_not_ours(listener, address);
  }
  if (placed.keys.empty()) {
    reject(listener, "AddressNotUsable",
           fmt::format("no address is left for port {}: each is taken by another listener, or cannot be listened on",
                       listener.port));
    return;
  }
  // "MUST bind all Listeners to every GatewayAddress": it serves where it can, and says that this is not everywhere.
  if (!unusable.empty()) {
    reject(listener, "AddressNotUsable",
           fmt::format("{} cannot be listened on (remove it from spec.addresses)", unusable));
  }
  if (service != nullptr && leaves_ports(*service)) {
    made_.listener_ports[listener.service][placed.listener] = listener.port;
  }
  made_.placed.push_back(std::move(placed));
}

bool Placer::place_on(const ir::L4Listener& listener, const ir::Service* service, const IpAddress& address,
                      plan::PlacedListener& placed) {
  if (!can_be_listened_on(address)) return false;
  const std::uint8_t protocol = listener.protocol == ir::Protocol::Udp ? IPPROTO_UDP : IPPROTO_TCP;
  const gw_listener_key key{plan::to_map(address), htons(listener.port), protocol, 0};
  if (made_.listeners.contains(key)) return false;
  std::string name = plan::listener_name(listener.gateway_group, placed.listener);
  const std::uint32_t id = ids_.listeners.acquire(name);
  if (id == 0) {
    reject(listener, "NoResources", fmt::format("more than {} listeners", GW_LISTENERS_MAX));
    return false;
  }
  live_listeners_[id] = true;
  made_.names.set({GW_NAME_LISTENER, id}, std::move(name));
  made_.listeners.set(key, entry_of(listener, service, id, family_of(address)));
  placed.keys.push_back(key);
  return true;
}

/// The entry, and what belongs to the listener's id beside it.
gw_listener Placer::entry_of(const ir::L4Listener& listener, const ir::Service* service, std::uint32_t id,
                             Family family) {
  gw_listener entry{};
  entry.listener_id = id;
  entry.service_id = listener.service.empty() ? 0 : service_id(listener.service, family);
  compile_admission(listener.admission, entry, made_.sources, made_.limited);
  if (service != nullptr && service->idle_timeout) made_.idle_timeouts.set(id, *service->idle_timeout);
  return entry;
}

void Placer::warn_if_not_ours(const ir::L4Listener& listener, const IpAddress& address) {
  if (routing_.is_local(address)) return;
  made_.warnings.insert(fmt::format("Gateway {}: {} is on no interface of this node: make sure that it is routed here",
                                    listener.gateway.to_string(), address.to_string()));
}

std::uint32_t Placer::service_id(const std::string& name, Family family) {
  std::string key = name + suffix(family);
  const std::uint32_t id = ids_.services.acquire(key);
  if (id == 0) {
    made_.warnings.insert(
        fmt::format("{}: more than {} services, its connections are rejected", name, GW_SERVICES_MAX));
    return 0;
  }
  if (live_services_[id]) return id;
  live_services_[id] = true;
  made_.names.set({GW_NAME_SERVICE, id}, std::move(key));
  made_.services.push_back({name, family, id});
  return id;
}

}  // namespace

bool are_placed_alike(const ir::Service& a, const ir::Service& b) {
  return a.idle_timeout == b.idle_timeout && leaves_ports(a) == leaves_ports(b);
}

Placement place_listeners(const ir::Config& config, const net::Topology& topology, const net::Routing& routing,
                          plan::IdTable& ids) {
  return Placer(config, topology, routing, ids).run();
}

}  // namespace gw::compile
