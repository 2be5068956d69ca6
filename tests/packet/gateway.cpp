// SPDX-License-Identifier: Apache-2.0
#include "tests/packet/gateway.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "userspace/datapath/attach.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/plan/address.hpp"

namespace gw::testing {
namespace {

std::string mac_text(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

Result<> sh(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) == 0) return {};
  return fail("failed: " + command);
}

Result<> build_network() {
  const std::string commands[] = {
      "ip link set lo up",
      "sysctl -qw net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1",
      fmt::format("ip link add in0 address {} type veth peer name in1", mac_text(kInMac)),
      fmt::format("ip link add out0 address {} type veth peer name out1", mac_text(kOutMac)),
      "sysctl -qw net.ipv4.conf.in0.forwarding=1 net.ipv6.conf.in0.forwarding=1",
      "sysctl -qw net.ipv4.conf.out0.forwarding=1 net.ipv6.conf.out0.forwarding=1",
      "for d in in0 in1 out0 out1; do ip link set $d up; done",
      "ip addr add 10.0.1.1/24 dev in0 && ip addr add 10.0.2.1/24 dev out0",
      "ip addr add 2001:db8:1::1/64 dev in0 nodad && ip addr add 2001:db8:2::1/64 dev out0 nodad",
      fmt::format("for a in 10.0.1.2 10.0.1.3 2001:db8:1::2; do ip neigh add $a lladdr {} dev in0; done",
                  mac_text(kClientMac)),
      fmt::format("for a in 10.0.2.2 2001:db8:2::2; do ip neigh add $a lladdr {} dev out0; done",
                  mac_text(kBackendMac)),
      fmt::format("for a in 10.0.2.3 2001:db8:2::3; do ip neigh add $a lladdr {} dev out0; done",
                  mac_text(kOtherBackendMac)),
  };
  for (const auto& command : commands) {
    if (auto done = sh(command); !done) return done;
  }
  return {};
}

Verdict to_verdict(Hook hook, std::uint32_t code) {
  if (hook == Hook::Xdp) {
    if (code == XDP_PASS) return Verdict::Pass;
    if (code == XDP_DROP) return Verdict::Drop;
    return code == XDP_REDIRECT ? Verdict::Sent : Verdict::Other;
  }
  if (code == static_cast<std::uint32_t>(TC_ACT_UNSPEC)) return Verdict::Pass;
  if (code == TC_ACT_SHOT) return Verdict::Drop;
  return code == TC_ACT_REDIRECT ? Verdict::Sent : Verdict::Other;
}

template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().message;
  return std::move(*result);
}
void must(const Result<>& result) {
  if (!result) ADD_FAILURE() << result.error().message;
}

}  // namespace

std::string to_string(Hook hook) { return hook == Hook::Xdp ? "xdp" : "tc"; }

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

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

gw_backend dnat(const IpAddress& address, std::uint16_t port) {
  gw_backend backend{};
  backend.addr = plan::to_map(address);
  backend.port = htons(port);
  return backend;
}

gw_backend full_nat(const IpAddress& address, std::uint16_t port, const IpAddress& source) {
  gw_backend backend = dnat(address, port);
  backend.source = plan::to_map(source);
  backend.flags = GW_BACKEND_FULL_NAT;
  return backend;
}

gw_backend dsr(const IpAddress& address) {
  gw_backend backend = dnat(address, 0);
  backend.flags = GW_BACKEND_DSR;
  return backend;
}

gw_backend dsr_tunnel(const IpAddress& address, const IpAddress& source) {
  gw_backend backend = dsr(address);
  backend.source = plan::to_map(source);
  backend.flags |= GW_BACKEND_TUNNEL;
  return backend;
}

struct Gateway::Shared {
  datapath::PinDirectory pins;
  datapath::Programs programs;
  datapath::Maps maps;

  ~Shared() { (void)pins.remove_all(); }

  static Result<std::unique_ptr<Shared>> load() {
    if (geteuid() != 0) return fail("needs root, for BPF and a network namespace");
    if (unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "make a network namespace");
    if (auto built = build_network(); !built) return fail(built.error());
    const std::string pin_dir = fmt::format("/sys/fs/bpf/packet-test-{}", getpid());
    auto pins = datapath::PinDirectory::open(pin_dir);
    if (!pins) return fail(pins.error());
    auto programs = datapath::load(*pins, {.max_flow_entries = kFlowEntries});
    auto maps = programs ? datapath::Maps::open(pin_dir) : fail(programs.error());
    if (!maps) {
      (void)pins->remove_all();
      return fail(maps.error());
    }
    if (!programs->xdp.is_open()) {
      (void)pins->remove_all();
      return fail(programs->notes.empty() ? "no XDP program" : programs->notes.back());
    }
    return std::unique_ptr<Shared>(new Shared{std::move(*pins), std::move(*programs), std::move(*maps)});
  }
};

Result<std::unique_ptr<Gateway>> Gateway::create() {
  static auto shared = Shared::load();
  if (!shared) return fail(shared.error());
  return std::unique_ptr<Gateway>(new Gateway(**shared));
}

