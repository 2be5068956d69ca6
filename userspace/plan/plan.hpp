// SPDX-License-Identifier: Apache-2.0
// The desired state of the data path, and what was observed of it, as values. `compile` makes a
// Plan, `datapath` reads the kernel into an Observed, `diff` turns the pair into Operations.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/health_check.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace gw::plan {

using ListenerMap = std::map<gw_listener_key, gw_listener, maps::BytesLess>;
using BackendMap = std::map<std::uint32_t, gw_backend>;
using SourceMap = std::map<gw_source_key, gw_source_verdict, maps::BytesLess>;
using NameMap = std::map<gw_name_key, std::string, maps::BytesLess>;

/// A Maglev table: slot -> backend id (GW_BACKEND_REJECT for a rejected share).
using MaglevTable = std::vector<std::uint32_t>;

/// FNV-1a (64 bit) over the ids in slot order, little endian: gw_share.table_hash.
std::uint64_t table_hash(const MaglevTable& table);

/// A part of a service's connections and the backends that divide it evenly among themselves.
struct Share {
  std::uint32_t limit = 0;  ///< gw_share.limit
  MaglevTable table;        ///< empty: nothing is there, the share is rejected

  bool operator==(const Share&) const = default;
};

struct Service {
  /// At most GW_SERVICE_SHARES_MAX, by rising limit, the last one's UINT32_MAX. None: every connection is rejected.
  std::vector<Share> shares;
  std::uint32_t flags = 0;  ///< gw_service_flags

  bool operator==(const Service&) const = default;
};

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

using WatchMap = std::map<gw_backend_health_key, Watch, maps::BytesLess>;

/// Where programs are wanted. tc is attached on every such link; XDP in front of it where `xdp`.
struct Attachment {
  std::uint32_t ifindex = 0;
  std::string link;  ///< the link's name
  bool xdp = false;
  bool egress = false;  ///< the program at tc egress too: there are backends on addresses of this host
  std::string reason;   ///< why this choice, for status: "veth has no native XDP worth having"

  bool operator==(const Attachment&) const = default;
};

/// A listener of the IR that could not be compiled.
struct Rejection {
  std::string gateway_group;
  std::string listener;  ///< ir::L4Listener::qualified_name()
  std::string reason;    ///< the API's reason: AddressNotUsable, AddressNotAssigned, NoResources, PortUnavailable ...
  std::string message;

  bool operator==(const Rejection&) const = default;
};

/// Which VIPs a listener of the IR ended up on.
struct PlacedListener {
  std::string gateway_group;
  std::string listener;               ///< qualified_name()
  std::vector<gw_listener_key> keys;  ///< its entries in Plan::listeners

  friend bool operator==(const PlacedListener& a, const PlacedListener& b);
};

struct Plan {
  ListenerMap listeners;
  std::map<std::uint32_t, Service> services;  ///< by service id
  BackendMap backends;
  SourceMap sources;
  std::set<std::uint32_t> limited;  ///< ids of the listeners that have a gw_admission
  WatchMap watched;                 ///< those that have a gw_backend_health
  /// By listener id, where it is not the default: of established TCP connections and UDP flows.
  std::map<std::uint32_t, std::chrono::seconds> idle_timeouts;
  NameMap names;
  std::vector<Attachment> attachments;  ///< sorted by ifindex
  std::vector<PlacedListener> placed;
  std::vector<Rejection> rejections;
  std::vector<std::string> warnings;  ///< sentences for the log and `gwctl status`; sorted, unique
};

/// What the pinned maps held when they were read.
struct Observed {
  ListenerMap listeners;
  std::map<std::uint32_t, gw_service> services;
  BackendMap backends;
  SourceMap sources;
  std::set<std::uint32_t> limited;
  std::set<gw_backend_health_key, maps::BytesLess> watched;
  NameMap names;
  std::vector<std::uint32_t> tables;  ///< ids in gw_maglev that are set; sorted
  std::map<std::uint32_t, gw_link> links;
};

}  // namespace gw::plan
