// SPDX-License-Identifier: Apache-2.0
// HTTP on a unix socket: GET /healthz, /readyz, /v1/status, /v1/objects, /v1/events, /v1/plan,
// /v1/config.
#pragma once

#include "userspace/admin/snapshot.hpp"
#include "userspace/base/error.hpp"

#include <memory>
#include <string>

namespace gw::admin {

class Server {
 public:
  /// Listens on `socket_path` (mode 0660) from a thread of its own. The socket of a dead server is replaced; a live one
  /// is an error. Missing parent directories are made.
  static Result<std::unique_ptr<Server>> start(const std::string& socket_path);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops serving and removes the socket.
  ~Server();

  /// What is served from now on. Any thread.
  void publish(std::shared_ptr<const Snapshot> snapshot);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gw::admin
