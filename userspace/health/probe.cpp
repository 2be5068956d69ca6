// SPDX-License-Identifier: Apache-2.0
#include "userspace/health/probe.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace gw::health {
namespace {

/// Of a response that nobody wants: enough for any page that a check should ask for.
constexpr std::size_t kDiscardMost = 65536;

/// What is wrong on our side, and says nothing of the endpoint.
bool is_our_own(int error) {
  constexpr std::array own = {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL, EACCES, EPERM};
  return std::ranges::find(own, error) != own.end();
}

/// "connection refused"
std::string describe(int error) {
  std::string text = std::generic_category().message(error);
  text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

bool must_wait(int error) { return error == EAGAIN; }

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

SocketAddress to_socket_address(const IpAddress& address, std::uint16_t port) {
  SocketAddress made;
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data() + 12, sizeof(v4.sin_addr));
    made.length = sizeof(v4);
    std::memcpy(&made.storage, &v4, sizeof(v4));
    return made;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes().data(), sizeof(v6.sin6_addr));
  made.length = sizeof(v6);
  std::memcpy(&made.storage, &v6, sizeof(v6));
  return made;
}

/// Closes by a RST, as nothing was said: neither side keeps a connection in TIME_WAIT.
void close_at_once(Fd& fd) {
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  fd.reset();
}

}  // namespace

Probe::Probe(const CheckTarget& target) : check_(target.check) {
  if (check_.http) request_ = http_request(target);
  connect(target);
}

void Probe::connect(const CheckTarget& target) {
  const SocketAddress address = to_socket_address(target.address, check_.port.value_or(target.port));
  fd_ = Fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd_.is_open()) {
    fail(errno);
    return;
  }
  const int connected = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
  if (connected != 0 && errno != EINPROGRESS) fail(errno);
}

void Probe::advance() {
  while (!is_over() && step()) {
  }
}

bool Probe::step() {
  switch (state_) {
    case State::Connecting: return finish_connecting();
    case State::Sending: return send_request();
    case State::Receiving:
    case State::Discarding: break;
  }
  return receive();
}

bool Probe::finish_connecting() {
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    fail(error);
    return false;
  }
  SocketAddress peer{.length = sizeof(sockaddr_storage)};
  if (::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.length) != 0) return false;
  if (check_.http) {
    state_ = State::Sending;
    return true;
  }
  result_ = CheckResult{};
  close_at_once(fd_);
  return false;
}

bool Probe::send_request() {
  const ssize_t sent = ::send(fd_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (!must_wait(errno)) fail(errno);
    return false;
  }
  request_.erase(0, static_cast<std::size_t>(sent));
  if (request_.empty()) state_ = State::Receiving;
  return true;
}

bool Probe::receive() {
  std::array<char, 4096> buffer;
  const ssize_t received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
  if (received < 0 && must_wait(errno)) return false;
  if (state_ == State::Discarding) {
    discarded_ += static_cast<std::size_t>(std::max<ssize_t>(received, 0));
    if (received > 0 && discarded_ < kDiscardMost) return true;
    fd_.reset();
    return false;
  }
  if (received < 0) {
    fail(errno);
    return false;
  }
  if (received == 0) {
    end({Outcome::Failed, "the connection was closed before an HTTP status came"});
    return false;
  }
  return read_status({buffer.data(), static_cast<std::size_t>(received)});
}

bool Probe::read_status(std::string_view bytes) {
  switch (reader_.feed(bytes)) {
    case HttpStatusReader::Progress::More: return true;
    case HttpStatusReader::Progress::Malformed: end({Outcome::Failed, "the answer is not HTTP/1"}); return false;
    case HttpStatusReader::Progress::Done: break;
  }
  state_ = State::Discarding;
  const bool is_right = is_expected(*check_.http, reader_.status());
  result_ = is_right ? CheckResult{} : CheckResult{Outcome::Failed, fmt::format("HTTP status {}", reader_.status())};
  return true;
}

void Probe::time_out() {
  const char* const missing = state_ == State::Connecting ? "no connection" : "no answer";
  if (!result_) result_ = CheckResult{Outcome::Failed, fmt::format("{} within {} ms", missing, check_.timeout.count())};
  close_at_once(fd_);
}

void Probe::fail(int error) { end({is_our_own(error) ? Outcome::Inconclusive : Outcome::Failed, describe(error)}); }

void Probe::end(CheckResult result) {
  result_ = std::move(result);
  fd_.reset();
}

}  // namespace gw::health
