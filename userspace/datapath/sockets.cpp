// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/sockets.hpp"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <mntent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "gw_sock.skel.h"
#include "userspace/datapath/object.hpp"
#include "userspace/plan/address.hpp"

namespace gw::datapath {
namespace {

constexpr std::string_view kProgramPrefix = "gw_sock_";
constexpr std::string_view kProbe = "probe";
constexpr const char* kHooks[] = {"connect4", "connect6", "sendmsg4",     "sendmsg6",
                                  "recvmsg4", "recvmsg6", "getpeername4", "getpeername6"};

struct Deleter {
  void operator()(gw_sock* skeleton) const { gw_sock::destroy(skeleton); }
};
struct MountsCloser {
  void operator()(FILE* mounts) const { endmntent(mounts); }
};

/// Where a cgroup v2 hierarchy is mounted. In hybrid mode that is not /sys/fs/cgroup itself.
std::optional<std::string> cgroup_root() {
  const std::unique_ptr<FILE, MountsCloser> mounts(setmntent("/proc/self/mounts", "re"));
  if (!mounts) return std::nullopt;
  mntent entry{};
  char text[4096];
  while (getmntent_r(mounts.get(), &entry, text, sizeof(text)) != nullptr) {
    if (std::string_view(entry.mnt_type) == "cgroup2") return entry.mnt_dir;
  }
  return std::nullopt;
}

Result<Fd> open_cgroup(const std::string& path) {
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open()) return fail_errno(errno, fmt::format("open {}", path));
  struct statfs info{};
  if (::fstatfs(directory.get(), &info) != 0) return fail_errno(errno, fmt::format("stat {}", path));
  if (static_cast<unsigned long>(info.f_type) != CGROUP2_SUPER_MAGIC) {
    return fail(fmt::format("{} is no directory of a cgroup v2 hierarchy", path));
  }
  return directory;
}

/// The kernel's id of a cgroup is the inode number of its directory.
std::uint64_t id_of(const Fd& cgroup) {
  struct stat info{};
  return ::fstat(cgroup.get(), &info) == 0 ? info.st_ino : 0;
}

/// The cgroup that a pinned link is attached to; 0 once it is gone.
std::uint64_t attached_cgroup(const Fd& link) {
  bpf_link_info info{};
  __u32 length = sizeof(info);
  return bpf_obj_get_info_by_fd(link.get(), &info, &length) == 0 ? info.cgroup.cgroup_id : 0;
}

/// Connects a socket where a program of ours sees which network namespace it belongs to.
Result<std::uint64_t> probe_netns_cookie(const gw_sock& skeleton, const Fd& socket) {
  const auto root = cgroup_root();
  if (!root) return fail("find our network namespace's cookie: no cgroup v2 hierarchy is mounted");
  const auto cgroup = open_cgroup(*root);
  if (!cgroup) return fail(cgroup.error());
  auto probe = *skeleton.bss;
  socklen_t length = sizeof(probe.gw_probe_socket);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_COOKIE, &probe.gw_probe_socket, &length) != 0) {
    return fail_errno(errno, "ask for a socket's cookie");
  }
  const int variables = bpf_map__fd(skeleton.maps.bss);
  const std::uint32_t index = 0;
  if (bpf_map_update_elem(variables, &index, &probe, BPF_ANY) != 0)
    return fail_errno(errno, "tell the probe its socket");
  const Fd link(
      bpf_link_create(bpf_program__fd(skeleton.progs.gw_sock_probe), cgroup->get(), BPF_CGROUP_INET4_CONNECT, nullptr));
  if (!link.is_open()) return fail_errno(errno, fmt::format("attach to {}", *root));
  sockaddr_in anywhere{};
  anywhere.sin_family = AF_INET;
  anywhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  anywhere.sin_port = htons(9);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&anywhere), sizeof(anywhere)) != 0) {
    return fail_errno(errno, "connect a UDP socket on the loopback");
  }
  if (bpf_map_lookup_elem(variables, &index, &probe) != 0) return fail_errno(errno, "read what the probe found");
  if (probe.gw_probe_netns == 0) return fail(fmt::format("this process is not below the cgroup root {}", *root));
  return probe.gw_probe_netns;
}

/// SO_NETNS_COOKIE is there from Linux 5.14.
Result<std::uint64_t> find_netns_cookie(const gw_sock& skeleton) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return fail_errno(errno, "open a UDP socket");
  std::uint64_t cookie = 0;
  socklen_t length = sizeof(cookie);
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) == 0) return cookie;
  if (errno != ENOPROTOOPT) return fail_errno(errno, "ask for our network namespace's cookie");
  return probe_netns_cookie(skeleton, socket);
}

/// "connect4" of the program gw_sock_connect4.
std::string hook_of(const bpf_program* program) {
  return std::string(std::string_view(bpf_program__name(program)).substr(kProgramPrefix.size()));
}

