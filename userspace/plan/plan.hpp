// SPDX-License-Identifier: Apache-2.0
// The desired state of the data path, and what was observed of it, as values. `compile` makes a
// Plan, `datapath` reads the kernel into an Observed, `diff` turns the pair into Operations.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/health_check.hpp"
#include "userspace/base/shared_list.hpp"
#include "userspace/base/shared_map.hpp"
#include "userspace/plan/maglev.hpp"
#include "userspace/plan/tables.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace gw::plan {

using ListenerMap = SharedMap<gw_listener_key, gw_listener, maps::BytesLess>;
using BackendMap = SharedMap<std::uint32_t, gw_backend>;  ///< by backend id
using SourceMap = SharedMap<gw_source_key, gw_source_verdict, maps::BytesLess>;
using NameMap = SharedMap<gw_name_key, std::string, maps::BytesLess>;
using IdSet = SharedSet<std::uint32_t>;
using IdleTimeouts = SharedMap<std::uint32_t, std::chrono::seconds>;  ///< by listener id

/// A part of a service's connections and the backends that divide it evenly among themselves.
struct Share {
  std::uint32_t limit = 0;  ///< gw_share.limit
  Table table;              ///< empty: nothing is there, the share is rejected

  bool operator==(const Share&) const = default;
};

struct Service {
  /// At most GW_SERVICE_SHARES_MAX, by rising limit, the last one's UINT32_MAX. None: every connection is rejected.
  std::vector<Share> shares;
  std::uint32_t flags = 0;  ///< gw_service_flags

  bool operator==(const Service&) const = default;
};

using ServiceMap = SharedMap<std::uint32_t, Service>;  ///< by service id

/// The shares that count.
std::span<const gw_share> shares_of(const gw_service& service);
/// The part of all connections that falls to share number `index` of `service`, 0 to 1.
double part_of(const gw_service& service, std::size_t index);

/// True if the backend is this host itself, whose answers are met at tc egress.
inline bool is_local(const gw_backend& backend) { return (backend.flags & GW_BACKEND_LOCAL) != 0; }

/// A backend whose new connections the programs count.
struct Watch {
  PassiveCheck check;
  std::string backend_ref;  ///< "namespace/service:port", for people; one of them if there are several
  IpAddress address;        ///< the endpoint, for people too
  std::uint16_t port = 0;   ///< host byte order

  bool operator==(const Watch&) const = default;
};

using WatchMap = SharedMap<gw_backend_health_key, Watch, maps::BytesLess>;

/// Where programs are wanted. tc is attached on every such link; XDP in front of it where `xdp`.
struct Attachment {
  std::uint32_t ifindex = 0;
  std::string link;  ///< the link's name
  bool xdp = false;
  bool egress = false;  ///< the program at tc egress too: there are backends on addresses of this host
  std::string reason;   ///< why this choice, for status: "veth has no native XDP worth having"

  bool operator==(const Attachment&) const = default;
};

/// A listener of the IR that could not be compiled, or not for each of its addresses: then it is placed, too.
struct Rejection {
  std::string gateway_group;
  std::string listener;  ///< ir::L4Listener::qualified_name()
  std::string reason;    ///< the API's reason: AddressNotUsable, AddressNotAssigned, NoResources, PortUnavailable ...
  std::string message;

  /// "listener NAME: reason: message"
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Rejection&) const = default;
};

/// Which VIPs a listener of the IR ended up on.
struct PlacedListener {
  std::string gateway_group;
  std::string listener;               ///< qualified_name()
  std::vector<gw_listener_key> keys;  ///< its entries in Plan::listeners

  friend bool operator==(const PlacedListener& a, const PlacedListener& b);
};

/// Copies share their content.
struct Plan {
  ListenerMap listeners;
  ServiceMap services;
  BackendMap backends;
  SourceMap sources;
  IdSet limited;               ///< ids of the listeners that have a gw_admission
  WatchMap watched;            ///< those that have a gw_backend_health
  IdleTimeouts idle_timeouts;  ///< where it is not the default: of established TCP connections and UDP flows
  NameMap names;
  SharedList<Attachment> attachments;  ///< sorted by ifindex
  SharedList<PlacedListener> placed;
  SharedList<Rejection> rejections;
  SharedList<std::string> warnings;  ///< sentences for the log and `gwctl status`; sorted, unique

  bool operator==(const Plan&) const = default;
};

/// What the pinned maps held when they were read. Copies share their content.
struct Observed {
  ListenerMap listeners;
  SharedMap<std::uint32_t, gw_service> services;
  BackendMap backends;
  SourceMap sources;
  IdSet limited;
  WatchMap watched;  ///< the keys; the values only as far as a plan is known to be there: settle() knows
  NameMap names;
  ObservedTables tables;
  std::map<std::uint32_t, gw_link> links;
  /// Services of a plan that are known to be in `services`: settle() knows.
  ServiceMap settled;
};

}  // namespace gw::plan
