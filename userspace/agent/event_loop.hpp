// SPDX-License-Identifier: Apache-2.0
// The agent's event loop: a thin, owning face of sd-event. Single-threaded; callbacks run inside run().
#pragma once

#include "userspace/base/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

struct sd_event;
struct sd_event_source;

namespace gw::agent {

class EventLoop {
 public:
  static Result<EventLoop> create();
  EventLoop(EventLoop&&) noexcept;
  EventLoop& operator=(EventLoop&&) noexcept;
  ~EventLoop();

  using Callback = std::function<void()>;
  /// Calls back whenever `fd` is readable. The caller keeps the fd open as long as the loop.
  Result<> on_readable(int fd, Callback callback);
  /// Blocks the signal for the process and calls back for it. Call before threads are started.
  Result<> on_signal(int signal, Callback callback);

  /// A one-shot timer that can be set again, also from its own callback.
  class Timer {
   public:
    /// Calls back once at `when`; replaces an earlier time.
    void set(std::chrono::steady_clock::time_point when);
    void clear();

   private:
    friend class EventLoop;
    explicit Timer(sd_event_source* source) : source_(source) {}
    sd_event_source* source_;  ///< owned by the loop
  };
  Result<Timer> add_timer(Callback callback);

  /// Until stop(). Sends sd_notify watchdog pings if the service manager asks for them.
  Result<> run();
  void stop();

 private:
  explicit EventLoop(sd_event* event) : event_(event) {}
  sd_event* event_;
  std::vector<std::unique_ptr<Callback>> callbacks_;  ///< sd-event keeps pointers to them
};

/// Tells the service manager (sd_notify); does nothing without one.
void notify_service_manager(const char* state);

}  // namespace gw::agent
