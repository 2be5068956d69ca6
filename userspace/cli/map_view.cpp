// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/map_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "userspace/datapath/loader.hpp"
#include "userspace/datapath/reconcile.hpp"

namespace gw::cli {
namespace {

Result<datapath::Maps> open_maps(const std::string& pin_dir) {
  auto maps = datapath::Maps::open(pin_dir);
  if (!maps && maps.error().code == ENOENT) {
    return fail(fmt::format("no maps below {} (is portcullis running, or has it run, with the same --pin-dir?)",
                            datapath::versioned_dir(pin_dir)));
  }
  return maps;
}

Result<> read_tables(const datapath::Maps& maps, MapView& view) {
  for (const auto& [id, service] : view.observed.services) {
    for (const gw_share& share : plan::shares_of(service)) {
      if (share.slots == 0 || view.tables.contains(share.table_id)) continue;
      auto table = datapath::read_table(maps, share.table_id, share.slots);
      if (!table) return fail(table.error());
      view.tables[share.table_id] = std::move(*table);
    }
  }
  return {};
}

/// Everything that the agent writes. It may be at it: then a service's table is gone when we come to read it, and the
/// new service is there.
Result<> read_plan(const datapath::Maps& maps, MapView& view) {
  constexpr int kAttempts = 10;
  Result<> read;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto observed = datapath::observe(maps);
    if (!observed) return fail(observed.error());
    view.observed = std::move(*observed);
    view.tables.clear();
    read = read_tables(maps, view);
    if (read || read.error().code != ENOENT) return read;
  }
  return read;
}

/// There is no such map where the host's own processes have never been served.
Result<> read_sockets(const std::string& pin_dir, MapView& view) {
  const auto map = datapath::Map<gw_socket_key, gw_socket>::open_pinned(datapath::map_path(pin_dir, GW_MAP_SOCKETS));
  if (!map && map.error().code == ENOENT) return {};
  if (!map) return fail(map.error());
  return map->for_each([&](const auto& key, const auto& socket) { view.sockets.emplace_back(key, socket); });
}

}  // namespace

std::string MapView::name(gw_name_kind kind, std::uint32_t id) const {
  const auto known = observed.names.find(gw_name_key{static_cast<std::uint32_t>(kind), id});
  return known == observed.names.end() ? std::to_string(id) : fmt::format("{} ({})", known->second, id);
}

Result<MapView> read_map_view(const std::string& pin_dir) {
  const auto maps = open_maps(pin_dir);
  if (!maps) return fail(maps.error());
  MapView view;
  Result<> read = read_plan(*maps, view);
  if (!read) return fail(read.error());
  read = maps->flows4.for_each([&](const auto& key, const auto& flow) { view.flows4.emplace_back(key, flow); });
  if (!read) return fail(read.error());
  read = maps->flows6.for_each([&](const auto& key, const auto& flow) { view.flows6.emplace_back(key, flow); });
  if (!read) return fail(read.error());
  read = maps->admission.for_each([&](const auto& id, const auto& value) { view.admission[id] = value; });
  if (!read) return fail(read.error());
  read = maps->backend_health.for_each(
      [&](const auto& key, const auto& counts) { view.health.emplace_back(key, counts); });
  if (!read) return fail(read.error());
  read = read_sockets(pin_dir, view);
  if (!read) return fail(read.error());
  const auto control = maps->control.lookup(0);
  if (!control) return fail(control.error());
  view.control = control->value_or(gw_control{});
  auto counters = maps->counters.sum();
  if (!counters) return fail(counters.error());
  view.counters = std::move(*counters);
  return view;
}

}  // namespace gw::cli
