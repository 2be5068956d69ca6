// SPDX-License-Identifier: Apache-2.0
// load server PORT                        answers each 64-byte request with 64 bytes; on PORT+1 swallows what comes; on
//                                         PORT+2 answers one request and closes
// load rr ADDRESS PORT CONNECTIONS SECONDS    requests over kept connections, one in flight on each
// load crr ADDRESS PORT CONNECTIONS SECONDS   connect, request, response, closed by the server; that many side by side
// load bulk ADDRESS PORT CONNECTIONS SECONDS  sends as much as goes
// The clients print {"count": operations or bytes, "seconds": s, "p50_us": x, "p99_us": y, "errors": n}. IPv4.
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/bench/arguments.hpp"

namespace {

using gw::bench::die;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessage = 64;
constexpr std::size_t kBulkBuffer = 1 << 18;

/// Epoll over sockets that carry a small state each.
class Poller {
 public:
  Poller() : epoll_(epoll_create1(0)) {
    if (epoll_ < 0) die("epoll");
  }
  void add(int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }
  void change(int fd, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) != 0) die("epoll_ctl");
  }
  template <typename Handle>
  void wait(int timeout_ms, Handle handle) {
    std::array<epoll_event, 256> events{};
    const int ready = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
    for (int i = 0; i < ready; ++i)
      handle(events[static_cast<std::size_t>(i)].data.fd, events[static_cast<std::size_t>(i)].events);
  }

 private:
  int epoll_;
};

void set_no_delay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 || listen(fd, 4096) != 0) die("listen");
  return fd;
}

int serve(int port) {
  Poller poller;
  struct State {
    std::size_t pending = 0;  // bytes of an incomplete request
    bool closes = false;      // after the first answer
  };
  const int answering = listen_on(port);
  const int swallowing = listen_on(port + 1);
  const int closing = listen_on(port + 2);
  for (const int listener : {answering, swallowing, closing}) poller.add(listener, EPOLLIN);
  std::unordered_map<int, State> states;  // absent: a swallowing connection
  std::vector<char> buffer(kBulkBuffer);
  std::cout << "listening" << std::endl;
  const auto accept_all = [&](int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      set_no_delay(fd);
      if (listener != swallowing) states[fd] = {0, listener == closing};
      poller.add(fd, EPOLLIN);
    }
  };
  const auto forget = [&](int fd) {
    states.erase(fd);
    close(fd);
  };
  const auto read_one = [&](int fd) {
    const ssize_t length = recv(fd, buffer.data(), buffer.size(), 0);
    if (length <= 0) {
      if (length == 0 || errno != EAGAIN) forget(fd);
      return;
    }
    const auto found = states.find(fd);
    if (found == states.end()) return;
    State& state = found->second;
    state.pending += static_cast<std::size_t>(length);
    for (; state.pending >= kMessage; state.pending -= kMessage) {
      if (send(fd, buffer.data(), kMessage, MSG_NOSIGNAL) < 0) return;
      if (state.closes) return forget(fd);
    }
  };
  for (;;) {
    poller.wait(-1, [&](int fd, std::uint32_t) {
      fd == answering || fd == swallowing || fd == closing ? accept_all(fd) : read_one(fd);
    });
  }
}

struct Settings {
  sockaddr_in target{};
  int connections = 1;
  std::chrono::duration<double> duration{1};
};

struct Tally {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  std::vector<float> latencies_us;
};

void print(Tally& tally, std::chrono::duration<double> took) {
  const auto percentile = [&](double share) {
    if (tally.latencies_us.empty()) return 0.0F;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(tally.latencies_us.size() - 1));
    std::nth_element(tally.latencies_us.begin(), tally.latencies_us.begin() + at, tally.latencies_us.end());
    return tally.latencies_us[static_cast<std::size_t>(at)];
  };
  const float p50 = percentile(0.5);
  const float p99 = percentile(0.99);
  std::cout << fmt::format(
      "{{\"count\": {}, \"seconds\": {:.6f}, \"p50_us\": {:.1f}, \"p99_us\": {:.1f}, \"errors\": {}}}\n", tally.count,
      took.count(), p50, p99, tally.errors);
}

int open_connection(const Settings& settings) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) die("socket");
  set_no_delay(fd);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&settings.target), sizeof(settings.target)) != 0 &&
      errno != EINPROGRESS) {
    die("connect");
  }
  return fd;
}

