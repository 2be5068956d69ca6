// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/l4.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "userspace/compile/admission.hpp"
#include "userspace/compile/backend.hpp"
#include "userspace/compile/health.hpp"
#include "userspace/compile/maglev.hpp"
#include "userspace/plan/address.hpp"
#include "userspace/plan/names.hpp"

namespace gw::compile {
namespace {

enum class Family : std::uint8_t { V4, V6 };

Family family_of(const IpAddress& address) { return address.is_v4() ? Family::V4 : Family::V6; }
const char* suffix(Family family) { return family == Family::V4 ? "/ipv4" : "/ipv6"; }

/// One run of the compiler over listeners and services.
class L4Compiler {
 public:
  L4Compiler(const ir::Config& config, const net::Topology& topology, const Options& options, plan::IdTable& ids,
             plan::Plan& plan)
      : config_(config), topology_(topology), options_(options), ids_(ids), plan_(plan) {}

  void run() {
    for (const auto& listener : config_.listeners) place(listener);
    ids_.listeners.release_all_but(live_listeners_);
    ids_.services.release_all_but(live_services_);
    ids_.backends.release_all_but(live_backends_);
    plan_.warnings.assign(warnings_.begin(), warnings_.end());
  }

 private:
  void place(const ir::L4Listener& listener);
  bool place_on(const ir::L4Listener& listener, const IpAddress& address, plan::PlacedListener& placed);
  void reject(const ir::L4Listener& listener, const char* reason, std::string message);
  gw_listener listener_of(const ir::L4Listener& listener, std::uint32_t id, Family family);
  void warn_if_not_ours(const ir::L4Listener& listener, const IpAddress& address);
  void warn_if_port_differs(const ir::L4Listener& listener);
  std::uint32_t service_id(const std::string& name, Family family);
  plan::Service service_of(const std::string& name, const ir::Service& service, Family family);
  plan::MaglevTable table_of(const std::string& name, const ir::WeightedBackends& ref,
                             const std::vector<std::uint32_t>& backends);
  std::vector<std::uint32_t> backends_of(const ir::WeightedBackends& ref, Family family);
  std::uint32_t backend_id(const ir::Endpoint& endpoint, const ir::Upstream& upstream);

