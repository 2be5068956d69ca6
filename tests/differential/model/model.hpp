// SPDX-License-Identifier: Apache-2.0
// The gateway in plain C++, as docs/, maps/ and the RFCs have it: what becomes of each packet, what is counted, and
// what is remembered. Written to be read, not to be fast; shares no code with bpf/.
#pragma once

#include "maps/counter.h"
#include "tests/differential/model/connection.hpp"
#include "tests/differential/model/emit.hpp"
#include "tests/differential/model/network.hpp"
#include "tests/support/data_path.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gw::differential {

using testing::Hook;
using testing::Verdict;

struct Sizes {
  std::uint32_t flow_entries = 0;  ///< of the table of each family
  std::uint32_t ring = 0;          ///< entries of a ring of half-open or closed connections
};

/// What the programs have chosen where the specification leaves the choice to them.
class Witness {
 public:
  virtual ~Witness() = default;
  struct Flow {
    std::uint16_t source_port = 0;  ///< towards the backend
    std::uint32_t created = 0;
  };
  /// The flow that they have stored under the client's tuple.
  [[nodiscard]] virtual std::optional<Flow> flow(const Tuple& client) const = 0;
  [[nodiscard]] virtual bool counted(gw_counter counter) const = 0;
  /// Seconds of CLOCK_MONOTONIC at which they had the packet.
  [[nodiscard]] virtual std::uint32_t now() const = 0;
};

/// A frame as a program gets it.
struct Arrival {
  Hook hook = Hook::Xdp;
  const Bytes& frame;
  std::uint16_t gso_size = 0;  ///< tc: the segments that are to be cut out of it have so much payload; 0: it is one
};

struct Expectation {
  Verdict verdict = Verdict::Pass;
  Frame frame;
  std::map<gw_counter, std::uint64_t> counters;
  /// A choice of the programs that the specification does not leave to them.
  std::optional<std::string> violation;
};

class Model {
 public:
  explicit Model(Sizes sizes) : sizes_(sizes) {}

  void change(const Change& change);
  Expectation receive(const Arrival& arrival, const Witness& witness);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] const std::list<Connection>& connections() const { return connections_; }
  /// True if a packet with that tuple belongs to a connection.
  [[nodiscard]] bool has_flow(const Tuple& tuple) const { return index_.contains(tuple); }
  /// The connection of that client and VIP.
  [[nodiscard]] const Connection* connection_of(const Tuple& client) const;
  /// Connections of each limited listener, as the programs count them and the agent has last put it right.
  [[nodiscard]] std::map<std::uint32_t, std::int32_t> counted_connections() const;

 private:
  struct Found {
    std::list<Connection>::iterator connection;
    Side side = Side::Client;
  };
  /// A packet on its way through the gateway.
  struct Passage;
  struct RingEntry {
    Tuple client;
    std::uint32_t created = 0;
  };
  struct Ring {
    std::vector<std::optional<RingEntry>> entries;
    std::uint32_t taken = 0;
  };
  enum class Kind : std::uint8_t { HalfOpen, Closed };
  /// What has begun in a second.
  struct Rate {
    std::uint32_t second = 0;
    std::uint32_t begun = 0;
  };
  /// Of a limited listener.
  struct Counts {
    Rate rate;
    std::int32_t connections = 0;
  };
  /// The next hop that was looked up last for a destination.
  struct KnownHop {
    IpAddress destination;
    Hop hop;
  };

  void handle(Passage& passage, const Segment& segment);
  void handle(Passage& passage, const IcmpError& error);
  void pass(Passage& passage);
  void pass_on(Passage& passage, Frame rewritten);
  static bool is_others(const Passage& passage, const std::optional<Found>& found);
  void drop(Passage& passage, gw_counter reason);
  void refuse(Passage& passage, const Segment& segment, gw_counter reason);
  void answer_with_error(Passage& passage, const Segment& segment, std::optional<std::uint32_t> mtu);

  bool knows_ports(Segment& segment);
  void forward(Passage& passage, const Segment& segment, Found found, bool afresh);
  void send(Passage& passage, const Segment& segment, Found found);
  void send_unresolved(Passage& passage, const Segment& segment, Found found);
  void leave_to_tc(Passage& passage);
  void note(Passage& passage, const Segment& segment, Found found);
  Reachable find_hop(Passage& passage, Found found, bool afresh);
  [[nodiscard]] std::optional<Hop> known_hop(const IpAddress& destination) const;
  Reachable look_up_hop(Passage& passage, const IpAddress& destination, Hop& hop);

  void connect(Passage& passage, const Segment& segment);
  std::optional<gw_counter> admit(const Passage& passage, const Segment& segment, const Listener& listener);
  void recount();
  void release(const Connection& connection);
  std::optional<gw_counter> why_not(const Segment& segment, std::uint32_t backend) const;
  static bool take(Rate& rate, std::uint32_t limit, std::uint32_t now);
  Connection connection_for(const Segment& segment, const Listener& listener, std::uint32_t backend) const;
  std::optional<gw_counter> store(Passage& passage, Connection connection);
  void look_up_in_vain(Passage& passage, const Connection& connection);
  std::optional<gw_counter> take_source_port(Passage& passage, Connection& connection);
  gw_counter without_source_port(Passage& passage, const Connection& connection);
  void check_source_port(Passage& passage, const Connection& connection, std::uint16_t port);
  bool is_taken(const Connection& connection, std::uint16_t port);
  static Tuple reply_at(const Connection& connection, std::uint16_t port);

  std::optional<Found> find(const Tuple& tuple);
  void remove(std::list<Connection>::iterator connection);
  void forget(std::list<Connection>::iterator connection);
  void enter_ring(Passage& passage, std::list<Connection>::iterator connection, Kind kind);
  void leave_ring(const Connection& connection);
  void close(Passage& passage, std::list<Connection>::iterator connection);
  [[nodiscard]] std::uint32_t room(bool is_v4) const;

  Sizes sizes_;
  Config config_;
  std::list<Connection> connections_;
  std::map<Tuple, Found> index_;  ///< by the tuples of the packets that arrive
  std::map<FragmentId, std::pair<std::uint16_t, std::uint16_t>> fragments_;
  std::map<std::pair<Kind, bool>, Ring> rings_;  ///< by kind and "is IPv4"
  std::map<std::uint32_t, Counts> counts_;       ///< by listener; the limited ones
  std::map<std::uint32_t, KnownHop> hops_;       ///< by hop_place()
  std::map<std::pair<std::uint32_t, IpAddress>, Rate> source_rates_;
};

}  // namespace gw::differential
