// SPDX-License-Identifier: Apache-2.0
// The real programs over real maps, in a network namespace of the test process, run by BPF_PROG_TEST_RUN.
//
//   clients 10.0.1.2, .3 --- in0 [gateway 10.0.1.1, 10.0.2.1] out0 --- backends 10.0.2.2 .. .5
//
// and the same below 2001:db8:1::/64 and 2001:db8:2::/64. Beyond the first client is a router's network,
// 198.51.100.0/24 and 2001:db8:9::/64; beyond the first backend one with an MTU of 1400, 203.0.113.0/25 and
// 2001:db8:f::/64. Nobody answers for 10.0.1.9 and 10.0.2.9, nor for the gateway of 203.0.113.128/25 and
// 2001:db8:e::/64.
#pragma once

#include "tests/support/packet.hpp"
#include "userspace/base/error.hpp"
#include "userspace/datapath/loader.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gw::testing {

enum class Hook : std::uint8_t { Xdp, Tc, Egress };
std::string to_string(Hook hook);

enum class Verdict : std::uint8_t { Pass, Drop, Sent, Other };
std::string to_string(Verdict verdict);

/// Whether a packet comes with the sum of all of it, as some network cards compute it (CHECKSUM_COMPLETE); on tc and at
/// egress, if the kernel can (6.18 does). It is an error if that is not the sum of what the packet has become. A packet
/// that is cut short loses the sum, but the kernel's test run looks at it all the same: such packets come without.
enum class Sum : std::uint8_t { None, OfPacket };

struct Outcome {
  Verdict verdict = Verdict::Other;
  Bytes frame;
};

inline constexpr Mac kClientMac = {2, 0, 0, 0, 1, 2};
inline constexpr Mac kInMac = {2, 0, 0, 0, 1, 1};
inline constexpr Mac kBackendMac = {2, 0, 0, 0, 2, 2};
inline constexpr Mac kOtherBackendMac = {2, 0, 0, 0, 2, 3};
inline constexpr Mac kThirdBackendMac = {2, 0, 0, 0, 2, 4};
inline constexpr Mac kFourthBackendMac = {2, 0, 0, 0, 2, 5};
inline constexpr Mac kOutMac = {2, 0, 0, 0, 2, 1};

/// Runs a command of the shell in silence.
Result<> sh(const std::string& command);
/// "02:00:00:00:01:02"
std::string mac_text(const Mac& mac);

/// The programs with maps of their own. All of a process share one network, which the first one makes.
class DataPath {
 public:
  /// An error says why there can be none: not root, no BPF.
  static Result<std::unique_ptr<DataPath>> load(std::uint32_t flow_entries);
  ~DataPath();

  /// Empties what packets have written: flows, rings, fragments, rates, next hops, and what one stage leaves to the
  /// next. Counters stay.
  Result<> forget();
  /// Removes the connections that are half-open, and empties the rings.
  Result<> forget_half_open();
  /// The link of the hook is in0 for tc and, as BPF_PROG_TEST_RUN has it, the loopback device for XDP. At egress the
  /// frame is one that this host itself sends. `gso_size`: tc; the frame is one of several segments with that much
  /// payload.
  [[nodiscard]] Result<Outcome> run(Hook hook, const Bytes& frame, std::uint16_t gso_size = 0,
                                    Sum sum = Sum::None) const;
  /// The attached program of the hook.
  [[nodiscard]] int program(Hook hook) const;
  [[nodiscard]] const datapath::Maps& maps() const { return maps_; }
  /// By number, summed over the CPUs. Only those that maps/counter.h names are read.
  [[nodiscard]] Result<std::vector<std::uint64_t>> counters() const;
  /// Entries of one ring of half-open or closed connections.
  [[nodiscard]] std::uint32_t limbo_ring() const;
  [[nodiscard]] std::uint32_t in_ifindex() const { return in_ifindex_; }
  [[nodiscard]] std::uint32_t out_ifindex() const { return out_ifindex_; }

 private:
  /// What packets leave behind.
  struct Traces {
    datapath::RawMap limbo, limbo_next, fragments, source_rates, hops, scratch, counters;
  };
  DataPath(datapath::PinDirectory pins, datapath::Programs programs, datapath::Maps maps, Traces traces);

  datapath::PinDirectory pins_;
  datapath::Programs programs_;
  datapath::Maps maps_;
  Traces traces_;
  std::uint32_t in_ifindex_;
  std::uint32_t out_ifindex_;
  bool has_sums_ = false;  ///< the kernel knows kChecksumComplete
};

}  // namespace gw::testing
