// SPDX-License-Identifier: Apache-2.0
#include "tests/support/data_path.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <sstream>
#include <utility>
#include <vector>

namespace gw::testing {
namespace {

/// Then process id and number.
constexpr const char* kPinPrefix = "/sys/fs/bpf/packet-test-";

Result<> build_network() {
  const auto neighbours = [](const char* addresses, const Mac& mac, const char* link) {
    return fmt::format("for a in {}; do ip neigh add $a lladdr {} dev {}; done", addresses, mac_text(mac), link);
  };
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
      neighbours("10.0.1.2 10.0.1.3 2001:db8:1::2 2001:db8:1::3", kClientMac, "in0"),
      neighbours("10.0.2.2 2001:db8:2::2", kBackendMac, "out0"),
      neighbours("10.0.2.3 2001:db8:2::3", kOtherBackendMac, "out0"),
      neighbours("10.0.2.4 2001:db8:2::4", kThirdBackendMac, "out0"),
      neighbours("10.0.2.5 2001:db8:2::5", kFourthBackendMac, "out0"),
      "ip route add 198.51.100.0/24 via 10.0.1.2 && ip route add 2001:db8:9::/64 via 2001:db8:1::2",
      "ip route add 203.0.113.0/25 via 10.0.2.2 mtu lock 1400",
      "ip route add 2001:db8:f::/64 via 2001:db8:2::2 mtu lock 1400",
      "ip route add 203.0.113.128/25 via 10.0.2.9 && ip route add 2001:db8:e::/64 via 2001:db8:2::9",
  };
  for (const auto& command : commands) {
    if (auto done = sh(command); !done) return done;
  }
  return {};
}

/// Pins of processes that were killed.
void remove_left_overs() {
  const std::string prefix = kPinPrefix;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(prefix.substr(0, prefix.rfind('/')), none)) {
    const std::string path = entry.path().string();
    if (!path.starts_with(prefix)) continue;
    const std::string pid = path.substr(prefix.size(), path.rfind('-') - prefix.size());
    if (!std::filesystem::exists("/proc/" + pid, none)) std::filesystem::remove_all(path, none);
  }
}

Result<> make_network() {
  if (geteuid() != 0) return fail("needs root, for BPF and a network namespace");
  remove_left_overs();
  if (unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "make a network namespace");
  return build_network();
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

Result<> remove_all(const datapath::RawMap& map) {
  std::vector<std::vector<std::byte>> keys;
  auto read = map.for_each([&](const void* key, const void*) {
    const auto* bytes = static_cast<const std::byte*>(key);
    keys.emplace_back(bytes, bytes + map.key_size());
  });
  if (!read) return read;
  for (const auto& key : keys) {
    if (auto erased = map.erase(key.data()); !erased) return erased;
  }
  return {};
}

/// Of an array; `copies`: values in one element, the number of possible CPUs in a per-CPU array.
Result<> fill_with_zeros(const datapath::RawMap& map, std::size_t copies = 1) {
  std::vector<std::uint32_t> keys(map.max_entries());
  std::iota(keys.begin(), keys.end(), 0U);
  const std::size_t size = (map.value_size() + 7U) / 8U * 8U * copies;
  const std::vector<std::byte> zeros(size * keys.size());
  return map.update_many(keys.data(), zeros.data(), static_cast<std::uint32_t>(keys.size()));
}

gw_flow4_key key4_of(const gw_flow6_key& mapped) {
  return {.src = mapped.src.word[3],
          .dst = mapped.dst.word[3],
          .sport = mapped.sport,
          .dport = mapped.dport,
          .protocol = mapped.protocol,
          .pad = {}};
}

/// Both entries of the half-open connections among those under `keys`. DSR has one; what would be the other is
/// nobody's.
template <typename Key, typename Value>
Result<> remove_half_open(const datapath::Map<Key, Value>& flows, const std::vector<Key>& keys) {
  std::vector<Key> removed;
  for (const Key& key : keys) {
    const auto value = flows.lookup(key);
    if (!value) return fail(value.error());
    if (!*value || (**value).flow.state > GW_FLOW_JOINED) continue;
    removed.push_back(key);
    removed.push_back({.src = (**value).dst,
                       .dst = (**value).src,
                       .sport = (**value).flow.dport,
                       .dport = (**value).flow.sport,
                       .protocol = key.protocol,
                       .pad = {}});
  }
  return removed.empty() ? Result<>{} : flows.erase_many(removed);
}

}  // namespace

