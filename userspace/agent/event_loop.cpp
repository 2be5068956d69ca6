// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/event_loop.hpp"

#include <sys/epoll.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include <algorithm>
#include <csignal>
#include <utility>

namespace gw::agent {
namespace {

int call(void* callback) {
  (*static_cast<EventLoop::Callback*>(callback))();
  return 0;
}

int on_io(sd_event_source*, int, uint32_t, void* callback) { return call(callback); }
int on_signal_event(sd_event_source*, const signalfd_siginfo*, void* callback) { return call(callback); }
int on_time(sd_event_source*, uint64_t, void* callback) { return call(callback); }

}  // namespace

Result<EventLoop> EventLoop::create() {
  sd_event* event = nullptr;
  if (const int error = sd_event_new(&event); error < 0) return fail_errno(-error, "create the event loop");
  sd_event_set_watchdog(event, 1);
  return EventLoop(event);
}

EventLoop::EventLoop(EventLoop&& other) noexcept
    : event_(std::exchange(other.event_, nullptr)), callbacks_(std::move(other.callbacks_)) {}

EventLoop& EventLoop::operator=(EventLoop&& other) noexcept {
  std::swap(event_, other.event_);
  std::swap(callbacks_, other.callbacks_);
  return *this;
}

EventLoop::~EventLoop() { sd_event_unref(event_); }

Result<> EventLoop::on_readable(int fd, Callback callback) {
  callbacks_.push_back(std::make_unique<Callback>(std::move(callback)));
  const int error = sd_event_add_io(event_, nullptr, fd, EPOLLIN, on_io, callbacks_.back().get());
  return error < 0 ? fail_errno(-error, "watch a file descriptor") : Result<>{};
}

Result<> EventLoop::on_signal(int signal, Callback callback) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, signal);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  callbacks_.push_back(std::make_unique<Callback>(std::move(callback)));
  const int error = sd_event_add_signal(event_, nullptr, signal, on_signal_event, callbacks_.back().get());
  return error < 0 ? fail_errno(-error, "watch a signal") : Result<>{};
}

Result<EventLoop::Timer> EventLoop::add_timer(Callback callback) {
  callbacks_.push_back(std::make_unique<Callback>(std::move(callback)));
  sd_event_source* source = nullptr;
  // An accuracy of 1 us: sd-event otherwise gathers timers within 250 ms.
  int error = sd_event_add_time(event_, &source, CLOCK_MONOTONIC, 0, 1, on_time, callbacks_.back().get());
  if (error < 0) return fail_errno(-error, "add a timer");
  error = sd_event_source_set_enabled(source, SD_EVENT_OFF);
  if (error < 0) return fail_errno(-error, "add a timer");
  sd_event_source_set_floating(source, 1);
  sd_event_source_unref(source);
  return Timer(source);
}

void EventLoop::Timer::set(std::chrono::steady_clock::time_point when) {
  const auto since_boot = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch());
  sd_event_source_set_time(source_, static_cast<uint64_t>(std::max<std::int64_t>(since_boot.count(), 0)));
  sd_event_source_set_enabled(source_, SD_EVENT_ONESHOT);
}

void EventLoop::Timer::clear() { sd_event_source_set_enabled(source_, SD_EVENT_OFF); }

Result<> EventLoop::run() {
  const int error = sd_event_loop(event_);
  return error < 0 ? fail_errno(-error, "run the event loop") : Result<>{};
}

void EventLoop::stop() { sd_event_exit(event_, 0); }

void notify_service_manager(const char* state) { sd_notify(0, state); }

}  // namespace gw::agent
