// SPDX-License-Identifier: Apache-2.0
// What the command line of `portcullis run` says.
#pragma once

#include "maps/names.h"

#include <string>

namespace gw::agent {

struct RunOptions {
  std::string manifests;    ///< directory of YAML and JSON files
  std::string config_file;  ///< empty: defaults
  std::string pin_dir = GW_PIN_DIR_DEFAULT;
  std::string admin_socket = "/run/portcullis/admin.sock";
  std::string attach;  ///< overrides the configuration file's `attach`; empty: does not
  bool unload_on_exit = false;
};

}  // namespace gw::agent
