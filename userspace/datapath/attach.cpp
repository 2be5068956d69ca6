// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/attach.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace gw::datapath {

/// A direction of tc.
struct TcSide {
  const char* hook;     ///< the name of its pins
  const char* program;  ///< of what we attach there
  std::uint32_t tcx;    ///< enum bpf_attach_type (Linux 6.6); Debian 12's headers and libbpf do not know them
  bpf_tc_attach_point clsact;
};

namespace {

constexpr TcSide kIngress{"tc", "gw_tc", 46, BPF_TC_INGRESS};
constexpr TcSide kEgress{"egress", "gw_egress", 47, BPF_TC_EGRESS};

/// Where our clsact filter stands. Priority 1 belongs to whoever wants to be first.
constexpr std::uint32_t kFilterHandle = 1;
constexpr std::uint32_t kFilterPriority = 10;

/// libbpf 1.1 refuses attach types it does not know, so the syscall is made here.
Result<Fd> create_link(int program, std::uint32_t ifindex, std::uint32_t attach_type, std::uint32_t flags) {
  bpf_attr attributes{};
  attributes.link_create.prog_fd = static_cast<__u32>(program);
  attributes.link_create.target_ifindex = ifindex;
  attributes.link_create.attach_type = attach_type;
  attributes.link_create.flags = flags;
  Fd link(static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &attributes, sizeof(attributes))));
  if (!link.is_open()) return fail_errno(errno, "create a BPF link");
  return link;
}

/// The ifindex that a pinned link is attached to; 0 once its device is gone.
std::uint32_t attached_ifindex(const Fd& link) {
  // Room for the kernel's tcx member, which has the layout of XDP's but is unknown to our headers.
  bpf_link_info info{};
  __u32 length = sizeof(info);
  if (bpf_obj_get_info_by_fd(link.get(), &info, &length) != 0) return 0;
  return info.xdp.ifindex;
}

bpf_tc_hook clsact_hook(const TcSide& side, std::uint32_t ifindex) {
  bpf_tc_hook hook{};
  hook.sz = sizeof(hook);
  hook.ifindex = static_cast<int>(ifindex);
  hook.attach_point = side.clsact;
  return hook;
}

bpf_tc_opts our_filter() {
  bpf_tc_opts options{};
  options.sz = sizeof(options);
  options.handle = kFilterHandle;
  options.priority = kFilterPriority;
  return options;
}

bpf_prog_info info_of(int program) {
  bpf_prog_info info{};
  __u32 length = sizeof(info);
  return bpf_obj_get_info_by_fd(program, &info, &length) == 0 ? info : bpf_prog_info{};
}

bool is_program(const TcSide& side, std::uint32_t program_id) {
  const Fd program(bpf_prog_get_fd_by_id(program_id));
  return program.is_open() && std::string_view(side.program) == info_of(program.get()).name;
}

Result<> attach_clsact(const TcSide& side, std::uint32_t ifindex, int program) {
  bpf_tc_hook hook = clsact_hook(side, ifindex);
  bpf_tc_opts found = our_filter();
  if (bpf_tc_query(&hook, &found) == 0 && found.prog_id == info_of(program).id) return {};
  if (const int error = bpf_tc_hook_create(&hook); error != 0 && error != -EEXIST) {
    return fail_errno(-error, "create the clsact qdisc");
  }
  bpf_tc_opts options = our_filter();
  options.prog_fd = program;
  options.flags = BPF_TC_F_REPLACE;
  if (const int error = bpf_tc_attach(&hook, &options); error != 0) return fail_errno(-error, "attach the tc filter");
  return {};
}

/// Removes our filter and leaves the qdisc, which others may use.
void detach_clsact(const TcSide& side, std::uint32_t ifindex) {
  bpf_tc_hook hook = clsact_hook(side, ifindex);
  bpf_tc_opts found = our_filter();
  if (bpf_tc_query(&hook, &found) != 0 || !is_program(side, found.prog_id)) return;
  const bpf_tc_opts filter = our_filter();
  bpf_tc_detach(&hook, &filter);
}

std::string xdp_failure(int code) {
  if (code == EBUSY) return "another XDP program is attached: tc only";
  if (code == EOPNOTSUPP || code == EINVAL) return "the driver has no native XDP: tc only";
  return fmt::format("native XDP failed ({}): tc only", std::strerror(code));
}

}  // namespace

Result<> Attacher::attach_link(const char* hook, std::uint32_t ifindex, int program, int attach_type) {
  const std::string path = pins_.link_path(hook, ifindex);
  const std::string key = fmt::format("{}_{}", hook, ifindex);
  if (const auto held = links_.find(key); held != links_.end() && attached_ifindex(held->second) == ifindex) return {};
  links_.erase(key);
  Fd pinned(bpf_obj_get(path.c_str()));
  if (pinned.is_open() && attached_ifindex(pinned) == ifindex && bpf_link_update(pinned.get(), program, nullptr) == 0) {
    links_.emplace(key, std::move(pinned));
    return {};
  }
  // A pin whose device is gone: the same number now means another device.
  pinned.reset();
  if (auto removed = pins_.remove_link(hook, ifindex); !removed) return removed;
  auto link = create_link(program, ifindex, static_cast<std::uint32_t>(attach_type),
                          attach_type == BPF_XDP ? XDP_FLAGS_DRV_MODE : 0U);
  if (!link) return fail(link.error());
  if (bpf_obj_pin(link->get(), path.c_str()) != 0) return fail_errno(errno, fmt::format("pin {}", path));
  links_.emplace(key, std::move(*link));
  return {};
}

