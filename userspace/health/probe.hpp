// SPDX-License-Identifier: Apache-2.0
// One check of one endpoint, on a non-blocking socket of this network namespace.
#pragma once

#include "userspace/base/fd.hpp"
#include "userspace/base/health_check.hpp"
#include "userspace/health/http.hpp"
#include "userspace/health/verdict.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace gw::health {

struct CheckResult {
  Outcome outcome = Outcome::Passed;
  std::string why;  ///< it failed, or was inconclusive: "connection refused", "HTTP status 503"
};

class Probe {
 public:
  /// Begins to connect. What cannot even begin has its result at once.
  explicit Probe(const CheckTarget& target);

  /// -1 when it is over.
  [[nodiscard]] int fd() const { return fd_.get(); }
  /// Goes on as far as it can without waiting: to be called whenever the socket has become readable or writable
  /// (EPOLLET).
  void advance();
  /// There is no more time: without a result until now it has failed.
  void time_out();
  /// Nothing as long as it is not known. It may be known before the probe is over: the rest of an HTTP response is
  /// read, so that the server can end it in peace.
  [[nodiscard]] const std::optional<CheckResult>& result() const { return result_; }
  [[nodiscard]] bool is_over() const { return !fd_.is_open(); }

 private:
  enum class State : std::uint8_t { Connecting, Sending, Receiving, Discarding };
  void connect(const CheckTarget& target);
  /// These go one step on; false if the step has to wait, or if there is none any more.
  bool step();
  bool finish_connecting();
  bool send_request();
  bool receive();
  bool read_status(std::string_view bytes);
  void fail(int error);
  void end(CheckResult result);

  State state_ = State::Connecting;
  Fd fd_;
  ActiveCheck check_;
  std::string request_;  ///< what is left to send
  HttpStatusReader reader_;
  std::size_t discarded_ = 0;
  std::optional<CheckResult> result_;
};

}  // namespace gw::health
