// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/compile.hpp"

#include "userspace/compile/attachments.hpp"
#include "userspace/compile/l4.hpp"

namespace gw::compile {

Output compile(const ir::Config& config, const net::Topology& topology, const plan::IdTable& ids,
               const Options& options) {
  Output output{.plan = {}, .ids = ids};
  compile_l4(config, topology, options, output.ids, output.plan);
  output.plan.attachments = choose_attachments(topology, options);
  return output;
}

}  // namespace gw::compile
