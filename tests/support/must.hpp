// SPDX-License-Identifier: Apache-2.0
// For the benchmarks' tools, whose errors all end in one message of main().
#pragma once

#include "userspace/base/error.hpp"

#include <utility>

namespace gw::bench {

[[noreturn]] inline void give_up(Error error) { throw tl::bad_expected_access<Error>(std::move(error)); }

/// The value; or out to main() with the error, past the destructors that unpin.
template <typename T>
T must(Result<T> result) {
  if (!result) give_up(std::move(result).error());
  return std::move(*result);
}
inline void must(Result<> result) {
  if (!result) give_up(std::move(result).error());
}

}  // namespace gw::bench
