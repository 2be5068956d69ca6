// SPDX-License-Identifier: Apache-2.0
// What the admin socket serves: documents that the agent makes after each cycle. docs/cli.md describes their shapes.
#pragma once

#include <string>

namespace gw::admin {

struct Snapshot {
  bool ready = false;        ///< the first plan is in the kernel
  std::string not_ready;     ///< why not; empty if ready
  std::string status_json;   ///< GET /v1/status
  std::string objects_json;  ///< GET /v1/objects
  std::string events_json;   ///< GET /v1/events
  std::string plan_text;     ///< GET /v1/plan
  std::string config_yaml;   ///< GET /v1/config
};

}  // namespace gw::admin