/// The id may be another backend's by now.
bool is_there(const plan::BackendMap& backends, std::uint32_t id, const gw_addr& address) {
  const auto found = backends.find(id);
  return found != backends.end() && std::memcmp(&found->second.addr, &address, sizeof(address)) == 0;
}

}  // namespace

SocketHooks SocketHooks::load(const PinDirectory& pins, const std::string& cgroup, const Features& features) {
  SocketHooks hooks(pins);
  hooks.is_off_ = cgroup == "off";
  if (hooks.is_off_) {
    hooks.status_.reason = "switched off";
    return hooks;
  }
  auto opened = hooks.open(cgroup);
  if (opened) opened = hooks.load_programs(features);
  if (!opened) hooks.status_.reason = opened.error().message;
  return hooks;
}

Result<> SocketHooks::open(const std::string& cgroup) {
  const auto path = cgroup == "auto" ? cgroup_root() : cgroup;
  if (!path) return fail("no cgroup v2 hierarchy is mounted");
  status_.cgroup = *path;
  auto directory = open_cgroup(*path);
  if (!directory) return fail(directory.error());
  cgroup_ = std::move(*directory);
  return {};
}

Result<> SocketHooks::load_programs(const Features& features) {
  const std::unique_ptr<gw_sock, Deleter> skeleton(gw_sock::open());
  if (!skeleton) return fail_errno(errno, "open the socket object");
  const std::uint8_t chooses_error = features.has(GW_FEATURE_CONNECT_ERROR) ? 1 : 0;
  auto done = set_constant(skeleton->obj, "gw_socket_chooses_error", &chooses_error, sizeof(chooses_error));
  std::vector<std::string> repeated;  // load() has said them
  if (done) done = load_object(skeleton->obj, *pins_, {}, repeated);
  if (!done) return done;
  const auto cookie = find_netns_cookie(*skeleton);
  if (!cookie) return fail(cookie.error());
  bpf_program* program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    if (hook_of(program) == kProbe) continue;
    Fd held(::fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0));
    hooks_.push_back({hook_of(program), bpf_program__expected_attach_type(program), std::move(held)});
  }
  netns_cookie_ = *cookie;
  return {};
}

Result<std::set<ConnectedSocket>> SocketHooks::forget_orphans(const plan::BackendMap& backends) const {
  std::set<ConnectedSocket> connected;
  if (hooks_.empty()) return connected;
  const auto map = Map<gw_socket_key, gw_socket>::open_pinned(map_path(pins_->pin_dir(), GW_MAP_SOCKETS));
  if (!map) return fail(map.error());
  std::vector<gw_socket_key> keys;
  auto read = map->for_each([&](const gw_socket_key& key, const gw_socket& socket) {
    const bool is_from_backend = key.kind == GW_SOCKET_FROM_BACKEND;
    if (is_there(backends, socket.backend_id, is_from_backend ? key.addr : socket.addr)) return;
    keys.push_back(key);
    if (!is_from_backend) return;
    connected.insert({key.cookie, plan::to_ip(key.addr), ntohs(key.port), socket.protocol});
  });
  if (!read) return fail(read.error());
  for (const auto& key : keys) {
    if (auto erased = map->erase(key); !erased) return fail(erased.error());
  }
  return connected;
}

void SocketHooks::attach() {
  if (status_.attached) return;
  if (is_off_) {
    if (auto detached = detach(); !detached) status_.reason = detached.error().message;
  }
  if (hooks_.empty()) return;
  status_.reason.clear();
  for (const auto& hook : hooks_) {
    const auto attached = attach(hook);
    if (!attached) status_.reason = attached.error().message;
  }
  status_.attached = status_.reason.empty();
}

Result<> SocketHooks::attach(const Hook& hook) const {
  const std::string path = pins_->cgroup_link_path(hook.name);
  const Fd pinned(bpf_obj_get(path.c_str()));
  if (pinned.is_open() && attached_cgroup(pinned) == id_of(cgroup_) &&
      bpf_link_update(pinned.get(), hook.program.get(), nullptr) == 0) {
    return {};
  }
  // The old link, if there is one, is on another cgroup; we hold it until the new one works.
  const Fd link(
      bpf_link_create(hook.program.get(), cgroup_.get(), static_cast<bpf_attach_type>(hook.attach_type), nullptr));
  if (!link.is_open()) return fail_errno(errno, fmt::format("attach {} to {}", hook.name, status_.cgroup));
  if (auto removed = pins_->remove_cgroup_link(hook.name); !removed) return removed;
  if (bpf_obj_pin(link.get(), path.c_str()) != 0) return fail_errno(errno, fmt::format("pin {}", path));
  return {};
}

Result<> SocketHooks::detach() const {
  for (const char* hook : kHooks) {
    if (auto removed = pins_->remove_cgroup_link(hook); !removed) return removed;
  }
  return {};
}

}  // namespace gw::datapath
