// SPDX-License-Identifier: Apache-2.0
// Puts the programs on links and takes them off. Attachments outlive the agent: tcx and XDP by pinned links, clsact by
// its filter.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/datapath/pins.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace gw::datapath {

/// What became of one wanted attachment.
struct AttachResult {
  std::uint32_t ifindex = 0;
  std::string link;
  bool tc = false;
  bool xdp = false;
  std::string reason;   ///< the plan's reason, or why XDP was given up
  std::string failure;  ///< why nothing is attached, or not everything
};

struct TcSide;

class Attacher {
 public:
  /// `programs` must outlive the attacher. Links pinned by an earlier agent are taken over at the first apply().
  Attacher(const PinDirectory& pins, const Programs& programs) : pins_(pins), programs_(programs) {}

  /// Makes the attachments be the wanted ones; what is right already is not touched. A program of an earlier agent is
  /// replaced in place, without a gap.
  std::vector<AttachResult> apply(const std::vector<plan::Attachment>& wanted);

  /// Whether programs that are not ours see what leaves by the link (tcx); true if the kernel does not say.
  [[nodiscard]] bool has_others_at_egress(std::uint32_t ifindex) const;

 private:
  AttachResult attach(const plan::Attachment& wanted);
  Result<> attach_tc(const TcSide& side, std::uint32_t ifindex, int program);
  Result<> attach_xdp(std::uint32_t ifindex);
  Result<> attach_link(const char* hook, std::uint32_t ifindex, int program, int attach_type);
  Result<> settle_egress(const plan::Attachment& wanted);
  Result<> remove_link(const char* hook, std::uint32_t ifindex);
  void detach_egress(std::uint32_t ifindex);
  void detach_others(const std::vector<plan::Attachment>& wanted);
  void detach(std::uint32_t ifindex);

  const PinDirectory& pins_;
  const Programs& programs_;
  std::map<std::string, Fd> links_;  ///< "<hook>_<ifindex>" -> pinned link that runs our program
  std::map<std::uint32_t, AttachResult> done_;
  std::set<std::uint32_t> without_egress_;  ///< links that are known to have no egress program of ours
};

/// Detaches everything that any agent with this pin directory attached in the calling thread's network namespace, and
/// removes all pins. Fails while an agent runs.
Result<> unload(const std::string& pin_dir);

}  // namespace gw::datapath
