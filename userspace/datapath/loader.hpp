// SPDX-License-Identifier: Apache-2.0
// Loads the programs over the pinned maps: maps that are there are taken over with all they hold, the rest is created
// and pinned.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"
#include "userspace/datapath/features.hpp"
#include "userspace/datapath/map.hpp"
#include "userspace/datapath/pins.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gw::datapath {

struct LoadOptions {
  /// Entries of each flow table; a connection takes two. Fixed when the table is created.
  std::uint32_t max_flow_entries = GW_FLOWS_MAX;
  /// Entries of each other hash are at most so many. Tests have few, and walk through them often.
  std::uint32_t max_config_entries = UINT32_MAX;
  Features features{};
};

/// The loaded programs. The descriptors keep them loaded; attached links do so too.
struct Programs {
  Fd tc;
  Fd egress;
  Fd xdp;                ///< not open where the kernel refuses the program
  bool has_tcx = false;  ///< the tc program is to be attached by tcx, not clsact
  /// What the user should know: a feature that is off, a size that could not be changed.
  std::vector<std::string> notes;
};

Result<Programs> load(const PinDirectory& pins, const LoadOptions& options);

/// Typed handles on the pinned maps.
struct Maps {
  Map<gw_listener_key, gw_listener> listeners;
  Map<std::uint32_t, gw_service> services;
  RawMap maglev;
  Map<std::uint32_t, gw_backend> backends;
  Map<gw_flow4_key, gw_flow4> flows4;
  Map<gw_flow6_key, gw_flow6> flows6;
  Map<std::uint32_t, gw_control> control;
  Map<std::uint32_t, gw_link> links;
  Map<gw_vlan_key, std::uint32_t> vlans;
  CounterMap counters;
  Map<gw_source_key, std::uint32_t> sources;
  Map<std::uint32_t, gw_admission> admission;
  Map<gw_backend_health_key, gw_backend_health> backend_health;
  Map<gw_name_key, gw_name> names;

  static Result<Maps> open(const std::string& pin_dir);
};

}  // namespace gw::datapath
