// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/compile/backend.hpp"
#include "userspace/compile/health.hpp"

namespace gw::compile {
namespace {

class ServiceCompiler {
 public:
  ServiceCompiler(const ServiceInput& input, plan::IdSpace& ids) : input_(input), ids_(ids) {}

  CompiledService run() && {
    if (input_.service == nullptr) return std::move(made_);
    for (const auto& ref : input_.service->backends) {
      if (ref.port) made_.ports.insert(*ref.port);
    }
    made_.service = compile(*input_.service);
    warn_if_ports_differ(*input_.service);
    return std::move(made_);
  }

 private:
  plan::Service compile(const ir::Service& service);
  plan::Table table_of(const ir::WeightedBackends& ref, const std::vector<std::uint32_t>& backends);
  std::vector<std::uint32_t> backends_of(const ir::WeightedBackends& ref);
  std::uint32_t take(gw_backend backend, const ir::Upstream& upstream);
  void warn_if_ports_differ(const ir::Service& service);

  const ServiceInput& input_;
  plan::IdSpace& ids_;
  CompiledService made_;
};

/// Weight belongs to the ref, exactly (to 1 in 2^32); its endpoints divide it. What has no endpoint of the family keeps
/// its share as rejections.
plan::Service ServiceCompiler::compile(const ir::Service& service) {
  std::uint64_t total = 0;
  for (const auto& ref : service.backends) total += ref.weight;
  plan::Service shares;
  std::uint64_t sum = 0;
  for (const auto& ref : service.backends) {
    // Also of what has no weight: it gets no new connections, but the old ones stay.
    const std::vector<std::uint32_t> backends = backends_of(ref);
    if (ref.weight == 0) continue;
    if (shares.shares.size() == GW_SERVICE_SHARES_MAX) {
      made_.warnings.insert(fmt::format("{}: only {} of its backendRefs are used", input_.name, GW_SERVICE_SHARES_MAX));
      break;
    }
    sum += ref.weight;
    shares.shares.push_back({static_cast<std::uint32_t>((sum << 32) / total - 1), table_of(ref, backends)});
  }
  const bool all_rejected = std::ranges::all_of(shares.shares, [](const auto& share) { return share.table.empty(); });
  if (all_rejected) return {};
  if (service.source_affinity) shares.flags |= GW_SERVICE_SOURCE_AFFINITY;
  return shares;
}

plan::Table ServiceCompiler::table_of(const ir::WeightedBackends& ref, const std::vector<std::uint32_t>& backends) {
  const std::uint32_t slots = plan::table_size(backends.size());
  if (backends.size() > slots) {
    made_.warnings.insert(
        fmt::format("{}: only {} of the {} endpoints of {} are used", input_.name, slots, backends.size(), ref.name));
  }
  std::vector<plan::MaglevEntry> entries;
  entries.reserve(backends.size());
  for (const std::uint32_t id : backends) entries.push_back({plan::identity_of(made_.backends.at(id)), id});
  return plan::Table::of_entries(std::move(entries));
}

/// All that can be used go into the service; those that new connections go to are returned.
std::vector<std::uint32_t> ServiceCompiler::backends_of(const ir::WeightedBackends& ref) {
  const ir::EndpointList endpoints = input_.config.endpoints_of(ref);
  Candidates candidates{ref, {}};
  for (const auto& endpoint : endpoints) {
    if (family_of(endpoint.address) != input_.family) continue;
    auto made = make_backend(endpoint, ref.upstream, input_.topology.node_name, input_.routing);
    if (auto* problem = std::get_if<std::string>(&made)) {
      made_.warnings.insert(std::move(*problem));
      continue;
    }
    if (const std::uint32_t id = take(std::get<gw_backend>(made), ref.upstream); id != 0) {
      candidates.backends.push_back({&endpoint, id});
    }
  }
  made_.is_checked = made_.is_checked || is_checked(ref);
  return choose_healthy(candidates, input_.options.health, made_);
}

/// Notes the backend under its id. 0 if there is none left.
std::uint32_t ServiceCompiler::take(gw_backend backend, const ir::Upstream& upstream) {
  const std::uint32_t id = ids_.acquire(plan::IdTable::backend_key(backend));
  if (id == 0) {
    made_.warnings.insert(fmt::format("more than {} endpoints: the rest gets no connections", GW_BACKENDS_MAX));
    made_.lacks_ids = true;
    return 0;
  }
  backend.drain_seconds = static_cast<std::uint32_t>(upstream.drain_timeout.value_or(input_.options.drain).count());
  const auto [there, is_new] = made_.backends.emplace(id, backend);
  if (!is_new) there->second = combine(there->second, backend);
  return id;
}

void ServiceCompiler::warn_if_ports_differ(const ir::Service& service) {
  for (const auto& ref : service.backends) {
    if (ref.upstream.direct_return == ir::DirectReturn::None) continue;
    const ir::EndpointList endpoints = input_.config.endpoints_of(ref);
    for (const auto& [listener, port] : input_.listeners) {
      const bool differs =
          std::ranges::any_of(endpoints, [port](const auto& endpoint) { return endpoint.port != port; });
      if (!differs) continue;
      made_.warnings.insert(
          fmt::format("{}: directReturn leaves the port as it is, so endpoints must listen on {}, the port "
                      "of listener {}",
                      ref.name, port, listener));
    }
  }
}

}  // namespace

CompiledService compile_service(const ServiceInput& input, plan::IdSpace& ids) {
  return ServiceCompiler(input, ids).run();
}

bool leaves_ports(const ir::Service& service) {
  return std::ranges::any_of(service.backends,
                             [](const auto& ref) { return ref.upstream.direct_return != ir::DirectReturn::None; });
}

}  // namespace gw::compile
