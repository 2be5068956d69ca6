// SPDX-License-Identifier: Apache-2.0
// The daemon's settings: one struct, every field with a default, read from YAML. Unknown fields are errors.
#pragma once

#include "maps/names.h"
#include "userspace/base/error.hpp"
#include "userspace/compile/compile.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace gw::config {

struct NatPorts {
  std::uint16_t first = 0;  ///< both 0: the largest span outside of net.ipv4.ip_local_port_range
  std::uint16_t last = 0;
};

struct FlowSettings {
  std::uint32_t max_entries =
      GW_FLOWS_MAX;                     ///< of each family's table; a connection takes two; 100 bytes and overhead each
  std::chrono::seconds handshake{240};  ///< idle times until a flow is forgotten, by TCP state (RFC 5382, REQ-5)
  std::chrono::seconds established{7440};
  std::chrono::seconds closing{240};
  std::chrono::seconds closed{60};
  std::chrono::seconds udp_request{30};  ///< UDP without an answer
  std::chrono::seconds udp_stream{120};
};

struct Config {
  std::string node_name;                       ///< compared with endpoints' nodeName; default: the host name
  std::string status_dir;                      ///< default: "status" beside the admin socket
  std::string attach = "auto";                 ///< auto | xdp | tc
  std::vector<std::string> interfaces;         ///< names or shell patterns; empty: every Ethernet link
  std::vector<std::string> disabled_features;  ///< of the kernel's (maps/feature.h): done without
  bool enable_forwarding = true;               ///< switch on IP forwarding on the links we attach to
  std::string cgroup = "auto";      ///< whose processes are served: auto (the root of cgroup v2) | off | a directory
  std::chrono::seconds drain{300};  ///< flows stay that long with a backend that is gone; 0: not at all
  std::string log_level = "info";   ///< trace | debug | info | warning | error
  NatPorts nat_ports;
  FlowSettings flows;
};

/// An error names the file, line, column and field.
Result<Config> load(const std::string& path);
/// An error names line, column and field.
Result<Config> parse(const std::string& text);

/// The whole configuration as YAML, as parse() would read it.
std::string to_yaml(const Config& config);

/// What it says of plans.
compile::Options compile_options(const Config& config);

}  // namespace gw::config
