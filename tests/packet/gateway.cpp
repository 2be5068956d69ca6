// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/gateway.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <utility>

#include "tests/support/must.hpp"
#include "userspace/compile/admission.hpp"
#include "userspace/datapath/flows.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

gw_flow6_key key_of(const L4Packet& packet) {
  return {plan::to_map(packet.source),
          plan::to_map(packet.target),
          htons(packet.source_port),
          htons(packet.target_port),
          packet.protocol,
          {}};
}
gw_flow4_key key4_of(const L4Packet& packet) {
  const gw_flow6_key key = key_of(packet);
  return {key.src.word[3], key.dst.word[3], key.sport, key.dport, key.protocol, {}};
}

template <typename Key, typename Value>
void set_last_seen(const datapath::Map<Key, Value>& table, const Key& key, std::uint32_t when) {
  auto value = must(table.lookup(key)).value();
  value.flow.last_seen = when;
  must(table.update(key, value));
}

}  // namespace

const Family& v4() {
  static const Family family{ip("10.0.1.2"), ip("10.0.1.1"), ip("10.0.2.1"),
                             ip("10.0.2.2"), ip("10.0.2.3"), ip("10.0.2.9")};
  return family;
}
const Family& v6() {
  static const Family family{ip("2001:db8:1::2"), ip("2001:db8:1::1"), ip("2001:db8:2::1"),
                             ip("2001:db8:2::2"), ip("2001:db8:2::3"), ip("2001:db8:2::9")};
  return family;
}

/// Loading takes a fifth of a second: all tests of a process share one.
Result<std::unique_ptr<Gateway>> Gateway::create() {
  static auto data_path = DataPath::load(kFlowEntries);
  if (!data_path) return fail(data_path.error());
  return std::unique_ptr<Gateway>(new Gateway(**data_path));
}

Gateway::Gateway(DataPath& data_path) : data_path_(data_path), maps_(data_path.maps()) {
  must(data_path.forget());
  apply();  // of an empty plan
  set_nat_ports(20000, 29999);
  set_link_xdp(true);
  bump_generation();
  counters_before_ = must(maps_.counters.sum());
}

Gateway::~Gateway() {
  for (const auto& command : undo_) must(sh(command));
}

void Gateway::change(const std::string& command, const std::string& undo) {
  must(sh(command));
  undo_.push_back(undo);
}

void Gateway::apply() {
  const auto observed = must(datapath::observe(maps_));
  must(datapath::apply(maps_, plan::diff(plan_, observed)));
}

void Gateway::listen(const IpAddress& vip, std::uint16_t port, const std::vector<gw_backend>& backends,
                     std::uint8_t protocol) {
  std::vector<int> slots;
  for (std::size_t i = 0; i < backends.size(); ++i) slots.push_back(static_cast<int>(i));
  listen_slots(vip, port, backends, slots, protocol);
}

void Gateway::listen_slots(const IpAddress& vip, std::uint16_t port, const std::vector<gw_backend>& backends,
                           const std::vector<int>& slots, std::uint8_t protocol) {
  std::vector<std::uint32_t> ids;
  for (const auto& backend : backends) {
    ids.push_back(next_id_);
    plan_.backends[next_id_++] = backend;
  }
  plan::MaglevTable table;
  for (const int slot : slots) table.push_back(slot < 0 ? GW_BACKEND_REJECT : ids[static_cast<std::size_t>(slot)]);
  const std::uint32_t service = next_id_++;
  plan_.services[service].shares = {{UINT32_MAX, table}};
  add_listener(vip, port, protocol, service);
}

void Gateway::listen_shares(const IpAddress& vip, std::uint16_t port,
                            const std::vector<std::pair<double, std::optional<gw_backend>>>& shares) {
  const std::uint32_t id = next_id_++;
  double sum = 0;
  for (const auto& [part, backend] : shares) {
    sum += part;
    plan::Share& share = plan_.services[id].shares.emplace_back();
    share.limit = static_cast<std::uint32_t>(sum * 0x1p32 - 1);
    if (!backend) continue;
    share.table = {next_id_};
    plan_.backends[next_id_++] = *backend;
  }
  add_listener(vip, port, kTcp, id);
}

void Gateway::add_listener(const IpAddress& vip, std::uint16_t port, std::uint8_t protocol, std::uint32_t service) {
  gw_listener& listener = plan_.listeners[gw_listener_key{plan::to_map(vip), htons(port), protocol, 0}];
  listener.listener_id = next_id_++;
  listener.service_id = service;
  apply();
}

void Gateway::admit(const ir::Admission& admission) {
  for (const auto& [key, entry] : plan::ListenerMap(plan_.listeners)) {
    gw_listener listener = entry;
    compile::compile_admission(admission, listener, plan_.sources, plan_.limited);
    plan_.listeners.set(key, listener);
  }
  apply();
}

void Gateway::use_source_affinity() {
  for (const auto& [id, service] : plan::ServiceMap(plan_.services)) {
    plan_.services[id].flags |= GW_SERVICE_SOURCE_AFFINITY;
  }
  apply();
}

