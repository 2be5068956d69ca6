// SPDX-License-Identifier: Apache-2.0
// The contents of the pinned maps as plain values.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/error.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gw::cli {

struct MapView {
  plan::Observed observed;
  std::map<std::uint32_t, plan::MaglevTable> tables;  ///< table id -> slots
  std::vector<std::pair<gw_flow4_key, gw_flow4>> flows4;
  std::vector<std::pair<gw_flow6_key, gw_flow6>> flows6;
  std::vector<std::pair<gw_socket_key, gw_socket>> sockets;
  std::map<std::uint32_t, gw_admission> admission;  ///< by listener id
  std::vector<std::pair<gw_backend_health_key, gw_backend_health>> health;
  gw_control control{};
  std::vector<std::uint64_t> counters;  ///< index is enum gw_counter

  /// The name of an id with the id behind it, "default/web/tcp (3)"; the bare id if it has none.
  [[nodiscard]] std::string name(gw_name_kind kind, std::uint32_t id) const;
};

/// Reads every map below `<pin_dir>/v<schema>`. Works without a running daemon.
Result<MapView> read_map_view(const std::string& pin_dir);

}  // namespace gw::cli
