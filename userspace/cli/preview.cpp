// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/preview.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <map>

#include "userspace/net/discover.hpp"
#include "userspace/net/namespace.hpp"
#include "userspace/plan/address.hpp"

namespace gw::cli {
namespace {

struct Settings {
  std::string node_name;
  compile::Options options;
};

/// Of the daemon's configuration what decides on a plan; the defaults where it cannot be asked.
Settings read_settings(Env& env, const ChangeRequest& request) {
  Settings settings{net::host_name(), {}};
  if (!request.state.empty()) return settings;
  const auto text = env.ask("/v1/config");
  if (!text) return settings;
  try {
    const YAML::Node config = YAML::Load(*text);
    settings.node_name = config["nodeName"].as<std::string>(settings.node_name);
    settings.options.attach = compile::attach_mode(config["attach"].as<std::string>("auto"));
    settings.options.interfaces = config["interfaces"].as<std::vector<std::string>>(std::vector<std::string>());
    settings.options.drain = std::chrono::seconds(config["drainSeconds"].as<std::int64_t>(0));
  } catch (const YAML::Exception&) {
    env.err << "the daemon's configuration is not understood: the defaults are taken\n";
  }
  return settings;
}

/// Links and routes are those that the daemon sees.
Result<> go_where_the_daemon_is(Env& env) {
  const auto status = fetch_status(env);
  const auto process = status ? status->value("pid", pid_t{0}) : 0;
  return process == 0 ? Result<>() : net::enter_namespace_of(process);
}

}  // namespace

Result<Preview> make_preview(Env& env, const ChangeRequest& request, const States& states) {
  const Settings settings = read_settings(env, request);
  if (request.state.empty()) {
    if (const auto there = go_where_the_daemon_is(env); !there) return fail(there.error());
  }
  const auto topology = net::discover(settings.node_name);
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
  compile::Output before = compile::compile(preview.before.config, *topology, ids, settings.options);
  if (!preview.is_of_kernel) preview.maps.observed = plan::apply_to({}, plan::diff(before.plan, {}));
  compile::Output after = compile::compile(preview.after.config, *topology, before.ids, settings.options);
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
