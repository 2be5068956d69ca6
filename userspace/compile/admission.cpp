// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/admission.hpp"

#include "userspace/plan/address.hpp"

namespace gw::compile {

void compile_admission(const ir::Admission& admission, gw_listener& listener, plan::SourceMap& sources,
                       plan::IdSet& limited) {
  const std::uint32_t id = listener.listener_id;
  listener.rate = admission.rate;
  listener.source_rate = admission.source_rate;
  listener.max_connections = admission.max_connections;
  if (!admission.allow.empty()) listener.flags |= GW_LISTENER_ALLOW_LISTED;
  if (!admission.allow.empty() || !admission.deny.empty()) listener.flags |= GW_LISTENER_SOURCES;
  for (const IpPrefix& range : admission.allow) sources.set(plan::to_map(id, range), GW_SOURCE_ALLOW);
  // Last: of two equal ranges this one holds.
  for (const IpPrefix& range : admission.deny) sources.set(plan::to_map(id, range), GW_SOURCE_DENY);
  if (admission.rate == 0 && admission.max_connections == 0) return;
  listener.flags |= GW_LISTENER_LIMITED;
  limited.insert(id);
}

}  // namespace gw::compile
