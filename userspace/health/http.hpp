// SPDX-License-Identifier: Apache-2.0
// As much of HTTP/1.1 as a health check needs (RFC 9112): one request, and the status of its response.
#pragma once

#include "userspace/base/health_check.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gw::health {

/// The request of the target's HTTP check, which it has.
std::string http_request(const CheckTarget& target);

/// True for a status that the check takes for right.
bool is_expected(const HttpCheck& check, std::uint16_t status);

/// Reads a response piece by piece, up to the final status line; interim responses (1xx) are skipped.
class HttpStatusReader {
 public:
  /// Bytes that may come before the final status line is complete.
  static constexpr std::size_t kMost = 16384;

  enum class Progress : std::uint8_t { More, Done, Malformed };
  /// Takes the next bytes; not to be called after Done or Malformed.
  Progress feed(std::string_view bytes);
  /// Of the final response, once Done.
  [[nodiscard]] std::uint16_t status() const { return status_; }

 private:
  Progress end_line();

  std::string line_;
  std::size_t taken_ = 0;
  std::uint16_t status_ = 0;
  bool in_interim_ = false;  ///< among the header fields of an interim response
};

}  // namespace gw::health