Result<> Attacher::attach_tc(const TcSide& side, std::uint32_t ifindex, int program) {
  if (!programs_.has_tcx) {
    if (auto attached = attach_clsact(side, ifindex, program); !attached) return attached;
    return remove_link(side.hook, ifindex);  // left by an agent that had tcx
  }
  auto attached = attach_link(side.hook, ifindex, program, static_cast<int>(side.tcx));
  if (attached) detach_clsact(side, ifindex);  // left by an agent that ran on an older kernel or with another setting
  return attached;
}

Result<> Attacher::remove_link(const char* hook, std::uint32_t ifindex) {
  links_.erase(fmt::format("{}_{}", hook, ifindex));
  return pins_.remove_link(hook, ifindex);
}

void Attacher::detach_egress(std::uint32_t ifindex) {
  (void)remove_link(kEgress.hook, ifindex);
  detach_clsact(kEgress, ifindex);
}

/// What an earlier agent left is looked for once.
Result<> Attacher::settle_egress(const plan::Attachment& wanted) {
  if (wanted.egress) {
    without_egress_.erase(wanted.ifindex);
    return attach_tc(kEgress, wanted.ifindex, programs_.egress.get());
  }
  if (without_egress_.insert(wanted.ifindex).second) detach_egress(wanted.ifindex);
  return {};
}

Result<> Attacher::attach_xdp(std::uint32_t ifindex) {
  if (!programs_.xdp.is_open()) return fail(Error{"the kernel refused the XDP program", EOPNOTSUPP});
  return attach_link("xdp", ifindex, programs_.xdp.get(), BPF_XDP);
}

AttachResult Attacher::attach(const plan::Attachment& wanted) {
  AttachResult result;
  result.ifindex = wanted.ifindex;
  result.link = wanted.link;
  result.reason = wanted.reason;
  if (auto attached = attach_tc(kIngress, wanted.ifindex, programs_.tc.get()); !attached) {
    result.failure = attached.error().message;
    return result;
  }
  result.tc = true;
  if (auto settled = settle_egress(wanted); !settled) {
    result.failure = fmt::format("backends on this host cannot answer: {}", settled.error().message);
  }
  if (!wanted.xdp) {
    (void)remove_link("xdp", wanted.ifindex);
    return result;
  }
  const auto attached = attach_xdp(wanted.ifindex);
  result.xdp = attached.has_value();
  if (!attached) result.reason = xdp_failure(attached.error().code);
  return result;
}

void Attacher::detach(std::uint32_t ifindex) {
  (void)remove_link(kIngress.hook, ifindex);
  (void)remove_link("xdp", ifindex);
  detach_clsact(kIngress, ifindex);
  detach_egress(ifindex);
  without_egress_.erase(ifindex);
}

void Attacher::detach_others(const std::vector<plan::Attachment>& wanted) {
  const auto is_wanted = [&wanted](std::uint32_t ifindex) {
    return std::ranges::any_of(wanted, [ifindex](const auto& attachment) { return attachment.ifindex == ifindex; });
  };
  for (const auto& link : pins_.links()) {
    if (!is_wanted(link.ifindex)) detach(link.ifindex);
  }
  for (auto done = done_.begin(); done != done_.end();) {
    if (is_wanted(done->first)) {
      ++done;
      continue;
    }
    detach(done->first);
    done = done_.erase(done);
  }
}

std::vector<AttachResult> Attacher::apply(const std::vector<plan::Attachment>& wanted) {
  detach_others(wanted);
  std::vector<AttachResult> results;
  for (const auto& attachment : wanted) {
    results.push_back(attach(attachment));
    done_[attachment.ifindex] = results.back();
  }
  return results;
}

bool Attacher::has_others_at_egress(std::uint32_t ifindex) const {
  std::array<std::uint32_t, 2> ids{};  // more than one is enough to know
  auto count = static_cast<std::uint32_t>(ids.size());
  const auto hook = static_cast<bpf_attach_type>(kEgress.tcx);
  const int error = bpf_prog_query(static_cast<int>(ifindex), hook, 0, nullptr, ids.data(), &count);
  if (error == -EINVAL) return false;  // a kernel without tcx; that we do without it says nothing about others
  if (error != 0) return true;
  return count > 1 || (count == 1 && ids.front() != info_of(programs_.egress.get()).id);
}

Result<> unload(const std::string& pin_dir) {
  libbpf_set_print(nullptr);  // asking for a filter that is not there is no failure worth a line
  auto pins = PinDirectory::open(pin_dir);
  if (!pins) return fail(pins.error());
  if (auto removed = pins->remove_all(); !removed) return removed;
  struct if_nameindex* const interfaces = if_nameindex();
  if (interfaces == nullptr) return fail_errno(errno, "list the network interfaces");
  for (const struct if_nameindex* entry = interfaces; entry->if_index != 0; ++entry) {
    detach_clsact(kIngress, entry->if_index);
    detach_clsact(kEgress, entry->if_index);
  }
  if_freenameindex(interfaces);
  return {};
}

}  // namespace gw::datapath
