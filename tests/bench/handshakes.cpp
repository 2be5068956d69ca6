// SPDX-License-Identifier: Apache-2.0
// handshakes server DEV PORT
//     Is a TCP server in XDP at DEV. Prints "serving"; ends at the end of standard input.
// handshakes client DEV TARGET_MAC SOURCE TARGET PORT CONNECTIONS SECONDS
//     Opens connections through DEV, that many at a time, each from a source of its own (the last two bytes of SOURCE
//     count up, and must be routed to DEV), and prints
//     {"count": completed, "refused": n, "lost": n, "seconds": s}. See handshakes.bpf.c for what a connection is.
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "handshakes.skel.h"
#include "tests/bench/bpf/handshakes.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFrame = 58;
constexpr std::uint16_t kFirstPort = 2048;
/// Without progress for that long, what is in flight counts as lost.
constexpr std::chrono::milliseconds kPatience{200};

[[noreturn]] void die(const std::string& what) {
  std::cerr << "handshakes: " << what << ": " << std::strerror(errno) << "\n";
  std::exit(1);
}

struct Deleter {
  void operator()(handshakes* skeleton) const { handshakes::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<handshakes, Deleter>;

unsigned link_index(const char* name) {
  const unsigned index = if_nametoindex(name);
  if (index == 0) die(name);
  return index;
}

Skeleton load(const char* port) {
  Skeleton skeleton(handshakes::open_and_load());
  if (!skeleton) die("load the programs");
  skeleton->bss->port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  return skeleton;
}

void attach(const bpf_program* program, const char* device) {
  LIBBPF_OPTS(bpf_link_create_opts, options, .flags = XDP_FLAGS_DRV_MODE);
  if (bpf_link_create(bpf_program__fd(program), static_cast<int>(link_index(device)), BPF_XDP, &options) < 0) {
    die(std::string("attach to ") + device);
  }
}

int serve(const char* device, const char* port) {
  const Skeleton skeleton = load(port);
  attach(skeleton->progs.server, device);
  std::cout << "serving" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}

void put16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

std::uint16_t checksum(const std::uint8_t* bytes, std::size_t length, std::uint32_t sum) {
  for (std::size_t i = 0; i < length; ++i) sum += static_cast<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

using Frame = std::array<std::uint8_t, kFrame>;

/// A SYN with an MSS option; source port and TCP checksum are set for each connection.
Frame syn_frame(const char* target_mac, const char* source, const char* target, const char* port) {
  Frame frame{};
  std::uint8_t* const eth = frame.data();
  if (std::sscanf(target_mac, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", eth, eth + 1, eth + 2, eth + 3, eth + 4,
                  eth + 5) != 6) {
    die("MAC address");
  }
  eth[6] = 2;
  put16(eth + 12, ETH_P_IP);
  std::uint8_t* const ip = eth + 14;
  ip[0] = 0x45;
  put16(ip + 2, kFrame - 14);
  put16(ip + 6, 0x4000);
  ip[8] = 64;
  ip[9] = IPPROTO_TCP;
  if (inet_pton(AF_INET, source, ip + 12) != 1 || inet_pton(AF_INET, target, ip + 16) != 1) die("address");
  put16(ip + 10, checksum(ip, 20, 0));
  std::uint8_t* const tcp = ip + 20;
  put16(tcp + 2, static_cast<std::uint16_t>(std::atoi(port)));
  tcp[12] = 0x60;
  tcp[13] = 0x02;
  put16(tcp + 14, 64000);
  tcp[20] = 2;
  tcp[21] = 4;
  put16(tcp + 22, 1460);
  return frame;
}

constexpr std::uint64_t kPorts = 65536 - kFirstPort;

/// The n-th connection's own source: the port, then the address, counts up.
void set_source(Frame& frame, std::uint64_t number) {
  std::uint8_t* const ip = frame.data() + 14;
  std::uint8_t* const tcp = ip + 20;
  put16(ip + 14, static_cast<std::uint16_t>(1 + number / kPorts));
  put16(ip + 10, 0);
  put16(ip + 10, checksum(ip, 20, 0));
  put16(tcp, static_cast<std::uint16_t>(kFirstPort + number % kPorts));
  put16(tcp + 16, 0);
  // The pseudo-header: addresses, protocol, length.
  std::uint32_t sum = IPPROTO_TCP + 24;
  for (int i = 12; i < 20; i += 2) sum += static_cast<std::uint32_t>(ip[i] << 8 | ip[i + 1]);
  put16(tcp + 16, checksum(tcp, 24, sum));
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
  std::size_t send(std::vector<Frame>& frames) {
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

tally read_tally(const handshakes& skeleton) {
  std::vector<tally> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  const std::uint32_t index = 0;
  if (bpf_map_lookup_elem(bpf_map__fd(skeleton.maps.tallies), &index, per_cpu.data()) != 0) die("read the tally");
  tally sum{};
  for (const auto& one : per_cpu) {
    sum.completed += one.completed;
    sum.refused += one.refused;
  }
  return sum;
}

/// What the sending threads share.
struct Progress {
  const handshakes& skeleton;
  std::uint64_t limit;  ///< connections in flight at most
  Clock::time_point end;
  std::atomic<std::uint64_t> started = 0;
  std::atomic<std::uint64_t> lost = 0;
};

/// One thread on each CPU: what it sends is handled there, as a network card's queues would have it.
void run_on(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  pthread_setaffinity_np(pthread_self(), sizeof(only), &only);
}

void open_connections(Progress& progress, const Frame& first, const char* device) {
  Sender sender(device);
  std::uint64_t done_before = 0;
  auto moved = Clock::now();
  while (Clock::now() < progress.end) {
    const tally now = read_tally(progress.skeleton);
    const std::uint64_t done = now.completed + now.refused;
    if (done != done_before) moved = Clock::now();
    done_before = done;
    if (Clock::now() - moved > kPatience) {
      progress.lost = progress.started - done;
      moved = Clock::now();
    }
    const std::uint64_t in_flight = progress.started - std::min<std::uint64_t>(progress.started, done + progress.lost);
    if (in_flight >= progress.limit) {
      usleep(20);
      continue;
    }
    std::vector<Frame> frames(std::min<std::uint64_t>(progress.limit - in_flight, 64), first);
    std::uint64_t number = progress.started.fetch_add(frames.size());
    for (auto& frame : frames) set_source(frame, number++);
    progress.started -= frames.size() - sender.send(frames);
  }
}

int connect_many(char** words) {
  const Skeleton skeleton = load(words[4]);
  attach(skeleton->progs.client, words[0]);
  const Frame first = syn_frame(words[1], words[2], words[3], words[4]);
  const std::chrono::duration<double> duration(std::atof(words[6]));
  const auto begin = Clock::now();
  Progress progress{.skeleton = *skeleton,
                    .limit = static_cast<std::uint64_t>(std::atoi(words[5])),
                    .end = begin + std::chrono::duration_cast<Clock::duration>(duration)};
  std::vector<std::thread> threads;
  for (int cpu = 0; cpu < static_cast<int>(std::thread::hardware_concurrency()); ++cpu) {
    threads.emplace_back([&progress, &first, words, cpu] {
      run_on(cpu);
      open_connections(progress, first, words[0]);
    });
  }
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = Clock::now() - begin;
  const tally end = read_tally(*skeleton);
  std::cout << fmt::format("{{\"count\": {}, \"refused\": {}, \"lost\": {}, \"seconds\": {:.6f}}}\n", end.completed,
                           end.refused, progress.lost.load(), took.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "server" && argc == 4) return serve(argv[2], argv[3]);
  if (mode == "client" && argc == 9) return connect_many(argv + 2);
  std::cerr << "usage: handshakes server DEV PORT | client DEV TARGET_MAC SOURCE TARGET PORT CONNECTIONS SECONDS\n";
  return 2;
}
