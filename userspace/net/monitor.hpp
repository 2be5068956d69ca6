// SPDX-License-Identifier: Apache-2.0
// Says when links, their queueing disciplines and filters, addresses, routes, rules or neighbours of this network
// namespace change.
#pragma once

#include "userspace/base/error.hpp"

#include <map>
#include <memory>
#include <string>

struct nl_sock;

namespace gw::net {

class Monitor {
 public:
  static Result<Monitor> open();
  Monitor(Monitor&&) noexcept;
  Monitor& operator=(Monitor&&) noexcept;
  ~Monitor();

  /// Readable when there is something to drain.
  [[nodiscard]] int fd() const;

  struct Changes {
    bool topology = false;    ///< anything but neighbours
    bool neighbours = false;  ///< a neighbour has a new MAC address, or lost it
  };
  /// Reads what has come, without blocking. If messages were lost, everything counts as changed.
  Result<Changes> drain();

 private:
  struct State;
  explicit Monitor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gw::net
