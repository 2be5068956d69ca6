// SPDX-License-Identifier: Apache-2.0
// The bpffs directory that keeps maps and links alive between two runs of the agent:
//   <pin-dir>/v<schema>/<map name>
//   <pin-dir>/v<schema>/links/{tc,egress,xdp}_<ifindex>
//   <pin-dir>/v<schema>/links/cgroup_<hook>
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gw::datapath {

/// "<pin_dir>/v<schema>"
std::string versioned_dir(std::string_view pin_dir);
/// Where a map is pinned.
std::string map_path(std::string_view pin_dir, std::string_view map_name);

/// The directory, opened for change: at most one owner at a time.
class PinDirectory {
 public:
  /// Creates what is missing. Mounts bpffs at /sys/fs/bpf if `pin_dir` lies there and nothing is mounted. Fails with a
  /// clear message if `pin_dir` is no bpffs, or if another agent holds it.
  static Result<PinDirectory> open(const std::string& pin_dir);

  [[nodiscard]] const std::string& pin_dir() const { return pin_dir_; }
  [[nodiscard]] std::string link_path(std::string_view hook, std::uint32_t ifindex) const;
  /// Of a program on a cgroup: "connect4", "sendmsg6", ...
  [[nodiscard]] std::string cgroup_link_path(std::string_view hook) const;

  struct PinnedLink {
    std::string hook;  ///< "tc", "egress" or "xdp"
    std::uint32_t ifindex = 0;
  };
  /// Those on network links.
  [[nodiscard]] std::vector<PinnedLink> links() const;
  /// Removes the pin: the link, having no other owner, detaches.
  Result<> remove_link(std::string_view hook, std::uint32_t ifindex) const;
  Result<> remove_cgroup_link(std::string_view hook) const;
  /// Removes every pin of every schema version and the directory itself.
  Result<> remove_all() const;

 private:
  PinDirectory(std::string pin_dir, Fd lock) : pin_dir_(std::move(pin_dir)), lock_(std::move(lock)) {}
  std::string pin_dir_;
  Fd lock_;  ///< flock()ed; the kernel lets go of it when we die
};

}  // namespace gw::datapath