  const ir::Config& config_;
  const net::Topology& topology_;
  const Options& options_;
  plan::IdTable& ids_;
  plan::Plan& plan_;
  std::set<std::string> live_listeners_;
  std::set<std::string> live_services_;
  std::set<std::string> live_backends_;
  std::set<std::string> warnings_;
};

void L4Compiler::reject(const ir::L4Listener& listener, const char* reason, std::string message) {
  plan_.rejections.push_back({listener.gateway_group, listener.qualified_name(), reason, std::move(message)});
}

void L4Compiler::place(const ir::L4Listener& listener) {
  const std::vector<IpAddress> addresses = listener.addresses.empty() ? topology_.node_addresses() : listener.addresses;
  if (addresses.empty()) {
    reject(listener, "AddressNotAssigned",
           "the node has no address to listen on (set spec.addresses, or bring up an interface with a global address)");
    return;
  }
  plan::PlacedListener placed{listener.gateway_group, listener.qualified_name(), {}};
  for (const auto& address : addresses) {
    if (place_on(listener, address, placed)) warn_if_not_ours(listener, address);
  }
  if (placed.keys.empty()) {
    reject(listener, "AddressNotUsable",
           fmt::format("no address is left for port {}: each is taken by another listener, or cannot be listened on",
                       listener.port));
    return;
  }
  warn_if_port_differs(listener);
  plan_.placed.push_back(std::move(placed));
}

bool L4Compiler::place_on(const ir::L4Listener& listener, const IpAddress& address, plan::PlacedListener& placed) {
  if (address.is_unspecified() || address.is_multicast() || address.is_loopback()) return false;
  const std::uint8_t protocol = listener.protocol == ir::Protocol::Udp ? IPPROTO_UDP : IPPROTO_TCP;
  const gw_listener_key key{plan::to_map(address), htons(listener.port), protocol, 0};
  if (plan_.listeners.contains(key)) return false;
  const std::string name = plan::listener_name(listener.gateway_group, listener.qualified_name());
  const std::uint32_t id = ids_.listeners.acquire(name);
  if (id == 0) {
    reject(listener, "NoResources", fmt::format("more than {} listeners", GW_LISTENERS_MAX));
    return false;
  }
  live_listeners_.insert(name);
  plan_.names[{GW_NAME_LISTENER, id}] = name;
  plan_.listeners[key] = listener_of(listener, id, family_of(address));
  placed.keys.push_back(key);
  return true;
}

/// The entry, and what belongs to the listener's id beside it.
gw_listener L4Compiler::listener_of(const ir::L4Listener& listener, std::uint32_t id, Family family) {
  gw_listener entry{};
  entry.listener_id = id;
  entry.service_id = listener.service.empty() ? 0 : service_id(listener.service, family);
  compile_admission(listener.admission, entry, plan_);
  const ir::Service* const service = config_.services.get(listener.service);
  if (service != nullptr && service->idle_timeout) plan_.idle_timeouts[id] = *service->idle_timeout;
  return entry;
}

void L4Compiler::warn_if_not_ours(const ir::L4Listener& listener, const IpAddress& address) {
  if (topology_.is_local(address)) return;
  warnings_.insert(fmt::format("Gateway {}: {} is on no interface of this node: make sure that it is routed here",
                               listener.gateway.to_string(), address.to_string()));
}

/// With direct return nobody rewrites the port.
void L4Compiler::warn_if_port_differs(const ir::L4Listener& listener) {
  const ir::Service* const service = config_.services.get(listener.service);
  if (service == nullptr) return;
  for (const auto& ref : service->backends) {
    if (ref.upstream.direct_return == ir::DirectReturn::None) continue;
    const bool differs = std::ranges::any_of(config_.endpoints_of(ref),
                                             [&](const auto& endpoint) { return endpoint.port != listener.port; });
    if (!differs) continue;
    warnings_.insert(
        fmt::format("{}: directReturn leaves the port as it is, so endpoints must listen on {}, the port "
                    "of listener {}",
                    ref.name, listener.port, listener.qualified_name()));
  }
}

std::uint32_t L4Compiler::service_id(const std::string& name, Family family) {
  const std::string key = name + suffix(family);
  const std::uint32_t id = ids_.services.acquire(key);
  if (id == 0) {
    warnings_.insert(fmt::format("{}: more than {} services, its connections are rejected", name, GW_SERVICES_MAX));
    return 0;
  }
  if (!live_services_.insert(key).second) return id;
  plan_.names[{GW_NAME_SERVICE, id}] = key;
  const ir::Service* const service = config_.services.get(name);
  plan_.services[id] = service == nullptr ? plan::Service{} : service_of(name, *service, family);
  return id;
}

/// Weight belongs to the ref, exactly (to 1 in 2^32); its endpoints divide it. What has no endpoint of the family keeps
/// its share as rejections.
plan::Service L4Compiler::service_of(const std::string& name, const ir::Service& service, Family family) {
  std::uint64_t total = 0;
  for (const auto& ref : service.backends) total += ref.weight;
  plan::Service shares;
  std::uint64_t sum = 0;
  for (const auto& ref : service.backends) {
    // Also of what has no weight: it gets no new connections, but the old ones stay.
    const std::vector<std::uint32_t> backends = backends_of(ref, family);
    if (ref.weight == 0) continue;
    if (shares.shares.size() == GW_SERVICE_SHARES_MAX) {
      warnings_.insert(fmt::format("{}: only {} of its backendRefs are used", name, GW_SERVICE_SHARES_MAX));
      break;
    }
    sum += ref.weight;
    shares.shares.push_back({static_cast<std::uint32_t>((sum << 32) / total - 1), table_of(name, ref, backends)});
  }
  const bool all_rejected = std::ranges::all_of(shares.shares, [](const auto& share) { return share.table.empty(); });
  if (all_rejected) return {};
  if (service.source_affinity) shares.flags |= GW_SERVICE_SOURCE_AFFINITY;
  return shares;
}

plan::MaglevTable L4Compiler::table_of(const std::string& name, const ir::WeightedBackends& ref,
                                       const std::vector<std::uint32_t>& backends) {
  std::vector<MaglevEntry> entries;
  for (const std::uint32_t id : backends) {
    const gw_backend& backend = plan_.backends.at(id);
    // Address and port, not our source towards it: that differs between nodes, which must agree.
    const std::string_view address(reinterpret_cast<const char*>(&backend.addr), sizeof(backend.addr));
    entries.push_back({id, fmt::format("{}/{}", address, backend.port)});
  }
  const std::uint32_t slots = table_size(entries.size());
  if (entries.size() > slots) {
    warnings_.insert(
        fmt::format("{}: only {} of the {} endpoints of {} are used", name, slots, entries.size(), ref.name));
  }
  return build_table(entries, slots);
}

/// All that can be used go into the plan; those that new connections go to are returned.
std::vector<std::uint32_t> L4Compiler::backends_of(const ir::WeightedBackends& ref, Family family) {
  const ir::EndpointList endpoints = config_.endpoints_of(ref);
  Candidates candidates{ref, {}};
  for (const auto& endpoint : endpoints) {
    if (family_of(endpoint.address) != family) continue;
    const std::uint32_t id = backend_id(endpoint, ref.upstream);
    if (id != 0) candidates.backends.push_back({&endpoint, id});
  }
  return choose_healthy(candidates, options_.health, plan_, warnings_);
}

std::uint32_t L4Compiler::backend_id(const ir::Endpoint& endpoint, const ir::Upstream& upstream) {
  auto made = make_backend(endpoint, upstream, topology_);
  if (const auto* problem = std::get_if<std::string>(&made)) {
    warnings_.insert(*problem);
    return 0;
  }
  auto& backend = std::get<gw_backend>(made);
  const std::string key = plan::IdTable::backend_key(backend);
  const std::uint32_t id = ids_.backends.acquire(key);
  if (id == 0) {
    warnings_.insert(fmt::format("more than {} endpoints: the rest gets no connections", GW_BACKENDS_MAX));
    return 0;
  }
  backend.drain_seconds = static_cast<std::uint32_t>(upstream.drain_timeout.value_or(options_.drain).count());
  // Two Services may share an endpoint: the longer time holds, and what one of them knows of its health.
  const bool is_known = !live_backends_.insert(key).second;
  if (is_known) {
    const gw_backend& known = plan_.backends.at(id);
    backend.drain_seconds = std::max(backend.drain_seconds, known.drain_seconds);
    backend.flags |= known.flags;
  }
  plan_.backends[id] = backend;
  return id;
}

}  // namespace

void compile_l4(const ir::Config& config, const net::Topology& topology, const Options& options, plan::IdTable& ids,
                plan::Plan& plan) {
  L4Compiler(config, topology, options, ids, plan).run();
}

}  // namespace gw::compile
