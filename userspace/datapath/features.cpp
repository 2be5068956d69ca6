// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/features.hpp"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>

namespace gw::datapath {
namespace {

using Btf = std::unique_ptr<btf, decltype(&btf__free)>;

const std::vector<Feature>& known_features() {
#define GW_FEATURE_ROW(name, bit, word, since, without) {name, word, since, without, false, false},
  static const std::vector<Feature> all = {GW_FEATURES(GW_FEATURE_ROW)};
#undef GW_FEATURE_ROW
  return all;
}

const btf_type* find_type(const btf* kernel, const char* name, std::uint32_t kind) {
  const int id = btf__find_by_name_kind(kernel, name, kind);
  return id < 0 ? nullptr : btf__type_by_id(kernel, static_cast<__u32>(id));
}

bool has_enumerator(const btf* kernel, const char* type_name, std::string_view enumerator) {
  const btf_type* const type = find_type(kernel, type_name, BTF_KIND_ENUM);
  if (type == nullptr) return false;
  const struct btf_enum* const values = ::btf_enum(type);
  return std::any_of(values, values + btf_vlen(type),
                     [&](const auto& value) { return btf__name_by_offset(kernel, value.name_off) == enumerator; });
}

/// Also within the anonymous structs and unions of `type`.
bool has_member(const btf* kernel, const btf_type* type, std::string_view member) {
  if (type == nullptr || !btf_is_composite(type)) return false;
  const btf_member* const members = btf_members(type);
  return std::any_of(members, members + btf_vlen(type), [&](const auto& candidate) {
    const std::string_view name = btf__name_by_offset(kernel, candidate.name_off);
    return name.empty() ? has_member(kernel, btf__type_by_id(kernel, candidate.type), member) : name == member;
  });
}

bool kernel_has(const btf* kernel, gw_feature feature) {
  switch (feature) {
    case GW_FEATURE_COARSE_CLOCK: return has_enumerator(kernel, "bpf_func_id", "BPF_FUNC_ktime_get_coarse_ns");
    case GW_FEATURE_ROUTE_MTU:
      return has_member(kernel, find_type(kernel, "bpf_fib_lookup", BTF_KIND_STRUCT), "mtu_result");
    case GW_FEATURE_XDP_FRAGS: return has_enumerator(kernel, "bpf_func_id", "BPF_FUNC_xdp_get_buff_len");
    case GW_FEATURE_CONNECT_ERROR:  // the helper is older than its use in these programs
      return libbpf_probe_bpf_helper(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_FUNC_set_retval, nullptr) == 1;
    case GW_FEATURE_PEER_REDIRECT: return has_enumerator(kernel, "bpf_func_id", "BPF_FUNC_redirect_peer");
    case GW_FEATURE_TCX: return has_enumerator(kernel, "bpf_attach_type", "BPF_TCX_INGRESS");
  }
  return false;
}

}  // namespace

Result<Features> Features::probe() {
  const Btf kernel(btf__load_vmlinux_btf(), btf__free);
  if (!kernel) {
    return fail_errno(errno, "read the kernel's types at /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF is needed)");
  }
  Features found;
  found.features_ = known_features();
  for (Feature& feature : found.features_) feature.in_use = feature.in_kernel = kernel_has(kernel.get(), feature.id);
  return found;
}

bool Features::has(gw_feature feature) const {
  return std::ranges::any_of(features_, [feature](const auto& known) { return known.id == feature && known.in_use; });
}

std::uint32_t Features::off() const {
  std::uint32_t off = 0;
  for (const Feature& feature : features_) {
    if (!feature.in_use) off |= feature.id;
  }
  return off;
}

bool Features::turn_off(const std::string& word) {
  const auto found = std::ranges::find(features_, word, &Feature::word);
  if (found == features_.end()) return false;
  found->in_use = false;
  return true;
}

std::vector<std::string> feature_words() {
  std::vector<std::string> words;
  for (const Feature& feature : known_features()) words.emplace_back(feature.word);
  return words;
}

std::string describe_missing(const Feature& feature) {
  const std::string why =
      feature.in_kernel ? "disabledFeatures" : fmt::format("Linux {} is the first to have it", feature.since);
  return fmt::format("{} is off ({}): {}", feature.word, why, feature.without);
}

}  // namespace gw::datapath
