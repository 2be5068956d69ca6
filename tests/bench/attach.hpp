// SPDX-License-Identifier: Apache-2.0
// A tool's own programs at a link, until the tool ends.
#pragma once

#include "tests/bench/die.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <cstdint>
#include <string>

namespace gw::bench {

/// BPF_TCX_INGRESS and BPF_TCX_EGRESS, which libbpf 1.1 does not know.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr auto kTcxEgress = static_cast<bpf_attach_type>(47);

inline std::uint32_t link_index(const char* device) {
  const unsigned index = if_nametoindex(device);
  if (index == 0) die(device);
  return index;
}

/// False with errno set if the kernel refuses: EINVAL where it has no tcx (Linux 6.6).
inline bool try_attach(const bpf_program* program, const char* device, bpf_attach_type type) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = type == BPF_XDP ? __u32{XDP_FLAGS_DRV_MODE} : 0U);
  return bpf_link_create(bpf_program__fd(program), static_cast<int>(link_index(device)), type, &options) >= 0;
}

inline void attach(const bpf_program* program, const char* device, bpf_attach_type type) {
  if (!try_attach(program, device, type)) die("attach to " + std::string(device));
}

}  // namespace gw::bench
