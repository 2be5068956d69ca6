// SPDX-License-Identifier: Apache-2.0
// The checker with real servers on the loopback device.
#include "userspace/health/checker.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <thread>

namespace gw::health {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

/// What a server does with a connection that it has accepted; it is closed afterwards.
using Behaviour = std::function<void(int fd, const std::atomic<bool>& stop)>;

void send_all(int fd, std::string_view bytes) { (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

/// As recv() of one byte; -1 if the test ends before anything comes: then nobody runs the checker any more.
ssize_t receive(int fd, char& byte, const std::atomic<bool>& stop) {
  pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
  while (!stop) {
    if (::poll(&waiting, 1, 5) == 1) return ::recv(fd, &byte, 1, 0);
  }
  return -1;
}

/// Reads the request, up to the empty line.
void read_request(int fd, const std::atomic<bool>& stop) {
  std::string request;
  char byte = 0;
  while (!request.ends_with("\r\n\r\n") && receive(fd, byte, stop) == 1) request += byte;
}

Behaviour say(std::string answer) {
  return [answer = std::move(answer)](int fd, const std::atomic<bool>& stop) {
    read_request(fd, stop);
    send_all(fd, answer);
  };
}

void hang(int, const std::atomic<bool>& stop) {
  while (!stop) std::this_thread::sleep_for(milliseconds(1));
}

/// A TCP server on every loopback address, one connection after another.
class Server {
 public:
  explicit Server(Behaviour behaviour, std::uint16_t port = 0) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    socklen_t length = sizeof(address);
    GW_CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    GW_CHECK(::listen(listener_.get(), 4096) == 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, behaviour = std::move(behaviour)] { serve(behaviour); });
  }
  ~Server() {
    stop_ = true;
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve(const Behaviour& behaviour) {
    while (!stop_) {
      pollfd waiting{.fd = listener_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 5) != 1) continue;
      const Fd connection(::accept(listener_.get(), nullptr, nullptr));
      ++connections_;
      behaviour(connection.get(), stop_);
    }
  }

  Fd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_ = false;
  std::atomic<int> connections_ = 0;
  std::thread thread_;
};

/// A port on which nobody listens.
std::uint16_t closed_port() {
  return Server([](int, const std::atomic<bool>&) {}).port();
}

ActiveCheck quick_tcp() {
  ActiveCheck check;
  check.interval = milliseconds(20);
  check.timeout = milliseconds(2000);
  check.unhealthy_threshold = 2;
  return check;
}

ActiveCheck quick_http() {
  ActiveCheck check = quick_tcp();
  check.http = HttpCheck{};
  return check;
}

struct Ref {
  ActiveCheck check;
  std::uint16_t port;
  std::vector<std::string> addresses;
  std::string service = "web";
};

/// One route, "a", with a backendRef for each of `refs`.
ir::Config config(const std::vector<Ref>& refs) {
  ir::Config made;
  ir::Service& service = made.services["a"];
  for (const Ref& ref : refs) {
    std::vector<ir::Endpoint> endpoints;
    for (const auto& address : ref.addresses) endpoints.push_back({IpAddress::parse(address).value(), ref.port, ""});
    ir::WeightedBackends& backends = service.backends.emplace_back();
    backends.name = "default/" + ref.service + ":80";
    backends.port = ir::ServicePort{{"default", ref.service}, "", ir::Protocol::Tcp};
    backends.upstream.health_check.active = ref.check;
    made.endpoints[*backends.port] = ir::EndpointList(std::move(endpoints));
  }
  return made;
}

ir::Config one(const ActiveCheck& check, std::uint16_t port) { return config({{check, port, {"127.0.0.1"}}}); }

class CheckerTest : public ::testing::Test {
 protected:
  void SetUp() override { restart({}); }
  void restart(const Checker::Options& options) { checker_.emplace(Checker::open(options).value()); }
  void watch(const ir::Config& what) { checker_->watch(what, Clock::now()); }

  /// Runs the checker until something has happened that must.
  [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
    const auto deadline = Clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (Clock::now() > deadline) return false;
      pollfd waiting{.fd = checker_->fd(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 1) > 0) checker_->on_ready(Clock::now());
      const auto due = checker_->due();
      if (due && *due <= Clock::now()) checker_->on_due(Clock::now());
      for (auto& change : checker_->take_changes()) changes_.push_back(std::move(change));
    }
    return true;
  }
  /// Why the only endpoint of `what` is taken out.
  std::string why_out(const ir::Config& what) {
    watch(what);
    if (!run_until([this] { return !changes_.empty(); })) return "it is not";
    EXPECT_TRUE(changes_.front().is_out);
    const std::string begin = "is unhealthy: ";
    EXPECT_EQ(changes_.front().what.substr(0, begin.size()), begin);
    return changes_.front().what.substr(begin.size());
  }
  /// The only endpoint has been checked several times, and is healthy.
  void expect_healthy(const ir::Config& what, const Server& server) {
    watch(what);
    ASSERT_TRUE(run_until([&] { return server.connections() >= 5; }));
    EXPECT_TRUE(changes_.empty()) << changes_.front().what;
    EXPECT_TRUE(checker_->unhealthy().empty());
  }