void Gateway::watch(std::uint8_t protocol) {
  for (const auto& [id, backend] : plan::BackendMap(plan_.backends)) {
    plan_.backends[id].flags |= GW_BACKEND_WATCHED;
    plan_.watched[{id, protocol}] = {};
  }
  apply();
}

std::optional<gw_backend_health> Gateway::health(const IpAddress& address, std::uint8_t protocol) const {
  for (const auto& [id, backend] : plan_.backends) {
    if (maps::bytes_equal(backend.addr, plan::to_map(address))) {
      return must(maps_.backend_health.lookup({id, protocol}));
    }
  }
  return std::nullopt;
}

void Gateway::remove_backend(const IpAddress& address) {
  const gw_addr gone = plan::to_map(address);
  for (const auto& [id, backend] : plan::BackendMap(plan_.backends)) {
    if (maps::bytes_equal(backend.addr, gone)) plan_.backends.erase(id);
  }
  apply();
  bump_generation();
}

void Gateway::set_nat_ports(std::uint16_t first, std::uint16_t last) {
  must(datapath::set_nat_ports(maps_, first, last));
}
void Gateway::set_links() { must(datapath::set_links(maps_, links_)); }
void Gateway::set_link_xdp(bool xdp) {
  for (const std::uint32_t ifindex : {data_path_.in_ifindex(), data_path_.out_ifindex()}) {
    links_.links[ifindex] = {.flags = xdp ? std::uint32_t{GW_LINK_XDP} : 0U, .mtu = 1500, .parent = 0, .tags = {}};
  }
  set_links();
}
void Gateway::put_incoming_link_in_vlan(const std::vector<gw_vlan_tag>& tags) {
  gw_vlan_key key{.ifindex = if_nametoindex("lo"), .tags = {}};
  std::ranges::copy(tags, key.tags);
  links_.vlans[key] = data_path_.in_ifindex();
  set_links();
}
void Gateway::put_backend_link_in_vlan(const std::vector<gw_vlan_tag>& tags) {
  gw_link& link = links_.links[data_path_.out_ifindex()];
  link.flags = GW_LINK_VLAN;
  link.parent = data_path_.in_ifindex();
  std::ranges::copy(tags, link.tags);
  set_links();
}
void Gateway::set_forwarding(bool on) {
  const auto command = [](bool value) {
    return fmt::format(
        "sysctl -qw net.ipv4.conf.lo.forwarding={0} net.ipv4.conf.in0.forwarding={0} "
        "net.ipv6.conf.lo.forwarding={0} net.ipv6.conf.in0.forwarding={0}",
        value ? 1 : 0);
  };
  change(command(on), command(true));
}
void Gateway::set_backend_link_mtu(std::uint32_t mtu) {
  change(fmt::format("ip link set out0 mtu {}", mtu), "ip link set out0 mtu 1500");
  links_.links[data_path_.out_ifindex()].mtu = mtu;
  set_links();
}
void Gateway::bump_generation(datapath::NextHops next_hops) { must(datapath::bump_generation(maps_, next_hops)); }
void Gateway::set_backend_neighbour(const Mac& mac) {
  const auto command = [](const Mac& value) {
    return fmt::format("for a in 10.0.2.2 2001:db8:2::2; do ip neigh replace $a lladdr {} dev out0; done",
                       mac_text(value));
  };
  change(command(mac), command(kBackendMac));
}

Outcome Gateway::run(Hook hook, const Bytes& frame, Sum sum) { return must(data_path_.run(hook, frame, 0, sum)); }

std::uint64_t Gateway::counter(gw_counter counter) const {
  return must(maps_.counters.sum())[counter] - counters_before_[counter];
}

std::optional<gw_flow6> Gateway::flow(const L4Packet& packet) const {
  if (!packet.source.is_v4()) return must(maps_.flows6.lookup(key_of(packet)));
  const auto found = must(maps_.flows4.lookup(key4_of(packet)));
  if (!found) return std::nullopt;
  return gw_flow6{found->flow, plan::to_map_v4(found->src), plan::to_map_v4(found->dst)};
}

void Gateway::set_silent_for(const L4Packet& packet, std::uint32_t seconds) {
  const std::uint32_t when = flow(packet).value().flow.last_seen - seconds;
  if (packet.source.is_v4()) {
    set_last_seen(maps_.flows4, key4_of(packet), when);
  } else {
    set_last_seen(maps_.flows6, key_of(packet), when);
  }
}

void Gateway::expire() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  datapath::FlowExpirer expirer(maps_, {});
  while (!must(expirer.step(static_cast<std::uint32_t>(now.tv_sec)))) {
  }
}

std::size_t Gateway::flows() const {
  std::size_t count = 0;
  must(maps_.flows4.for_each([&count](const auto&, const auto&) { ++count; }));
  must(maps_.flows6.for_each([&count](const auto&, const auto&) { ++count; }));
  return count;
}

}  // namespace gw::testing
