// SPDX-License-Identifier: Apache-2.0
// Writes status where a user of files finds it: one JSON file per object below a directory.
#pragma once

#include "userspace/api/status_report.hpp"
#include "userspace/base/error.hpp"

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>

namespace gw::status {

/// Files are named "<kind>.<group>_<namespace>_<name>.json" (lower case), replaced atomically, and only when their
/// object's status changes. A condition keeps its lastTransitionTime while its status stays the same, also across
/// restarts.
class FileStatusWriter {
 public:
  explicit FileStatusWriter(std::string directory) : directory_(std::move(directory)) {}

  /// Makes the directory hold exactly `report`. Files of other names are left alone.
  Result<> write(std::shared_ptr<const api::StatusReport> report);

 private:
  Result<> remove_strays(const api::StatusReport& report);
  Result<> replace(const api::ObjectRef& ref, const nlohmann::json& object);

  std::string directory_;
  std::shared_ptr<const api::StatusReport> written_;  ///< what the directory holds; null: not known
};

}  // namespace gw::status
