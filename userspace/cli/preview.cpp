// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/preview.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <map>
#include <set>
#include <utility>

#include "userspace/config/config.hpp"
#include "userspace/net/discover.hpp"
#include "userspace/net/namespace.hpp"
#include "userspace/plan/address.hpp"

namespace gw::cli {
namespace {

/// The daemon's configuration; the defaults where it cannot be asked.
config::Config read_config(Env& env, const ChangeRequest& request) {
  config::Config defaults;
  defaults.node_name = net::host_name();
  if (!request.state.empty()) return defaults;
  const auto text = env.ask("/v1/config");
  if (!text) return defaults;
  auto config = config::parse(*text);
  if (config) return std::move(*config);
  env.err << fmt::format("the daemon's configuration is not understood, so the defaults are taken: {}\n",
                         config.error().message);
  return defaults;
}

/// What the daemon's health checks have found, by the maps: what is out of use stays so on both sides of a change.
plan::Health health_of(const plan::Observed& observed, const ir::Config& config) {
  plan::Health health;
  std::set<std::pair<IpAddress, std::uint16_t>> unhealthy;
  for (const auto& [id, backend] : observed.backends) {
    if ((backend.flags & GW_BACKEND_UNHEALTHY) != 0) {
      unhealthy.emplace(plan::to_ip(backend.addr), ntohs(backend.port));
    }
    if ((backend.flags & GW_BACKEND_EJECTED) == 0) continue;
    for (const std::uint32_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
      health.ejected.emplace(gw_backend_health_key{id, protocol}, 0);
    }
  }
  if (unhealthy.empty()) return health;
  ir::for_each_backend(config, [&](const ir::WeightedBackends& ref) {
    const auto& active = ref.upstream.health_check.active;
    if (!active) return;
    for (const auto& endpoint : config.endpoints_of(ref)) {
      if (!unhealthy.contains({endpoint.address, endpoint.port})) continue;
      health.unhealthy.insert({endpoint.address, endpoint.port, *active});
    }
  });
  return health;
}

/// Links and routes are those that the daemon sees.
Result<> go_where_the_daemon_is(Env& env) {
  const auto status = fetch_status(env);
  const auto process = status ? status->value("pid", pid_t{0}) : 0;
  return process == 0 ? Result<>() : net::enter_namespace_of(process);
}

}  // namespace

Result<Preview> make_preview(Env& env, const ChangeRequest& request, const States& states) {
  const config::Config config = read_config(env, request);
  if (request.state.empty()) {
    if (const auto there = go_where_the_daemon_is(env); !there) return fail(there.error());
  }
  const auto topology = net::discover(config.node_name);
  if (!topology) return fail(topology.error());
  Preview preview;
  if (request.state.empty()) {
    if (auto maps = env.read_maps()) {
      preview.maps = std::move(*maps);
      preview.is_of_kernel = true;
    }
  }
  preview.before = translate::translate(states.before, {});
  preview.after = translate::translate(states.after, {});
  auto ids = plan::IdTable::restore(preview.maps.observed);
  ids.keep_draining(plan::draining({}, preview.maps.observed));
  compile::Options options = config::compile_options(config);
  options.health = health_of(preview.maps.observed, preview.before.config);
  compile::Output before = compile::compile(preview.before.config, *topology, ids, options);
  if (!preview.is_of_kernel) preview.maps.observed = plan::apply_to({}, plan::diff(before.plan, {}));
  options.health = health_of(preview.maps.observed, preview.after.config);
  compile::Output after = compile::compile(preview.after.config, *topology, before.ids, options);
  preview.plan_before = std::move(before.plan);
  preview.plan_after = std::move(after.plan);
  preview.operations = plan::diff(preview.plan_after, preview.maps.observed, env.monotonic);
  return preview;
}

std::vector<std::string> draining_connections(const Preview& preview) {
  std::map<std::uint32_t, std::size_t> connections;
  const auto count = [&](const gw_flow& flow) {
    if ((flow.flags & GW_FLOW_REPLY) == 0) ++connections[flow.backend_id];
  };
  for (const auto& [key, flow] : preview.maps.flows4) count(flow.flow);
  for (const auto& [key, flow] : preview.maps.flows6) count(flow.flow);
  std::vector<std::string> sentences;
  for (const auto& [id, backend] : preview.maps.observed.backends) {
    const auto found = connections.find(id);
    if (found == connections.end() || preview.plan_after.backends.contains(id)) continue;
    sentences.push_back(fmt::format(
        "{} connections with backend {}: they {}, then get a RST at their next packet", found->second,
        plan::endpoint_text(backend.addr, backend.port),
        backend.drain_seconds == 0 ? "do not drain" : fmt::format("go on for {} s", backend.drain_seconds)));
  }
  return sentences;
}

void print_list(Env& env, const char* title, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  env.out << title << ":\n";
  for (const std::string& line : lines) env.out << "  " << line << "\n";
}

}  // namespace gw::cli
