// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/sockets.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "userspace/base/fd.hpp"

namespace gw::net {
namespace {

/// A server on the loopback, and a socket that is connected to it, in a network namespace of their own.
class Connected : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to end sockets";
    ASSERT_EQ(unshare(CLONE_NEWNET), 0);
    ASSERT_EQ(std::system("ip link set lo up"), 0);
    const int kind = GetParam() == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
    server_ = Fd(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
    client_ = Fd(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(server_.get(), generic, length), 0);
    ASSERT_EQ(::getsockname(server_.get(), generic, &length), 0);
    ASSERT_TRUE(kind == SOCK_DGRAM || ::listen(server_.get(), 1) == 0);
    ASSERT_EQ(::connect(client_.get(), generic, length), 0);
    socket_ = {.cookie = 0,
               .peer = IpAddress::parse("127.0.0.1").value(),
               .port = ntohs(address.sin_port),
               .protocol = static_cast<std::uint8_t>(GetParam())};
    length = sizeof(socket_.cookie);
    ASSERT_EQ(::getsockopt(client_.get(), SOL_SOCKET, SO_COOKIE, &socket_.cookie, &length), 0);
  }
  /// The error that the process finds; EAGAIN: none.
  [[nodiscard]] int error() const {
    char byte = 0;
    return ::recv(client_.get(), &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
  }

  Fd server_;
  Fd client_;
  ConnectedSocket socket_;
};
INSTANTIATE_TEST_SUITE_P(Protocols, Connected, ::testing::Values(IPPROTO_TCP, IPPROTO_UDP));

TEST_P(Connected, SocketsAreEnded) {
  const auto ended = destroy_sockets({socket_});
  if (!ended && ended.error().message.find("not supported") != std::string::npos) {
    GTEST_SKIP() << "needs a kernel with CONFIG_INET_DIAG_DESTROY";
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(error(), ECONNABORTED);
  EXPECT_TRUE(destroy_sockets({socket_})) << "it is gone, which is no error";
}

TEST_P(Connected, OthersAreLeftAlone) {
  ConnectedSocket other_peer = socket_;
  ++other_peer.port;
  ConnectedSocket other_socket = socket_;
  ++other_socket.cookie;
  ASSERT_TRUE(destroy_sockets({other_peer, other_socket}));
  EXPECT_EQ(error(), EAGAIN);
}

}  // namespace
}  // namespace gw::net