namespace {

template <typename Key, typename Value>
void clear(const datapath::Map<Key, Value>& map) {
  std::vector<Key> keys;
  must(map.for_each([&keys](const Key& key, const Value&) { keys.push_back(key); }));
  for (const Key& key : keys) must(map.erase(key));
}

}  // namespace

Gateway::Gateway(Shared& shared)
    : programs_(shared.programs),
      maps_(shared.maps),
      in_ifindex_(if_nametoindex("in0")),
      out_ifindex_(if_nametoindex("out0")) {
  clear(maps_.flows4);
  clear(maps_.flows6);
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
  plan_.services[service] = {{UINT32_MAX, table}};
  plan_.listeners[gw_listener_key{plan::to_map(vip), htons(port), protocol, 0}] = {next_id_++, service};
  apply();
}

void Gateway::listen_shares(const IpAddress& vip, std::uint16_t port,
                            const std::vector<std::pair<double, std::optional<gw_backend>>>& shares) {
  const std::uint32_t id = next_id_++;
  double sum = 0;
  for (const auto& [part, backend] : shares) {
    sum += part;
    plan::Share& share = plan_.services[id].emplace_back();
    share.limit = static_cast<std::uint32_t>(sum * 0x1p32 - 1);
    if (!backend) continue;
    share.table = {next_id_};
    plan_.backends[next_id_++] = *backend;
  }
  plan_.listeners[gw_listener_key{plan::to_map(vip), htons(port), IPPROTO_TCP, 0}] = {next_id_++, id};
  apply();
}

void Gateway::remove_backend(const IpAddress& address) {
  std::erase_if(plan_.backends, [gone = plan::to_map(address)](const auto& entry) {
    return maps::bytes_equal(entry.second.addr, gone);
  });
  apply();
  bump_generation();
}

void Gateway::set_nat_ports(std::uint16_t first, std::uint16_t last) {
  must(datapath::set_nat_ports(maps_, first, last));
}
void Gateway::set_link_xdp(bool xdp) {
  const gw_link link{static_cast<std::uint32_t>(xdp ? GW_LINK_XDP : 0), 1500};
  must(datapath::set_links(maps_, {{in_ifindex_, link}, {out_ifindex_, link}}));
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
  must(datapath::set_links(maps_, {{in_ifindex_, {GW_LINK_XDP, 1500}}, {out_ifindex_, {GW_LINK_XDP, mtu}}}));
}
void Gateway::bump_generation() { must(datapath::bump_generation(maps_)); }
void Gateway::set_backend_neighbour(const Mac& mac) {
  const auto command = [](const Mac& value) {
    return fmt::format("for a in 10.0.2.2 2001:db8:2::2; do ip neigh replace $a lladdr {} dev out0; done",
                       mac_text(value));
  };
  change(command(mac), command(kBackendMac));
}

Outcome Gateway::run(Hook hook, const Bytes& frame) {
  Bytes out(frame.size() + 256);
  __sk_buff skb{};
  skb.ifindex = in_ifindex_;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_out = out.data(),
              .data_size_in = static_cast<__u32>(frame.size()), .data_size_out = static_cast<__u32>(out.size()),
              .repeat = 1);
  if (hook == Hook::Tc) {
    options.ctx_in = &skb;
    options.ctx_size_in = sizeof(skb);
  }
  const int program = hook == Hook::Tc ? programs_.tc.get() : programs_.xdp.get();
  if (bpf_prog_test_run_opts(program, &options) != 0) {
    ADD_FAILURE() << "BPF_PROG_TEST_RUN: " << std::strerror(errno);
    return {};
  }
  out.resize(options.data_size_out);
  return {to_verdict(hook, options.retval), out};
}

std::uint64_t Gateway::counter(gw_counter counter) const {
  return must(maps_.counters.sum())[counter] - counters_before_[counter];
}

std::optional<gw_flow6> Gateway::flow(const L4Packet& packet) const {
  const gw_addr source = plan::to_map(packet.source);
  const gw_addr target = plan::to_map(packet.target);
  if (packet.source.is_v4()) {
    const gw_flow4_key key{
        source.word[3], target.word[3], htons(packet.source_port), htons(packet.target_port), packet.protocol, {}};
    const auto found = must(maps_.flows4.lookup(key));
    if (!found) return std::nullopt;
    return gw_flow6{found->flow, plan::to_map_v4(found->src), plan::to_map_v4(found->dst)};
  }
  const gw_flow6_key key{source, target, htons(packet.source_port), htons(packet.target_port), packet.protocol, {}};
  return must(maps_.flows6.lookup(key));
}

std::size_t Gateway::flows() const {
  std::size_t count = 0;
  must(maps_.flows4.for_each([&count](const auto&, const auto&) { ++count; }));
  must(maps_.flows6.for_each([&count](const auto&, const auto&) { ++count; }));
  return count;
}

}  // namespace gw::testing
