// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/compile.hpp"

#include <algorithm>

#include "userspace/compile/attachments.hpp"
#include "userspace/compile/l4.hpp"

namespace gw::compile {

AttachMode attach_mode(std::string_view word) {
  if (word == "xdp") return AttachMode::Xdp;
  return word == "tc" ? AttachMode::Tc : AttachMode::Auto;
}

Output compile(const ir::Config& config, const net::Topology& topology, const plan::IdTable& ids,
               const Options& options) {
  Output output{.plan = {}, .ids = ids};
  compile_l4(config, topology, options, output.ids, output.plan);
  output.plan.attachments = choose_attachments(topology, options);
  const bool is_answered_here =
      std::ranges::any_of(output.plan.backends, plan::is_local, &plan::BackendMap::value_type::second);
  for (auto& attachment : output.plan.attachments) attachment.egress = is_answered_here;
  return output;
}

}  // namespace gw::compile
