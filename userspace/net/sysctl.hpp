// SPDX-License-Identifier: Apache-2.0
// Private to net/: settings below /proc/sys, which shows those of the reader's own network namespace.
#pragma once

#include "userspace/base/error.hpp"

#include <fstream>
#include <string>

namespace gw::net {

/// The first line of a setting; an error with code ENOENT if the kernel has no such setting.
inline Result<std::string> read_sysctl(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) return fail_errno(ENOENT, "open " + path);
  if (!std::getline(file, line)) return fail("read " + path);
  return line;
}

inline Result<> write_sysctl(const std::string& path, const std::string& value) {
  std::ofstream file(path);
  file << value << std::flush;
  if (!file) return fail("write \"" + value + "\" to " + path);
  return {};
}

}  // namespace gw::net
