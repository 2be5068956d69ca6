// SPDX-License-Identifier: Apache-2.0
#include "userspace/base/error.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace gw {

Error errno_error(int code, std::string_view attempted) {
  return Error{fmt::format("{}: {}", attempted, std::generic_category().message(code)), code};
}

Error with_context(Error error, std::string_view context) {
  error.message = fmt::format("{}: {}", context, error.message);
  return error;
}

namespace detail {

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: invariant does not hold: %s\n", file, line, expression);
  std::abort();
}

}  // namespace detail
}  // namespace gw
