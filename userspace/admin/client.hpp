// SPDX-License-Identifier: Apache-2.0
// Asks the agent's admin socket.
#pragma once

#include "userspace/base/error.hpp"

#include <string>

namespace gw::admin {

class Client {
 public:
  explicit Client(std::string socket_path) : socket_path_(std::move(socket_path)) {}

  /// The body of a GET. An error if nobody answers within two seconds, or with another status than 200.
  [[nodiscard]] Result<std::string> get(const std::string& path) const;

 private:
  std::string socket_path_;
};

}  // namespace gw::admin