  std::optional<Checker> checker_;
  std::vector<Change> changes_;
};

TEST_F(CheckerTest, AnEndpointThatTakesNoConnectionIsOutAndComesBack) {
  const std::uint16_t port = closed_port();
  EXPECT_EQ(why_out(one(quick_tcp(), port)), "connection refused");
  EXPECT_EQ(changes_.front().endpoint, "127.0.0.1:" + std::to_string(port));
  EXPECT_EQ(changes_.front().backend_ref, "default/web:80");
  ASSERT_EQ(checker_->outages().size(), 1U);
  EXPECT_EQ(checker_->outages()[0].why, "connection refused");
  const Server server([](int, const std::atomic<bool>&) {}, port);
  ASSERT_TRUE(run_until([this] { return changes_.size() == 2; }));
  EXPECT_FALSE(changes_[1].is_out);
  EXPECT_EQ(changes_[1].what, "is healthy again");
  EXPECT_TRUE(checker_->unhealthy().empty());
  EXPECT_TRUE(checker_->outages().empty());
}

TEST_F(CheckerTest, ATcpCheckNeedsNoAnswer) {
  const Server server([](int, const std::atomic<bool>&) {});
  expect_healthy(one(quick_tcp(), server.port()), server);
}

TEST_F(CheckerTest, AnHttpCheckGoesByTheStatus) {
  const Server good(say("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  expect_healthy(one(quick_http(), good.port()), good);
  const Server bad(say("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
  EXPECT_EQ(why_out(one(quick_http(), bad.port())), "HTTP status 503");
}

TEST_F(CheckerTest, TheCheckMayGoToAnotherPort) {
  const Server health(say("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
  const Server served([](int, const std::atomic<bool>&) {});
  ActiveCheck check = quick_http();
  check.port = health.port();
  EXPECT_EQ(why_out(one(check, served.port())), "HTTP status 503");
  EXPECT_EQ(changes_.front().endpoint, "127.0.0.1:" + std::to_string(served.port()));
}

TEST_F(CheckerTest, AnAnswerMayComeSlowly) {
  const Server server([](int fd, const std::atomic<bool>& stop) {
    read_request(fd, stop);
    for (const char byte : std::string_view("HTTP/1.1 204 No Content\r\n")) {
      send_all(fd, {&byte, 1});
      std::this_thread::sleep_for(milliseconds(1));
    }
  });
  expect_healthy(one(quick_http(), server.port()), server);
}

TEST_F(CheckerTest, AnAnswerMayBeHuge) {
  const Server server(say("HTTP/1.1 200 OK\r\n\r\n" + std::string(1 << 20, 'x')));
  expect_healthy(one(quick_http(), server.port()), server);
}

/// Closing a socket with unread bytes sends a RST, which the server would log.
TEST_F(CheckerTest, TheServerSeesTheEndOfAnOrdinaryAnswerInPeace) {
  std::atomic<int> peaceful = 0;
  const Server server([&peaceful](int fd, const std::atomic<bool>& stop) {
    read_request(fd, stop);
    send_all(fd, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 8; ++i) {
      std::this_thread::sleep_for(milliseconds(2));
      send_all(fd, std::string(4096, 'x'));
    }
    ::shutdown(fd, SHUT_WR);
    char byte = 0;
    if (receive(fd, byte, stop) == 0) ++peaceful;
  });
  watch(one(quick_http(), server.port()));
  EXPECT_TRUE(run_until([&] { return peaceful >= 2; }));
  EXPECT_TRUE(changes_.empty());
}

TEST_F(CheckerTest, AServerThatHangsIsOut) {
  const Server server(hang);
  ActiveCheck check = quick_http();
  check.timeout = milliseconds(50);
  EXPECT_EQ(why_out(one(check, server.port())), "no answer within 50 ms");
}

TEST_F(CheckerTest, WhatIsNoHttpIsOut) {
  const Server ssh(say("SSH-2.0-OpenSSH_9.2p1\r\n"));
  EXPECT_EQ(why_out(one(quick_http(), ssh.port())), "the answer is not HTTP/1");
}

TEST_F(CheckerTest, AServerThatSaysNothingIsOut) {
  const Server mute(say(""));
  EXPECT_EQ(why_out(one(quick_http(), mute.port())), "the connection was closed before an HTTP status came");
}

TEST_F(CheckerTest, VerdictsStayWhenOtherEndpointsChange) {
  const std::uint16_t port = closed_port();
  watch(config({{quick_tcp(), port, {"127.0.0.1", "127.0.0.2"}}}));
  ASSERT_TRUE(run_until([this] { return changes_.size() == 2; }));
  watch(config({{quick_tcp(), port, {"127.0.0.2", "127.0.0.3"}}}));
  ASSERT_EQ(checker_->unhealthy().size(), 1U);
  EXPECT_EQ(checker_->unhealthy().begin()->address, IpAddress::parse("127.0.0.2"));
  EXPECT_EQ(checker_->watched(), 2U);
  watch({});
  EXPECT_TRUE(checker_->unhealthy().empty());
  EXPECT_EQ(checker_->watched(), 0U);
  EXPECT_FALSE(checker_->due());
}

TEST_F(CheckerTest, OtherSettingsBeginAnew) {
  const std::uint16_t port = closed_port();
  why_out(one(quick_tcp(), port));
  ActiveCheck other = quick_tcp();
  other.unhealthy_threshold = 1;
  watch(one(other, port));
  EXPECT_TRUE(checker_->unhealthy().empty());
  EXPECT_TRUE(run_until([this] { return changes_.size() == 2; }));
}

TEST_F(CheckerTest, AnEndpointOfTwoBackendRefsIsCheckedOnce) {
  const std::uint16_t port = closed_port();
  const Ref second{quick_tcp(), port, {"127.0.0.1"}, "canary"};
  const auto both = config({{quick_tcp(), port, {"127.0.0.1"}}, second});
  why_out(both);
  EXPECT_EQ(checker_->watched(), 1U);
  EXPECT_EQ(checker_->outages().size(), 2U);
  watch(config({second}));
  ASSERT_EQ(checker_->outages().size(), 1U);
  EXPECT_EQ(checker_->outages()[0].backend_ref, "default/canary:80");
}

TEST_F(CheckerTest, WhatWasUnhealthyBeforeHasToProveItself) {
  const Server server([](int, const std::atomic<bool>&) {});
  checker_->assume_unhealthy({{IpAddress::parse("127.0.0.1").value(), server.port()}});
  watch(config({{quick_tcp(), server.port(), {"127.0.0.1", "127.0.0.2"}}}));
  ASSERT_EQ(checker_->unhealthy().size(), 1U);
  ASSERT_TRUE(run_until([this] { return !changes_.empty(); }));
  EXPECT_FALSE(changes_.front().is_out);
  EXPECT_TRUE(checker_->unhealthy().empty());
  // What comes later is new.
  watch(one(quick_http(), server.port()));
  EXPECT_TRUE(checker_->unhealthy().empty());
}

std::vector<std::string> many_addresses(int number) {
  std::vector<std::string> all;
  for (int i = 0; i < number; ++i)
    all.push_back("127.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1));
  return all;
}

TEST_F(CheckerTest, FirstChecksAreSpreadOverTheInterval) {
  ActiveCheck check = quick_tcp();
  check.interval = std::chrono::seconds(100);
  check.unhealthy_threshold = 1;
  const Clock::time_point begin = Clock::now();
  checker_->watch(config({{check, closed_port(), many_addresses(1000)}}), begin);
  const auto out_after = [this, begin](int seconds) {
    // A call begins a bounded number of checks; each ends at once.
    for (int i = 0; i < 20; ++i) {
      checker_->on_due(begin + std::chrono::seconds(seconds));
      checker_->on_ready(begin + std::chrono::seconds(seconds));
    }
    return checker_->unhealthy().size();
  };
  EXPECT_LT(out_after(0), 30U);
  EXPECT_NEAR(static_cast<double>(out_after(50)), 500, 80);
  EXPECT_EQ(out_after(100), 1000U);
}

TEST_F(CheckerTest, NoMoreSocketsAreHeldThanAllowed) {
  const Server server(hang);
  restart({.most_at_once = 4, .seed = 1});
  ActiveCheck check = quick_http();
  check.interval = milliseconds(1);
  check.timeout = milliseconds(30);
  check.unhealthy_threshold = 1;
  watch(config({{check, server.port(), many_addresses(40)}}));
  const auto open_files = [] {
    int count = 0;
    for (int fd = 0; fd < 1024; ++fd) {
      sockaddr_in peer{};
      socklen_t length = sizeof(peer);
      // The other end is in our process too; only ours is bound to an ephemeral port and has the server's as peer.
      if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == 0 && peer.sin_family == AF_INET) ++count;
    }
    return count;
  };
  int most = 0;
  ASSERT_TRUE(run_until([&] {
    most = std::max(most, open_files());
    return changes_.size() == 40;
  }));
  EXPECT_LE(most, 4 + 1);  // the server holds one of its ends
  EXPECT_GT(checker_->behind(Clock::now()), milliseconds(0));
}

TEST_F(CheckerTest, WantOfOurOwnResourcesIsNotTheEndpointsFault) {
  const Server server([](int, const std::atomic<bool>&) {});
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  watch(one(quick_tcp(), server.port()));
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const bool had_trouble = run_until([this] { return !checker_->own_problem().empty(); });
  const std::string trouble = checker_->own_problem();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(had_trouble);
  EXPECT_THAT(trouble, HasSubstr("open files"));
  EXPECT_TRUE(changes_.empty());
  EXPECT_TRUE(run_until([this] { return checker_->own_problem().empty(); }));
}

}  // namespace
}  // namespace gw::health
