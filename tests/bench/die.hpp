// SPDX-License-Identifier: Apache-2.0
// For the small tools of the benchmarks and tests, which have nothing to clean up.
#pragma once

#include <errno.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

namespace gw::bench {

/// Ends the tool with "TOOL: WHAT: errno's message".
[[noreturn]] inline void die(const std::string& what) {
  const int error = errno;
  std::cerr << program_invocation_short_name << ": " << what << ": " << std::strerror(error) << "\n";
  std::exit(1);
}

}  // namespace gw::bench