/// Resets instead of closing: no TIME_WAIT that would use up the ports.
void reset_connection(int fd) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
}

enum class Mode { KeptConnections, NewConnections };

/// Closed loop: each connection has one request in flight.
int request(const Settings& settings, Mode mode) {
  struct State {
    Clock::time_point begin;
    std::size_t received = 0;
    bool connected = false;
  };
  Poller poller;
  Tally tally;
  std::unordered_map<int, State> states;
  std::array<char, kMessage> message{};
  const auto start = [&] {
    const int fd = open_connection(settings);
    states[fd] = {Clock::now(), 0, false};
    poller.add(fd, EPOLLOUT);
  };
  const auto replace = [&](int fd) {
    states.erase(fd);
    reset_connection(fd);
    start();
  };
  // The server has closed first, so that TIME_WAIT is its own, and no port of ours is used up.
  const auto finish = [&](int fd, const State& state) {
    ++tally.count;
    tally.latencies_us.push_back(std::chrono::duration<float, std::micro>(Clock::now() - state.begin).count());
    states.erase(fd);
    close(fd);
    start();
  };
  const auto send_request = [&](int fd, State& state) {
    if (mode == Mode::KeptConnections) state.begin = Clock::now();
    state.received = 0;
    return send(fd, message.data(), message.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(message.size());
  };
  const auto handle = [&](int fd, std::uint32_t events) {
    State& state = states[fd];
    if (!state.connected && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
      state.connected = true;
      poller.change(fd, EPOLLIN);
      if (send_request(fd, state)) return;
    }
    const ssize_t length = recv(fd, message.data(), std::max<std::size_t>(1, message.size() - state.received), 0);
    if (length <= 0) {
      if (length < 0 && errno == EAGAIN) return;
      if (length == 0 && state.received == kMessage) return finish(fd, state);
      ++tally.errors;
      replace(fd);
      return;
    }
    state.received += static_cast<std::size_t>(length);
    if (state.received < kMessage || mode == Mode::NewConnections) return;
    ++tally.count;
    tally.latencies_us.push_back(std::chrono::duration<float, std::micro>(Clock::now() - state.begin).count());
    if (!send_request(fd, state)) {
      ++tally.errors;
      replace(fd);
    }
  };
  for (int i = 0; i < settings.connections; ++i) start();
  const auto begin = Clock::now();
  while (Clock::now() - begin < settings.duration) poller.wait(100, handle);
  const auto took = Clock::now() - begin;
  for (const auto& [fd, state] : states) reset_connection(fd);
  print(tally, took);
  return 0;
}

int bulk(const Settings& settings) {
  Poller poller;
  Tally tally;
  std::vector<int> open;
  const std::vector<char> buffer(kBulkBuffer);
  for (int i = 0; i < settings.connections; ++i) {
    open.push_back(open_connection(settings));
    poller.add(open.back(), EPOLLOUT);
  }
  const auto begin = Clock::now();
  while (Clock::now() - begin < settings.duration) {
    poller.wait(100, [&](int fd, std::uint32_t) {
      const ssize_t length = send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL);
      if (length > 0) tally.count += static_cast<std::uint64_t>(length);
      if (length < 0 && errno != EAGAIN) ++tally.errors;
    });
  }
  const auto took = Clock::now() - begin;
  for (const int fd : open) reset_connection(fd);
  print(tally, took);
  return 0;
}

Settings parse(char** words) {
  Settings settings;
  settings.target.sin_family = AF_INET;
  settings.target.sin_port = htons(static_cast<std::uint16_t>(std::atoi(words[1])));
  settings.target.sin_addr.s_addr = gw::bench::address(words[0]);
  settings.connections = std::atoi(words[2]);
  settings.duration = std::chrono::duration<double>(std::atof(words[3]));
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "server" && argc == 3) return serve(std::atoi(argv[2]));
  if (argc == 6) {
    const Settings settings = parse(argv + 2);
    if (mode == "rr") return request(settings, Mode::KeptConnections);
    if (mode == "crr") return request(settings, Mode::NewConnections);
    if (mode == "bulk") return bulk(settings);
  }
  std::cerr << "usage: load server PORT | load rr|crr|bulk ADDRESS PORT CONNECTIONS SECONDS\n";
  return 2;
}
