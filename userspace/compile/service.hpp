// SPDX-License-Identifier: Apache-2.0
// Private to compile/: one service for one family -> its shares and the backends behind them. Whatever it reads is in
// ServiceInput: if that is the same, so is the result.
#pragma once

#include "userspace/compile/compile.hpp"
#include "userspace/compile/family.hpp"
#include "userspace/compile/placement.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/net/routing.hpp"
#include "userspace/plan/id_table.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace gw::compile {

/// References are only used during the call.
struct ServiceInput {
  const std::string& name;
  Family family;
  const ir::Service* service;  ///< null if there is none of that name
  const ir::Config& config;    ///< for the endpoints
  /// Those that have the service, if it leaves ports as they are.
  const ListenerPorts& listeners;
  const net::Topology& topology;
  const net::Routing& routing;
  const Options& options;
};

struct CompiledService {
  plan::Service service;
  std::map<std::uint32_t, gw_backend> backends;  ///< by id; those of refs without weight too
  std::map<gw_backend_health_key, plan::Watch, maps::BytesLess> watched;
  std::set<ir::ServicePort> ports;  ///< whose endpoints it follows from
  std::set<std::string> warnings;
  bool is_checked = false;  ///< health checks have a say in it
  bool lacks_ids = false;   ///< there were not enough: it may turn out another way the next time
};

/// Takes ids of backends from `ids`, in the order of the refs and their endpoints.
CompiledService compile_service(const ServiceInput& input, plan::IdSpace& ids);

/// Whether direct return is wanted of some ref: nobody rewrites the port then, so the listeners' ports matter.
bool leaves_ports(const ir::Service& service);

}  // namespace gw::compile
