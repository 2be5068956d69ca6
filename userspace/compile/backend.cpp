// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/backend.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "userspace/plan/address.hpp"

namespace gw::compile {
namespace {

using MadeBackend = std::variant<gw_backend, std::string>;

std::string problem(const ir::Endpoint& endpoint, std::string_view what) {
  return fmt::format("endpoint {}: {}; its share of connections is rejected", endpoint.address.to_string(), what);
}

/// A backend that gets packets from our address towards it.
MadeBackend from_our_address(const ir::Endpoint& endpoint, gw_backend backend, const net::Routing& routing) {
  const auto source = routing.source_towards(endpoint.address);
  if (!source) return problem(endpoint, "no route or no address of ours towards it");
  backend.source = plan::to_map(*source);
  return backend;
}

/// RFC 2003 and RFC 2473 for the tunnel. On a segment the frame carries the VIP, so whoever gets it must be the
/// backend.
MadeBackend with_direct_return(const ir::Endpoint& endpoint, const ir::Upstream& upstream, gw_backend backend,
                               const net::Routing& routing) {
  backend.flags = GW_BACKEND_DSR;
  if (upstream.direct_return == ir::DirectReturn::Tunnel) {
    backend.flags |= GW_BACKEND_TUNNEL;
    return from_our_address(endpoint, backend, routing);
  }
  if (routing.is_on_link(endpoint.address)) return backend;
  return problem(endpoint, "directReturn: SameSegment needs it on a link of this node (directReturn: Tunnel does not)");
}

/// `Auto`: a backend on this node sees the client, one elsewhere sees us, since its answers would otherwise not come
/// back this way.
bool keeps_client_address(const ir::Endpoint& endpoint, const ir::Upstream& upstream, const std::string& node_name) {
  if (upstream.source_address == ir::SourceAddress::Preserve) return true;
  if (upstream.source_address == ir::SourceAddress::Masquerade) return false;
  return !endpoint.node.empty() && endpoint.node == node_name;
}

/// Clients on the backend's own link would be answered past us, and so get full NAT. `Preserve` is a promise that
/// answers come back all the same; only the backend itself cannot keep it.
gw_backend that_sees_clients(const ir::Endpoint& endpoint, const ir::Upstream& upstream, gw_backend backend,
                             const net::Routing& routing) {
  const auto source = routing.source_towards(endpoint.address);
  if (!source) return backend;
  const bool is_promised = upstream.source_address == ir::SourceAddress::Preserve;
  backend.source = plan::to_map(*source);
  backend.shared_bits =
      plan::shared_bits(is_promised ? IpPrefix::of(endpoint.address) : routing.segment_of(endpoint.address));
  return backend;
}

}  // namespace

MadeBackend make_backend(const ir::Endpoint& endpoint, const ir::Upstream& upstream, const std::string& node_name,
                         const net::Routing& routing) {
  if (endpoint.address.is_loopback()) {
    return problem(endpoint, "a loopback address cannot be forwarded to (another address of its host can)");
  }
  gw_backend backend{};
  backend.addr = plan::to_map(endpoint.address);
  backend.port = htons(endpoint.port);
  // Our own stack would refuse what comes from an address of its own, so this one sees the client, whatever is asked
  // for.
  if (routing.is_local(endpoint.address)) {
    backend.flags = GW_BACKEND_LOCAL;
    return backend;
  }
  if (upstream.direct_return != ir::DirectReturn::None) {
    return with_direct_return(endpoint, upstream, backend, routing);
  }
  if (keeps_client_address(endpoint, upstream, node_name)) {
    return that_sees_clients(endpoint, upstream, backend, routing);
  }
  backend.flags = GW_BACKEND_FULL_NAT;
  return from_our_address(endpoint, backend, routing);
}

gw_backend combine(gw_backend a, const gw_backend& b) {
  a.drain_seconds = std::max(a.drain_seconds, b.drain_seconds);
  a.flags |= b.flags;
  return a;
}

}  // namespace gw::compile