std::string to_string(Hook hook) {
  if (hook == Hook::Xdp) return "xdp";
  return hook == Hook::Tc ? "tc" : "egress";
}

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass: return "pass";
    case Verdict::Drop: return "drop";
    case Verdict::Sent: return "sent";
    case Verdict::Other: break;
  }
  return "another verdict";
}

std::string mac_text(const Mac& mac) {
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

Result<> sh(const std::string& command) {
  if (std::system((command + " >/dev/null 2>&1").c_str()) == 0) return {};
  return fail("failed: " + command);
}

namespace {

/// Each test walks through all maps.
constexpr std::uint32_t kConfigEntries = 1024;
/// BPF_F_TEST_SKB_CHECKSUM_COMPLETE, which libbpf 1.1 does not know.
constexpr __u32 kChecksumComplete = 1U << 2;

/// What the kernel has, without what the environment variable names: "tcx xdp-frags".
Result<datapath::Features> chosen_features() {
  auto features = datapath::Features::probe();
  const char* const disabled = std::getenv("GW_DISABLED_FEATURES");
  if (!features || disabled == nullptr) return features;
  std::istringstream words(disabled);
  for (std::string word; words >> word;) {
    if (!features->turn_off(word)) return fail("GW_DISABLED_FEATURES: there is no " + word);
  }
  return features;
}

}  // namespace

Result<std::unique_ptr<DataPath>> DataPath::load(std::uint32_t flow_entries) {
  static const Result<> network = make_network();
  if (!network) return fail(network.error());
  static int number = 0;
  auto pins = datapath::PinDirectory::open(fmt::format("{}{}-{}", kPinPrefix, getpid(), number++));
  if (!pins) return fail(pins.error());
  const auto features = chosen_features();
  if (!features) return fail(features.error());
  auto programs = datapath::load(
      *pins, {.max_flow_entries = flow_entries, .max_config_entries = kConfigEntries, .features = *features});
  if (programs && !programs->xdp.is_open()) {
    programs = fail(programs->notes.empty() ? "no XDP program" : programs->notes.back());
  }
  const auto open = [&pins](const char* name) {
    return datapath::RawMap::open_pinned(datapath::map_path(pins->pin_dir(), name));
  };
  auto maps = programs ? datapath::Maps::open(pins->pin_dir()) : fail(programs.error());
  auto limbo = open(GW_MAP_LIMBO);
  auto limbo_next = open("gw_limbo_next");
  auto fragments = open(GW_MAP_FRAGMENTS);
  auto source_rates = open(GW_MAP_SOURCE_RATES);
  auto hops = open("gw_hops");
  auto scratch = open("gw_scratch");
  auto counters = open(GW_MAP_COUNTERS);
  if (!maps || !limbo || !limbo_next || !fragments || !source_rates || !hops || !scratch || !counters) {
    (void)pins->remove_all();
    return fail(maps ? Error{"a map of the programs is not pinned", 0} : maps.error());
  }
  return std::unique_ptr<DataPath>(
      new DataPath(std::move(*pins), std::move(*programs), std::move(*maps),
                   {std::move(*limbo), std::move(*limbo_next), std::move(*fragments), std::move(*source_rates),
                    std::move(*hops), std::move(*scratch), std::move(*counters)}));
}

DataPath::DataPath(datapath::PinDirectory pins, datapath::Programs programs, datapath::Maps maps, Traces traces)
    : pins_(std::move(pins)),
      programs_(std::move(programs)),
      maps_(std::move(maps)),
      traces_(std::move(traces)),
      in_ifindex_(if_nametoindex("in0")),
      out_ifindex_(if_nametoindex("out0")) {
  const Bytes frame(64);
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_size_in = static_cast<__u32>(frame.size()),
              .repeat = 1, .flags = kChecksumComplete);
  has_sums_ = bpf_prog_test_run_opts(programs_.tc.get(), &options) == 0;
}

