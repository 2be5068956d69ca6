// SPDX-License-Identifier: Apache-2.0
// Errors of the environment (a syscall, a peer, a file), as values.
//
// Three kinds of trouble have three mechanisms here: what is wrong in the user's
// configuration is a condition or a Problem; what fails in the environment is a
// Result<T>; a broken invariant of our own is GW_CHECK, which aborts.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace gw {

struct Error {
  std::string message;  ///< what was attempted, on which object, and why it failed
  int code = 0;         ///< errno, or 0 where there is none

  bool operator==(const Error&) const = default;
};

template <typename T = void>
using Result = tl::expected<T, Error>;

/// An Error whose message ends in the text of `code` (an errno value, positive).
Error errno_error(int code, std::string_view attempted);

/// Puts `context` in front of the message: "context: message".
Error with_context(Error error, std::string_view context);

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }
inline tl::unexpected<Error> fail(std::string message) { return fail(Error{std::move(message), 0}); }
inline tl::unexpected<Error> fail_errno(int code, std::string_view attempted) {
  return fail(errno_error(code, attempted));
}

namespace detail {
[[noreturn]] void check_failed(const char* expression, const char* file, int line);
}

}  // namespace gw

/// Aborts with the place when an invariant of ours does not hold. Never for outside input.
#define GW_CHECK(expression) \
  ((expression) ? static_cast<void>(0) : ::gw::detail::check_failed(#expression, __FILE__, __LINE__))
