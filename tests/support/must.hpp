// SPDX-License-Identifier: Apache-2.0
// For tests and tools that cannot go on after an error: it ends the test, or is what main() says last.
#pragma once

#include "userspace/base/error.hpp"

#include <stdexcept>
#include <utility>

namespace gw::testing {

[[noreturn]] inline void give_up(const Error& error) { throw std::runtime_error(error.message); }

/// The value; or out to whoever runs us with the error, past the destructors that unpin.
template <typename T>
T must(Result<T> result) {
  if (!result) give_up(result.error());
  return std::move(*result);
}
inline void must(const Result<>& result) {
  if (!result) give_up(result.error());
}

}  // namespace gw::testing
