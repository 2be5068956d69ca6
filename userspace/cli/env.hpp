// SPDX-License-Identifier: Apache-2.0
// What a gwctl command may touch. Tests hand in their own.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/cli/map_view.hpp"

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace gw::cli {

/// Exit codes, the same for every command.
enum ExitCode : std::uint8_t {
  kOk = 0,
  kError = 1,     ///< the command could not do its work; `status`: not ready
  kFindings = 2,  ///< it could, and something needs attention
};

enum class Output : std::uint8_t { Table, Wide, Yaml, Json };

struct Env {
  std::ostream& out;
  std::ostream& err;
  /// GET from the daemon's admin socket.
  std::function<Result<std::string>(const std::string& path)> ask;
  /// Reads the pinned maps.
  std::function<Result<MapView>()> read_maps;
  /// Seconds since the epoch, for ages.
  std::int64_t now = 0;
  /// Seconds of CLOCK_MONOTONIC, for the ages of flows.
  std::uint32_t monotonic = 0;
};

/// Prints "Error: message" and returns kError.
int report(Env& env, const Error& error);

}  // namespace gw::cli
