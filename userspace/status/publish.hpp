// SPDX-License-Identifier: Apache-2.0
// Writes status where a user of files finds it: one JSON file per object below a directory.
#pragma once

#include "userspace/api/status_report.hpp"
#include "userspace/base/error.hpp"

#include <map>
#include <string>

namespace gw::status {

/// Files are named "<kind>.<group>_<namespace>_<name>.json" (lower case), replaced atomically, and only when their
/// content changes. A condition keeps its lastTransitionTime while its status stays the same, also across restarts.
class FileStatusWriter {
 public:
  explicit FileStatusWriter(std::string directory) : directory_(std::move(directory)) {}

  /// Makes the directory hold exactly `report`. Files of other names are left alone.
  Result<> write(const api::StatusReport& report);

 private:
  std::string directory_;
  std::map<std::string, std::string> written_;  ///< file name -> content without times
};

}  // namespace gw::status
