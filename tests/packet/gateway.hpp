// SPDX-License-Identifier: Apache-2.0
// A gateway for packet tests: the programs of tests/support/data_path.hpp with a configuration of listeners and
// backends.
#pragma once

#include "tests/support/backends.hpp"
#include "tests/support/data_path.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/ir/config.hpp"
#include "userspace/plan/plan.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gw::testing {

/// The addresses of one family.
struct Family {
  IpAddress client, vip, gateway_out, backend, other_backend, silent_backend;
};
const Family& v4();
const Family& v6();

class Gateway {
 public:
  /// Empty maps; one at a time. An error says why there can be none: not root, no BPF.
  static Result<std::unique_ptr<Gateway>> create();
  ~Gateway();

  /// Puts a listener on vip:port with one service over `backends` (equal shares); none: nothing to forward to.
  void listen(const IpAddress& vip, std::uint16_t port, const std::vector<gw_backend>& backends,
              std::uint8_t protocol = kTcp);
  /// As listen(), with the table given slot by slot as indices into `backends`, -1 for rejection.
  void listen_slots(const IpAddress& vip, std::uint16_t port, const std::vector<gw_backend>& backends,
                    const std::vector<int>& slots, std::uint8_t protocol = kTcp);
  /// A service of several shares: parts of 1 and their backend; none: that share is rejected.
  void listen_shares(const IpAddress& vip, std::uint16_t port,
                     const std::vector<std::pair<double, std::optional<gw_backend>>>& shares);
  /// Entries of each flow table.
  static constexpr std::uint32_t kFlowEntries = 8192;

  /// Limits what the listeners made so far let in.
  void admit(const ir::Admission& admission);
  /// All connections of a client go to one backend, on the listeners made so far.
  void use_source_affinity();
  /// Counts what becomes of new connections of `protocol` to the backends made so far.
  void watch(std::uint8_t protocol = kTcp);
  /// The counts of the backend at that address; nothing if it is not watched.
  [[nodiscard]] std::optional<gw_backend_health> health(const IpAddress& address, std::uint8_t protocol = kTcp) const;
  /// Takes the backend at that address out of the maps; its flows stay.
  void remove_backend(const IpAddress& address);
  void set_nat_ports(std::uint16_t first, std::uint16_t last);
  void set_link_xdp(bool xdp);
  /// Makes the link a VLAN's device on a link that XDP serves: frames come in, or leave, with the tags (outermost
  /// first). As the agent tells the programs; the kernel knows nothing of it.
  void put_incoming_link_in_vlan(const std::vector<gw_vlan_tag>& tags);
  void put_backend_link_in_vlan(const std::vector<gw_vlan_tag>& tags);
  void set_forwarding(bool on);
  /// Of the link towards the backends, as the kernel and the agent's map have it.
  void set_backend_link_mtu(std::uint32_t mtu);
  void bump_generation(datapath::NextHops next_hops = datapath::NextHops::ByDestination);
  /// Another MAC address for `backend` of both families.
  void set_backend_neighbour(const Mac& mac);

  Outcome run(Hook hook, const Bytes& frame, Sum sum = Sum::OfPacket);
  [[nodiscard]] std::uint64_t counter(gw_counter counter) const;
  /// The flow stored under the packet's tuple, IPv4 addresses mapped.
  [[nodiscard]] std::optional<gw_flow6> flow(const L4Packet& packet) const;
  [[nodiscard]] std::size_t flows() const;
  /// As if the last packet of that tuple had come so many seconds ago.
  void set_silent_for(const L4Packet& packet, std::uint32_t seconds);
  /// What the agent does all the time: forgets what is idle.
  void expire();

 private:
  explicit Gateway(DataPath& data_path);
  void apply();
  void add_listener(const IpAddress& vip, std::uint16_t port, std::uint8_t protocol, std::uint32_t service);
  void set_links();
  void change(const std::string& command, const std::string& undo);

  const DataPath& data_path_;
  const datapath::Maps& maps_;
  plan::Plan plan_;
  datapath::LinkMaps links_;
  std::uint32_t next_id_ = 1;
  std::vector<std::uint64_t> counters_before_;
  std::vector<std::string> undo_;
};

}  // namespace gw::testing
