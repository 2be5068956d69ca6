// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/env.hpp"

namespace gw::cli {

int report(Env& env, const Error& error) {
  env.err << "Error: " << error.message << "\n";
  return kError;
}

}  // namespace gw::cli
