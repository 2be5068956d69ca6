// SPDX-License-Identifier: Apache-2.0
// live_frames generate DEV TARGET_MAC SOURCE TARGET FIRST_PORT PORTS TARGET_PORT SECONDS
//     Sends 64-byte TCP segments (ACK) out by DEV as fast as one CPU can, by BPF_PROG_TEST_RUN with live frames.
//     Prints {"sent": frames, "seconds": s}.
// live_frames flood DEV TARGET_MAC SOURCE TARGET TARGET_PORT FRAMES
//     Sends that many SYNs, each from an address and port of its own: the last two bytes of SOURCE, which are zero,
//     count up, then the port. Prints the same.
// live_frames pass DEV
//     Passes every frame that DEV receives, and prints "passing". What XDP sends into a veth arrives only if its other
//     end has a program, or GRO on (from Linux 5.13).
// live_frames count DEV
//     Counts and drops every frame that DEV receives. Prints "counting", then the count for each line read.
// live_frames block tcx|clsact DEV
//     Drops all that leaves by DEV, as somebody's policy may. Prints "blocking".
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/arguments.hpp"
#include "tests/bench/attach.hpp"
#include "tests/bench/bpf/live_frames.h"
#include "tests/support/packet.hpp"
// The skeleton names the template's type.
#include "live_frames.skel.h"

namespace {

using Clock = std::chrono::steady_clock;

using namespace gw;
using namespace gw::bench;

constexpr std::size_t kHeaders = testing::kEthernet + testing::kIpv4 + testing::kTcpHeader;

struct Deleter {
  void operator()(live_frames* skeleton) const { live_frames::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<live_frames, Deleter>;

Skeleton load() {
  Skeleton skeleton(live_frames::open_and_load());
  if (!skeleton) die("load the programs");
  return skeleton;
}

/// The frame with source port 0, its checksums included.
void fill(frame_template& frame, const char* target_mac, const char* source, const char* target, std::uint16_t port,
          testing::TcpFlag flag) {
  testing::L4Packet packet{.source_mac = {2},
                           .source = ip_address(address(source)),
                           .target = ip_address(address(target)),
                           .target_port = port,
                           .flags = flag,
                           .seq = 0,
                           .window = 1000,
                           .payload = testing::Bytes(FRAME_SIZE - kHeaders)};
  put_mac(packet.target_mac.data(), target_mac);
  std::ranges::copy(packet.bytes(), frame.bytes);
}

void interrupt_after(double seconds) {
  struct sigaction action{};
  action.sa_handler = [](int) {};  // without SA_RESTART
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = static_cast<time_t>(seconds);
  timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - std::floor(seconds)) * 1e6);
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// Runs `program` that often, or until a signal comes: one call, since each ends by waiting for the kernel's readers.
void send_frames(const Skeleton& skeleton, const bpf_program* program, int frames) {
  std::uint8_t data[FRAME_SIZE] = {};
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = data, .data_size_in = FRAME_SIZE, .repeat = frames,
              .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);
  const auto begin = Clock::now();
  if (bpf_prog_test_run_opts(bpf_program__fd(program), &options) != 0 && errno != EINTR) die("send live frames");
  const std::chrono::duration<double> took = Clock::now() - begin;
  std::cout << fmt::format("{{\"sent\": {}, \"seconds\": {:.6f}}}\n", skeleton->bss->sent, took.count());
}

int generate(char** words) {
  const Skeleton skeleton = load();
  frame_template& frame = skeleton->bss->frame;
  fill(frame, words[1], words[2], words[3], static_cast<std::uint16_t>(std::atoi(words[6])), testing::kAck);
  frame.ifindex = link_index(words[0]);
  frame.first_port = static_cast<std::uint16_t>(std::atoi(words[4]));
  frame.ports = static_cast<std::uint16_t>(std::atoi(words[5]));
  interrupt_after(std::atof(words[7]));
  send_frames(skeleton, skeleton->progs.generate, INT_MAX);
  return 0;
}

int flood(char** words) {
  constexpr std::uint16_t kFirstPort = 1024;
  const Skeleton skeleton = load();
  frame_template& frame = skeleton->bss->frame;
  fill(frame, words[1], words[2], words[3], static_cast<std::uint16_t>(std::atoi(words[4])), testing::kSyn);
  frame.ifindex = link_index(words[0]);
  frame.first_port = kFirstPort;
  send_frames(skeleton, skeleton->progs.flood, std::atoi(words[5]));
  return 0;
}

int pass(const char* device) {
  const Skeleton skeleton = load();
  attach(skeleton->progs.pass, device, BPF_XDP);
  std::cout << "passing" << std::endl;
  for (;;) pause();
}

int count(const char* device) {
  const Skeleton skeleton = load();
  attach(skeleton->progs.count, device, BPF_XDP);
  // What is handed over by bpf_redirect_peer() has passed XDP by.
  if (!try_attach(skeleton->progs.count_tc, device, kTcxIngress) && errno != EINVAL) {
    die("attach to " + std::string(device));
  }
  std::cout << "counting" << std::endl;
  std::vector<std::uint64_t> values(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  for (std::string line; std::getline(std::cin, line);) {
    const std::uint32_t index = 0;
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.frames), &index, values.data()) != 0) die("read the count");
    std::uint64_t sum = 0;
    for (const std::uint64_t value : values) sum += value;
    std::cout << sum << std::endl;
  }
  return 0;
}

/// Until the process ends; a clsact filter stays.
int block(const std::string& how, const char* device) {
  const Skeleton skeleton = load();
  if (how == "tcx") {
    attach(skeleton->progs.count_tc, device, kTcxEgress);
  } else {
    LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(link_index(device)), .attach_point = BPF_TC_EGRESS);
    LIBBPF_OPTS(bpf_tc_opts, filter, .prog_fd = bpf_program__fd(skeleton->progs.count_tc));
    bpf_tc_hook_create(&hook);
    if (bpf_tc_attach(&hook, &filter) != 0) die("attach to " + std::string(device));
  }
  std::cout << "blocking" << std::endl;
  for (;;) pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "generate" && argc == 10) return generate(argv + 2);
  if (mode == "flood" && argc == 8) return flood(argv + 2);
  if (mode == "pass" && argc == 3) return pass(argv[2]);
  if (mode == "count" && argc == 3) return count(argv[2]);
  if (mode == "block" && argc == 4) return block(argv[2], argv[3]);
  std::cerr << "usage: live_frames generate DEV TARGET_MAC SOURCE TARGET FIRST_PORT PORTS TARGET_PORT SECONDS | "
               "flood DEV TARGET_MAC SOURCE TARGET TARGET_PORT FRAMES | count DEV | pass DEV | block tcx|clsact DEV\n";
  return 2;
}
