// SPDX-License-Identifier: Apache-2.0
// The programs on a cgroup, which serve connections of this host's own processes (docs/design/0012). Like the programs
// on links they outlive the agent, held by pinned BPF links.
#pragma once

#include "userspace/base/connected_socket.hpp"
#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"
#include "userspace/datapath/features.hpp"
#include "userspace/datapath/pins.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace gw::datapath {

/// Are the host's own processes served?
struct SocketStatus {
  bool attached = false;
  std::string cgroup;  ///< the directory whose processes are meant; empty if none was found
  std::string reason;  ///< why not; empty if `attached`

  bool operator==(const SocketStatus&) const = default;
};

class SocketHooks {
 public:
  /// Loads the programs over the maps that load() has pinned. `cgroup`: a directory of a mounted cgroup v2 hierarchy;
  /// "auto": the root of the first one that is mounted; "off". What cannot be done leaves the feature off, and the
  /// status says why. `pins` must outlive the result.
  static SocketHooks load(const PinDirectory& pins, const std::string& cgroup, const Features& features);

  /// SO_NETNS_COOKIE of the network namespace that load() was called in; 0 if the programs are not loaded.
  [[nodiscard]] std::uint64_t netns_cookie() const { return netns_cookie_; }
  /// Attaches the programs if they are not yet. Those of an earlier agent are replaced in place, without a gap. With
  /// "off" those are taken off.
  void attach();
  [[nodiscard]] const SocketStatus& status() const { return status_; }
  /// Forgets sockets that were sent to a backend which is not among these, and returns those that may be connected to
  /// it still.
  [[nodiscard]] Result<std::set<ConnectedSocket>> forget_orphans(const plan::BackendMap& backends) const;

 private:
  struct Hook {
    std::string name;  ///< "connect4"
    std::uint32_t attach_type = 0;
    Fd program;
  };
  explicit SocketHooks(const PinDirectory& pins) : pins_(&pins) {}
  Result<> open(const std::string& cgroup);
  Result<> load_programs(const Features& features);
  Result<> attach(const Hook& hook) const;
  Result<> detach() const;

  const PinDirectory* pins_;
  bool is_off_ = false;
  SocketStatus status_;
  Fd cgroup_;
  std::vector<Hook> hooks_;
  std::uint64_t netns_cookie_ = 0;
};

}  // namespace gw::datapath
