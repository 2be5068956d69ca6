// SPDX-License-Identifier: Apache-2.0
#include "tests/support/backends.hpp"

#include <arpa/inet.h>

#include "userspace/plan/address.hpp"

namespace gw::testing {

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

gw_backend dnat(const IpAddress& address, std::uint16_t port) {
  gw_backend backend{};
  backend.addr = plan::to_map(address);
  backend.port = htons(port);
  return backend;
}

gw_backend full_nat(const IpAddress& address, std::uint16_t port, const IpAddress& source) {
  gw_backend backend = dnat(address, port);
  backend.source = plan::to_map(source);
  backend.flags = GW_BACKEND_FULL_NAT;
  return backend;
}

gw_backend local(const IpAddress& address, std::uint16_t port) {
  gw_backend backend = dnat(address, port);
  backend.flags = GW_BACKEND_LOCAL;
  return backend;
}

gw_backend dsr(const IpAddress& address) {
  gw_backend backend = dnat(address, 0);
  backend.flags = GW_BACKEND_DSR;
  return backend;
}

gw_backend dsr_tunnel(const IpAddress& address, const IpAddress& source) {
  gw_backend backend = dsr(address);
  backend.source = plan::to_map(source);
  backend.flags |= GW_BACKEND_TUNNEL;
  return backend;
}

}  // namespace gw::testing
