// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/object.hpp"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

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
  return set_constant(object, "gw_limbo_ring", &ring, sizeof(ring));
}

/// The maps of the configuration have room for what their headers say, or less.
void limit_entries(bpf_map* map, const LoadOptions& options) {
  const bool is_hash = bpf_map__type(map) == BPF_MAP_TYPE_HASH || bpf_map__type(map) == BPF_MAP_TYPE_HASH_OF_MAPS;
  if (!is_hash || is_flow_table(map)) return;
  bpf_map__set_max_entries(map, std::min(bpf_map__max_entries(map), options.max_config_entries));
}

/// Where the constant stands in the object's .rodata, and how long it is. No object has one of length 0.
btf_var_secinfo find_constant(const bpf_object* object, std::string_view name) {
  const btf* const types = bpf_object__btf(object);
  const int section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
  if (section < 0) return {};
  const btf_type* const type = btf__type_by_id(types, static_cast<__u32>(section));
  const btf_var_secinfo* const variables = btf_var_secinfos(type);
  for (int i = 0; i < btf_vlen(type); ++i) {
    const btf_type* const variable = btf__type_by_id(types, variables[i].type);
    if (btf__name_by_offset(types, variable->name_off) == name) return variables[i];
  }
  return {};
}

}  // namespace

Result<> set_constant(bpf_object* object, const char* name, const void* value, std::size_t size) {
  bpf_map* const constants = bpf_object__find_map_by_name(object, ".rodata");
  const btf_var_secinfo place = find_constant(object, name);
  GW_CHECK(constants != nullptr && place.size == size);
  std::size_t length = 0;
  const auto* const initial = static_cast<const std::byte*>(bpf_map__initial_value(constants, &length));
  std::vector<std::byte> changed(initial, initial + length);
  std::memcpy(changed.data() + place.offset, value, size);
  if (const int error = bpf_map__set_initial_value(constants, changed.data(), length); error != 0) {
    return fail_errno(-error, fmt::format("set the programs' constant {}", name));
  }
  return {};
}

namespace {

/// Objects that no feature matters to do not have the constant.
Result<> tell_features(bpf_object* object, const Features& features) {
  const std::uint32_t off = features.off();
  if (find_constant(object, "gw_features_off").size == 0) return {};
  return set_constant(object, "gw_features_off", &off, sizeof(off));
}

}  // namespace

Result<> load_object(bpf_object* object, const PinDirectory& pins, const LoadOptions& options,
                     std::vector<std::string>& notes) {
  libbpf_set_print(keep_message);
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  libbpf_message.clear();
  std::vector<bpf_map*> created;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (bpf_map__is_internal(map)) continue;  // constants: every load has its own
    const auto exists = reuse_pinned(map, pins);
    if (!exists) return fail(exists.error());
    if (is_flow_table(map)) size_flow_table(map, *exists, options, notes);
    if (!*exists) {
      limit_entries(map, options);
      created.push_back(map);
    }
    if (std::string_view(bpf_map__name(map)) != GW_MAP_LIMBO) continue;
    if (auto sized = size_limbo(object, *exists); !sized) return sized;
  }
  if (auto told = tell_features(object, options.features); !told) return told;
  if (const int error = bpf_object__load(object); error != 0) {
    return fail_errno(-error, fmt::format("load {}: {}", bpf_object__name(object), libbpf_message));
  }
  for (bpf_map* fresh : created) {
    if (auto pinned = pin(fresh, pins); !pinned) return pinned;
  }
  return {};
}

}  // namespace gw::datapath
