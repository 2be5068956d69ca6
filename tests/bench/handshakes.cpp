// SPDX-License-Identifier: Apache-2.0
// handshakes HOOK server DEV PORT
//     Is a TCP server at DEV. Prints "serving"; ends at the end of standard input. HOOK is xdp, or tc (Linux 6.6).
// handshakes HOOK client DEV TARGET_MAC SOURCE TARGET PORT CONNECTIONS
//     Keeps that many connections through DEV going, one after another, each from a source of its own (the last two
//     bytes of SOURCE count up, and must be routed to DEV). Prints "connecting", then for each line on standard input
//     {"completed": n, "refused": n} so far. At the end of input it opens no more and prints
//     {"alive": connections that were still going on}.
// handshakes.bpf.c says what a connection is.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "handshakes.skel.h"
#include "tests/bench/arguments.hpp"
#include "tests/bench/attach.hpp"
#include "tests/bench/bpf/handshakes.h"
#include "tests/support/packet.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// Without progress for that long, connections are opened anew.
constexpr std::chrono::milliseconds kPatience{200};
constexpr std::chrono::milliseconds kStep{5};

using namespace gw;
using namespace gw::bench;

struct Deleter {
  void operator()(handshakes* skeleton) const { handshakes::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<handshakes, Deleter>;

Skeleton load(const char* port) {
  Skeleton skeleton(handshakes::open_and_load());
  if (!skeleton) die("load the programs");
  skeleton->bss->port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  return skeleton;
}

/// One of a pair of programs, at its hook.
void attach_pair(const std::string& hook, const bpf_program* xdp, const bpf_program* tc, const char* device) {
  if (hook == "xdp") return attach(xdp, device, BPF_XDP);
  attach(tc, device, kTcxIngress);
}

int serve(const std::string& hook, const char* device, const char* port) {
  const Skeleton skeleton = load(port);
  attach_pair(hook, skeleton->progs.server_xdp, skeleton->progs.server_tc, device);
  std::cout << "serving" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}

/// A SYN with an MSS option; the source is set for each connection.
testing::L4Packet syn_to(const char* target_mac, const char* target, const char* port) {
  testing::L4Packet syn{.source_mac = {2},
                        .source = {},
                        .target = ip_address(address(target)),
                        .target_port = static_cast<std::uint16_t>(std::atoi(port)),
                        .seq = CLIENT_SEQ,
                        .window = 64000,
                        .tcp_options = {2, 4, 1460 >> 8, 1460 & 0xff}};
  put_mac(syn.target_mac.data(), target_mac);
  return syn;
}

/// Sends frames out by a link, a batch in one call.
class Sender {
 public:
  explicit Sender(const char* device) : socket_(socket(AF_PACKET, SOCK_RAW, 0)) {
    if (socket_ < 0) die("packet socket");
    const int on = 1;
    setsockopt(socket_, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
    address_.sll_family = AF_PACKET;
    address_.sll_ifindex = static_cast<int>(link_index(device));
    address_.sll_halen = ETH_ALEN;
  }

  /// Returns how many were taken.
  std::size_t send(std::vector<testing::Bytes>& frames) {
    std::vector<iovec> parts(frames.size());
    std::vector<mmsghdr> messages(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      parts[i] = {frames[i].data(), frames[i].size()};
      messages[i].msg_hdr.msg_name = &address_;
      messages[i].msg_hdr.msg_namelen = sizeof(address_);
      messages[i].msg_hdr.msg_iov = &parts[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(socket_, messages.data(), static_cast<unsigned>(messages.size()), 0);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }

 private:
  int socket_;
  sockaddr_ll address_{};
};

class Client {
 public:
  Client(const std::string& hook, char** words)
      : skeleton_(load(words[4])),
        sender_(words[0]),
        first_source_(ntohl(address(words[2]))),
        syn_(syn_to(words[1], words[3], words[4])),
        connections_(static_cast<std::size_t>(std::atoi(words[5]))) {
    skeleton_->bss->first_source = first_source_;
    attach_pair(hook, skeleton_->progs.client_xdp, skeleton_->progs.client_tc, words[0]);
  }

  [[nodiscard]] tally read() const {
    std::vector<tally> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const std::uint32_t index = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.tallies), &index, per_cpu.data()) != 0) die("read the tally");
    tally sum{};
    for (const auto& one : per_cpu) {
      sum.completed += one.completed;
      sum.refused += one.refused;
    }
    return sum;
  }

  void open(std::size_t number) {
    std::vector<testing::Bytes> frames(number);
    std::uint64_t next = __atomic_fetch_add(&skeleton_->bss->next_source, number, __ATOMIC_RELAXED);
    for (auto& frame : frames) frame = syn_of(next++);
    if (sender_.send(frames) != number) die("open connections");
  }

  /// Opens connections in the place of those that were refused or got lost.
  void keep_going() {
    const tally now = read();
    if (now.refused != seen_.refused) open(std::min<std::size_t>(now.refused - seen_.refused, connections_));
    if (now.completed != seen_.completed || now.refused != seen_.refused) moved_ = Clock::now();
    if (Clock::now() - moved_ > kPatience) {
      open(connections_);
      moved_ = Clock::now();
    }
    seen_ = now;
  }

  /// Returns how many connections come to their end from now on.
  std::uint64_t stop() {
    skeleton_->bss->stopped = true;
    const tally before = read();
    std::this_thread::sleep_for(kPatience);
    return read().completed - before.completed;
  }

 private:
  /// That of the n-th connection, from a source of its own: the address, then the port, counts up. As next_syn() does
  /// it.
  testing::Bytes syn_of(std::uint64_t number) {
    syn_.source = ip_address(htonl(first_source_ + static_cast<std::uint32_t>(number % SOURCE_ADDRESSES)));
    syn_.source_port = static_cast<std::uint16_t>(FIRST_SOURCE_PORT + number / SOURCE_ADDRESSES);
    return syn_.bytes();
  }

  Skeleton skeleton_;
  Sender sender_;
  std::uint32_t first_source_;  ///< host byte order
  testing::L4Packet syn_;
  std::size_t connections_;
  tally seen_{};
  Clock::time_point moved_ = Clock::now();
};

bool has_input() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&input, 1, static_cast<int>(kStep.count())) > 0;
}

int connect_many(const std::string& hook, char** words) {
  Client client(hook, words);
  client.open(static_cast<std::size_t>(std::atoi(words[5])));
  std::cout << "connecting" << std::endl;
  for (;;) {
    client.keep_going();
    if (!has_input()) continue;
    std::string line;
    if (!std::getline(std::cin, line)) break;
    const tally now = client.read();
    std::cout << fmt::format("{{\"completed\": {}, \"refused\": {}}}", now.completed, now.refused) << std::endl;
  }
  std::cout << fmt::format("{{\"alive\": {}}}", client.stop()) << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string hook = argc > 1 ? argv[1] : "", mode = argc > 2 ? argv[2] : "";
  const bool has_hook = hook == "xdp" || hook == "tc";
  if (has_hook && mode == "server" && argc == 5) return serve(hook, argv[3], argv[4]);
  if (has_hook && mode == "client" && argc == 9) return connect_many(hook, argv + 3);
  std::cerr << "usage: handshakes xdp|tc server DEV PORT | client DEV TARGET_MAC SOURCE TARGET PORT CONNECTIONS\n";
  return 2;
}
