// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/loader.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "gw_tc.skel.h"
#include "gw_xdp.skel.h"

namespace gw::datapath {
namespace {

/// What libbpf said of its last failure; its errno alone does not tell what the verifier disliked.
thread_local std::string libbpf_message;

int keep_message(libbpf_print_level level, const char* format, va_list arguments) {
  if (level == LIBBPF_DEBUG) return 0;
  std::string line(512, '\0');
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  line.resize(static_cast<std::size_t>(std::clamp(length, 0, static_cast<int>(line.size()) - 1)));
  if (libbpf_message.size() < 4096) libbpf_message += line;
  return 0;
}

struct TcDeleter {
  void operator()(gw_tc* skeleton) const { gw_tc::destroy(skeleton); }
};
struct XdpDeleter {
  void operator()(gw_xdp* skeleton) const { gw_xdp::destroy(skeleton); }
};

Fd duplicate(int fd) { return Fd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

/// Hands a pinned map to the object instead of letting it create one. False if nothing is pinned.
Result<bool> reuse_pinned(bpf_map* map, const PinDirectory& pins) {
  const auto pinned = RawMap::open_pinned(map_path(pins.pin_dir(), bpf_map__name(map)));
  if (!pinned && pinned.error().code == ENOENT) return false;
  if (!pinned) return fail(pinned.error());
  if (pinned->key_size() != bpf_map__key_size(map) || pinned->value_size() != bpf_map__value_size(map)) {
    return fail(
        fmt::format("the pinned map {} has another layout than schema version {} (run `portcullis unload` first)",
                    bpf_map__name(map), GW_SCHEMA_VERSION));
  }
  if (const int error = bpf_map__reuse_fd(map, pinned->fd()); error != 0) {
    return fail_errno(-error, fmt::format("take over the pinned map {}", bpf_map__name(map)));
  }
  return true;
}

Result<> pin(bpf_map* map, const PinDirectory& pins) {
  const std::string path = map_path(pins.pin_dir(), bpf_map__name(map));
  if (bpf_obj_pin(bpf_map__fd(map), path.c_str()) != 0) return fail_errno(errno, fmt::format("pin {}", path));
  return {};
}

bool is_flow_table(const bpf_map* map) {
  const std::string_view name = bpf_map__name(map);
  return name == GW_MAP_FLOWS4 || name == GW_MAP_FLOWS6;
}

/// Sizes a flow table that is about to be created, or says that an existing one keeps its size.
void size_flow_table(bpf_map* map, bool exists, const LoadOptions& options, std::vector<std::string>& notes) {
  if (!exists) {
    bpf_map__set_max_entries(map, options.max_flow_entries);
    return;
  }
  const std::uint32_t entries = bpf_map__max_entries(map);
  if (entries == options.max_flow_entries) return;
  notes.push_back(
      fmt::format("{} keeps its {} entries although {} are configured, because resizing would lose connections "
                  "(`portcullis unload` first to change it)",
                  bpf_map__name(map), entries, options.max_flow_entries));
}

/// Sizes the rings to the flow table that they keep from filling, and tells the programs. See GW_LIMBO_RING_MAX.
Result<> size_limbo(bpf_object* object, bool exists) {
  const int possible = libbpf_num_possible_cpus();
  if (possible < 0) return fail_errno(-possible, "count the possible CPUs");
  const std::uint32_t rings = static_cast<std::uint32_t>(possible) * GW_LIMBO_KINDS * 2;
  bpf_map* const limbo = bpf_object__find_map_by_name(object, GW_MAP_LIMBO);
  // Two entries of a flow table for each connection; a quarter of the table for each kind.
  const std::uint32_t flows = bpf_map__max_entries(bpf_object__find_map_by_name(object, GW_MAP_FLOWS4));
  const std::uint32_t wanted = std::bit_floor(
      std::clamp(flows / 8 / static_cast<std::uint32_t>(possible), 1U, std::uint32_t{GW_LIMBO_RING_MAX}));
  if (!exists) bpf_map__set_max_entries(limbo, rings * wanted);
  const std::uint32_t ring = bpf_map__max_entries(limbo) / rings;
  bpf_map* const constants = bpf_object__find_map_by_name(object, ".rodata");
  if (const int error = bpf_map__set_initial_value(constants, &ring, sizeof(ring)); error != 0) {
    return fail_errno(-error, "set the programs' constants");
  }
  return {};
}

/// Takes over or creates every map of `object`, then loads its programs.
Result<> load_object(bpf_object* object, const PinDirectory& pins, const LoadOptions& options,
                     std::vector<std::string>& notes) {
  std::vector<bpf_map*> created;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (bpf_map__is_internal(map)) continue;  // constants: every load has its own
    const auto exists = reuse_pinned(map, pins);
    if (!exists) return fail(exists.error());
    if (is_flow_table(map)) size_flow_table(map, *exists, options, notes);
    if (!*exists) created.push_back(map);
    if (std::string_view(bpf_map__name(map)) != GW_MAP_LIMBO) continue;
    if (auto sized = size_limbo(object, *exists); !sized) return sized;
  }
  libbpf_message.clear();
  if (const int error = bpf_object__load(object); error != 0) {
    return fail_errno(-error, fmt::format("load {}: {}", bpf_object__name(object), libbpf_message));
  }
  for (bpf_map* fresh : created) {
    if (auto pinned = pin(fresh, pins); !pinned) return pinned;
  }
  return {};
}

/// Before Linux 5.18 no program can take frames of several buffers; drivers then attach XDP with small frames only.
bool kernel_has_xdp_frags() {
  const std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__load_vmlinux_btf(), btf__free);
  if (!kernel) return false;
  const int functions = btf__find_by_name_kind(kernel.get(), "bpf_func_id", BTF_KIND_ENUM);
  if (functions < 0) return false;
  const btf_type* const type = btf__type_by_id(kernel.get(), static_cast<__u32>(functions));
  const struct btf_enum* const values = ::btf_enum(type);
  for (int i = 0; i < btf_vlen(type); ++i) {
    const std::string_view name = btf__name_by_offset(kernel.get(), values[i].name_off);
    if (name == "BPF_FUNC_xdp_get_buff_len") return true;
  }
  return false;
}

/// A size note of the second object repeats the first one's.
Result<Fd> load_xdp(const PinDirectory& pins, const LoadOptions& options) {
  const std::unique_ptr<gw_xdp, XdpDeleter> skeleton(gw_xdp::open());
  if (!skeleton) return fail_errno(errno, "open the XDP object");
  if (kernel_has_xdp_frags()) {
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
  libbpf_set_print(keep_message);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  Programs programs;
  const std::unique_ptr<gw_tc, TcDeleter> skeleton(gw_tc::open());
  if (!skeleton) return fail_errno(errno, "open the tc object");
  if (auto loaded = load_object(skeleton->obj, pins, options, programs.notes); !loaded) return fail(loaded.error());
  programs.tc = duplicate(bpf_program__fd(skeleton->progs.gw_tc));
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
  auto counters = CounterMap::open_pinned(at(GW_MAP_COUNTERS));
  if (!counters) return fail(counters.error());
  auto names = Map<gw_name_key, gw_name>::open_pinned(at(GW_MAP_NAMES));
  if (!names) return fail(names.error());
  return Maps{std::move(*listeners), std::move(*services), std::move(*maglev), std::move(*backends), std::move(*flows4),
              std::move(*flows6),    std::move(*control),  std::move(*links),  std::move(*counters), std::move(*names)};
}

}  // namespace gw::datapath
