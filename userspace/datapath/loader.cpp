// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/loader.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>

#include "gw_egress.skel.h"
#include "gw_tc.skel.h"
#include "gw_xdp.skel.h"
#include "userspace/datapath/object.hpp"

namespace gw::datapath {
namespace {

struct EgressDeleter {
  void operator()(gw_egress* skeleton) const { gw_egress::destroy(skeleton); }
};
struct TcDeleter {
  void operator()(gw_tc* skeleton) const { gw_tc::destroy(skeleton); }
};
struct XdpDeleter {
  void operator()(gw_xdp* skeleton) const { gw_xdp::destroy(skeleton); }
};

Fd duplicate(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// A size note of this and the next object repeats the first one's.
Result<Fd> load_egress(const PinDirectory& pins, const LoadOptions& options) {
  const std::unique_ptr<gw_egress, EgressDeleter> skeleton(gw_egress::open());
  if (!skeleton) return fail_errno(errno, "open the egress object");
  std::vector<std::string> repeated;
  if (auto loaded = load_object(skeleton->obj, pins, options, repeated); !loaded) return fail(loaded.error());
  return duplicate(bpf_program__fd(skeleton->progs.gw_egress));
}

Result<Fd> load_xdp(const PinDirectory& pins, const LoadOptions& options) {
  const std::unique_ptr<gw_xdp, XdpDeleter> skeleton(gw_xdp::open());
  if (!skeleton) return fail_errno(errno, "open the XDP object");
  if (options.features.has(GW_FEATURE_XDP_FRAGS)) {
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) {
      bpf_program__set_flags(program, bpf_program__flags(program) | BPF_F_XDP_HAS_FRAGS);
    }
  }
  std::vector<std::string> repeated;
  if (auto loaded = load_object(skeleton->obj, pins, options, repeated); !loaded) return fail(loaded.error());
  return duplicate(bpf_program__fd(skeleton->progs.gw_xdp));
}

}  // namespace

Result<Programs> load(const PinDirectory& pins, const LoadOptions& options) {
  Programs programs;
  programs.has_tcx = options.features.has(GW_FEATURE_TCX);
  const std::unique_ptr<gw_tc, TcDeleter> skeleton(gw_tc::open());
  if (!skeleton) return fail_errno(errno, "open the tc object");
  if (auto loaded = load_object(skeleton->obj, pins, options, programs.notes); !loaded) return fail(loaded.error());
  programs.tc = duplicate(bpf_program__fd(skeleton->progs.gw_tc));
  auto egress = load_egress(pins, options);
  if (!egress) return fail(egress.error());
  programs.egress = std::move(*egress);
  auto xdp = load_xdp(pins, options);
  if (xdp) {
    programs.xdp = std::move(*xdp);
  } else {
    programs.notes.push_back(fmt::format("XDP is off, everything goes through tc: {}", xdp.error().message));
  }
  return programs;
}

Result<Maps> Maps::open(const std::string& pin_dir) {
  const auto at = [&pin_dir](const char* name) { return map_path(pin_dir, name); };
  auto listeners = Map<gw_listener_key, gw_listener>::open_pinned(at(GW_MAP_LISTENERS));
  if (!listeners) return fail(listeners.error());
  auto services = Map<std::uint32_t, gw_service>::open_pinned(at(GW_MAP_SERVICES));
  if (!services) return fail(services.error());
  auto maglev = RawMap::open_pinned(at(GW_MAP_MAGLEV));
  if (!maglev) return fail(maglev.error());
  auto backends = Map<std::uint32_t, gw_backend>::open_pinned(at(GW_MAP_BACKENDS));
  if (!backends) return fail(backends.error());
  auto flows4 = Map<gw_flow4_key, gw_flow4>::open_pinned(at(GW_MAP_FLOWS4));
  if (!flows4) return fail(flows4.error());
  auto flows6 = Map<gw_flow6_key, gw_flow6>::open_pinned(at(GW_MAP_FLOWS6));
  if (!flows6) return fail(flows6.error());
  auto control = Map<std::uint32_t, gw_control>::open_pinned(at(GW_MAP_CONTROL));
  if (!control) return fail(control.error());
  auto links = Map<std::uint32_t, gw_link>::open_pinned(at(GW_MAP_LINKS));
  if (!links) return fail(links.error());
  auto vlans = Map<gw_vlan_key, std::uint32_t>::open_pinned(at(GW_MAP_VLANS));
  if (!vlans) return fail(vlans.error());
  auto counters = CounterMap::open_pinned(at(GW_MAP_COUNTERS));
  if (!counters) return fail(counters.error());
  auto sources = Map<gw_source_key, std::uint32_t>::open_pinned(at(GW_MAP_SOURCES));
  if (!sources) return fail(sources.error());
  auto admission = Map<std::uint32_t, gw_admission>::open_pinned(at(GW_MAP_ADMISSION));
  if (!admission) return fail(admission.error());
  auto health = Map<gw_backend_health_key, gw_backend_health>::open_pinned(at(GW_MAP_HEALTH));
  if (!health) return fail(health.error());
  auto names = Map<gw_name_key, gw_name>::open_pinned(at(GW_MAP_NAMES));
  if (!names) return fail(names.error());
  return Maps{std::move(*listeners), std::move(*services), std::move(*maglev),  std::move(*backends),
              std::move(*flows4),    std::move(*flows6),   std::move(*control), std::move(*links),
              std::move(*vlans),     std::move(*counters), std::move(*sources), std::move(*admission),
              std::move(*health),    std::move(*names)};
}

}  // namespace gw::datapath
