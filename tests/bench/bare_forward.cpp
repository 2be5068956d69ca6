// SPDX-License-Identifier: Apache-2.0
// bare_forward xdp|tc|tc-flows IN OUT CLIENT_MAC BACKEND_MAC VIP PORT BACKEND BACKEND_PORT [peers]
//     Forwards three ports from PORT on, of VIP, to three from BACKEND_PORT on, of BACKEND: requests from IN to OUT,
//     replies back, with as little work as that can be done with; tc-flows remembers the connections besides. With
//     "peers", tc hands packets to the other ends of IN and OUT. Prints "forwarding" and goes on until it is told to
//     end.
#include <bpf/libbpf.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include "tests/bench/arguments.hpp"
#include "tests/bench/attach.hpp"
#include "tests/bench/bpf/bare_forward.h"
// The skeleton names the direction's type.
#include "bare_forward.skel.h"

namespace {

using namespace gw::bench;

struct Deleter {
  void operator()(bare_forward* skeleton) const { bare_forward::destroy(skeleton); }
};

/// That of the link by which the frames leave.
void set_source_mac(direction& way, const char* device) {
  ifreq request{};
  std::strncpy(request.ifr_name, device, IFNAMSIZ - 1);
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  if (ioctl(socket, SIOCGIFHWADDR, &request) != 0) die(device);
  close(socket);
  std::memcpy(way.macs + 6, request.ifr_hwaddr.sa_data, 6);
}

/// `words`: those of the usage, behind the hook.
void configure(bare_forward& skeleton, char** words) {
  const char *in = words[0], *out = words[1];
  const auto port = static_cast<std::uint16_t>(std::atoi(words[5]));
  const auto backend_port = static_cast<std::uint16_t>(std::atoi(words[7]));
  direction request{address(words[4]), address(words[6]), port, backend_port, link_index(out), {}};
  direction reply{request.address, request.match, backend_port, port, link_index(in), {}};
  put_mac(request.macs, words[3]);
  set_source_mac(request, out);
  put_mac(reply.macs, words[2]);
  set_source_mac(reply, in);
  std::memcpy(const_cast<direction*>(&skeleton.rodata->request), &request, sizeof(request));
  std::memcpy(const_cast<direction*>(&skeleton.rodata->reply), &reply, sizeof(reply));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string hook = argc > 1 ? argv[1] : "";
  constexpr int kWords = 10;
  const bool fits = argc == kWords || (argc == kWords + 1 && std::string(argv[kWords]) == "peers");
  if (!fits || (hook != "xdp" && hook != "tc" && hook != "tc-flows")) {
    std::cerr << "usage: bare_forward xdp|tc|tc-flows IN OUT CLIENT_MAC BACKEND_MAC VIP PORT BACKEND BACKEND_PORT "
                 "[peers]\n";
    return 2;
  }
  const std::unique_ptr<bare_forward, Deleter> skeleton(bare_forward::open());
  if (!skeleton) die("open the programs");
  configure(*skeleton, argv + 2);
  *const_cast<bool*>(&skeleton->rodata->remembers_flows) = hook == "tc-flows";
  *const_cast<bool*>(&skeleton->rodata->to_peers) = argc == kWords + 1;
  if (bare_forward::load(skeleton.get()) != 0) die("load the programs");
  const bool is_xdp = hook == "xdp";
  const bpf_attach_type type = is_xdp ? BPF_XDP : kTcxIngress;
  attach(is_xdp ? skeleton->progs.request_xdp : skeleton->progs.request_tc, argv[2], type);
  attach(is_xdp ? skeleton->progs.reply_xdp : skeleton->progs.reply_tc, argv[3], type);
  std::cout << "forwarding" << std::endl;
  for (;;) pause();
}