DataPath::~DataPath() { (void)pins_.remove_all(); }

std::uint32_t DataPath::limbo_ring() const {
  const auto rings = static_cast<std::uint32_t>(libbpf_num_possible_cpus()) * GW_LIMBO_KINDS * 2;
  return traces_.limbo.max_entries() / rings;
}

Result<> DataPath::forget() {
  const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
  if (auto removed = remove_all(maps_.flows4.raw()); !removed) return removed;
  if (auto removed = remove_all(maps_.flows6.raw()); !removed) return removed;
  if (auto removed = remove_all(traces_.fragments); !removed) return removed;
  if (auto removed = remove_all(traces_.source_rates); !removed) return removed;
  if (auto zeroed = fill_with_zeros(traces_.limbo); !zeroed) return zeroed;
  if (auto zeroed = fill_with_zeros(traces_.hops, cpus); !zeroed) return zeroed;
  if (auto zeroed = fill_with_zeros(traces_.limbo_next, cpus); !zeroed) return zeroed;
  return fill_with_zeros(traces_.scratch, cpus);
}

Result<> DataPath::forget_half_open() {
  std::vector<gw_flow4_key> keys4;
  std::vector<gw_flow6_key> keys6;
  auto read = traces_.limbo.for_each([&](const void*, const void* value) {
    gw_limbo_entry entry{};
    std::memcpy(&entry, value, sizeof(entry));
    if (entry.created == 0) return;
    if (entry.tuple.src.word[0] == 0 && entry.tuple.src.word[1] == 0 && entry.tuple.src.word[2] == htonl(0xffff)) {
      keys4.push_back(key4_of(entry.tuple));
    } else {
      keys6.push_back(entry.tuple);
    }
  });
  if (!read) return read;
  if (auto removed = remove_half_open(maps_.flows4, keys4); !removed) return removed;
  if (auto removed = remove_half_open(maps_.flows6, keys6); !removed) return removed;
  return fill_with_zeros(traces_.limbo);
}

Result<std::vector<std::uint64_t>> DataPath::counters() const {
#define GW_COUNTER_NUMBER(name, value, word, description) value,
  static constexpr std::uint32_t kNumbers[] = {GW_DROP_REASONS(GW_COUNTER_NUMBER) GW_EVENTS(GW_COUNTER_NUMBER)};
#undef GW_COUNTER_NUMBER
  std::vector<std::uint64_t> sums(GW_COUNTER_MAX);
  std::vector<std::uint64_t> of_cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (const std::uint32_t number : kNumbers) {
    if (auto found = traces_.counters.lookup(&number, of_cpus.data()); !found) return fail(found.error());
    sums[number] = std::accumulate(of_cpus.begin(), of_cpus.end(), std::uint64_t{0});
  }
  return sums;
}

int DataPath::program(Hook hook) const {
  if (hook == Hook::Xdp) return programs_.xdp.get();
  return hook == Hook::Tc ? programs_.tc.get() : programs_.egress.get();
}

Result<Outcome> DataPath::run(Hook hook, const Bytes& frame, std::uint16_t gso_size, Sum sum) const {
  Bytes out(frame.size() + 256);
  __sk_buff skb{};
  skb.ifindex = in_ifindex_;
  skb.gso_size = gso_size;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(), .data_out = out.data(),
              .data_size_in = static_cast<__u32>(frame.size()), .data_size_out = static_cast<__u32>(out.size()),
              .repeat = 1);
  if (hook != Hook::Xdp) {
    options.ctx_in = &skb;
    options.ctx_size_in = sizeof(skb);
    options.flags = has_sums_ && sum == Sum::OfPacket ? kChecksumComplete : 0;
  }
  if (bpf_prog_test_run_opts(program(hook), &options) != 0) {
    if (errno == EBADMSG) return fail("the packet's sum (CHECKSUM_COMPLETE) is not that of what it has become");
    return fail_errno(errno, "BPF_PROG_TEST_RUN");
  }
  out.resize(options.data_size_out);
  return Outcome{to_verdict(hook, options.retval), std::move(out)};
}

}  // namespace gw::testing
