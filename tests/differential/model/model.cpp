// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/differential/model/choice.hpp"
#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

/// Source ports that are tried for a new connection.
constexpr std::size_t kTries = 32;

bool is_malformed(const Segment& segment) {
  if (segment.is_udp() || segment.piece == Piece::Later) return false;
  return segment.l4_header < testing::kTcpHeader || segment.l4_header > segment.l4_length;
}

/// On XDP every unicast frame is the link's; tc sees what else the link takes in. At egress it is our own stack's.
bool is_for_us(Hook hook, const Bytes& frame) {
  if ((frame[0] & 1) != 0) return false;
  return hook != Hook::Tc || std::ranges::equal(testing::kInMac, Bytes(frame.begin(), frame.begin() + 6));
}

gw_flow_state first_state(const Segment& segment) {
  if (segment.is_udp()) return GW_FLOW_UDP_REQUEST;
  return is_syn(segment) ? GW_FLOW_SYN_SENT : GW_FLOW_JOINED;
}

/// Of those that the frame is, or will be cut into.
std::size_t longest_packet(const Segment& segment, std::uint16_t gso_size) {
  if (gso_size == 0) return segment.ip_length();
  return segment.l4_at - testing::kEthernet + segment.l4_header + gso_size;
}

/// The range that holds the source with the longest prefix, if one does.
std::optional<std::uint8_t> longest(const std::vector<IpPrefix>& ranges, const IpAddress& source) {
  std::optional<std::uint8_t> length;
  for (const IpPrefix& range : ranges) {
    if (range.contains(source)) length = std::max(length.value_or(0), range.length);
  }
  return length;
}

/// The longest range decides, of equal ones `deny`; with `allow`, what is in no range is denied.
bool is_denied(const Admission& admission, const IpAddress& source) {
  const auto allowed = longest(admission.allow, source);
  const auto denied = longest(admission.deny, source);
  if (!allowed && !denied) return !admission.allow.empty();
  return denied && (!allowed || *denied >= *allowed);
}

/// A client on the backend's own link would be answered past us, so it gets full NAT.
Mode mode_for(const IpAddress& client, const Backend& backend) {
  if (backend.mode != Mode::Dnat || backend.shared_bits == 0) return backend.mode;
  const auto bit = [](const IpAddress& address, std::size_t number) {
    return address.bytes()[number / 8] >> (7 - number % 8) & 1;
  };
  for (std::size_t i = 0; i < backend.shared_bits; ++i) {
    if (bit(client, i) != bit(backend.target.address, i)) return Mode::Dnat;
  }
  return Mode::FullNat;
}

/// Who shares a limit: an IPv6 /64 is one network.
IpAddress of_rates(const IpAddress& source) {
  if (source.is_v4()) return source;
  auto bytes = source.bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return IpAddress::from_v6(bytes);
}

}  // namespace

struct Model::Passage {
  Hook hook;
  const Bytes& frame;
  std::uint16_t gso_size;
  const Witness& witness;
  Expectation result;

  void count(gw_counter counter) { ++result.counters[counter]; }
  void send(Frame sent) {
    result.verdict = Verdict::Sent;
    result.frame = std::move(sent);
  }
  void violate(std::string text) { result.violation = std::move(text); }
};

void Model::change(const Change& change) {
  apply(config_, change);
  const auto limited = limited_listeners(config_);
  std::erase_if(counts_, [&limited](const auto& one) { return !limited.contains(one.first); });
  for (const std::uint32_t id : limited) counts_.try_emplace(id);
  if (std::holds_alternative<Recount>(change)) recount();
}

Expectation Model::receive(const Arrival& arrival, const Witness& witness) {
  Passage passage{arrival.hook, arrival.frame, arrival.gso_size, witness, {}};
  const Parsed parsed = is_for_us(arrival.hook, arrival.frame) ? parse(arrival.frame) : Parsed{Foreign{}};
  if (const auto* segment = std::get_if<Segment>(&parsed)) {
    handle(passage, *segment);
  } else if (const auto* error = std::get_if<IcmpError>(&parsed)) {
    handle(passage, *error);
  } else {
    pass(passage);
  }
  return std::move(passage.result);
}

// What becomes of packets.

void Model::pass(Passage& passage) {
  passage.result.verdict = Verdict::Pass;
  passage.result.frame.bytes = passage.frame;
  if (passage.hook != Hook::Egress) passage.count(GW_EVENT_PASSED);
}

/// What is rewritten goes on through the host's own stack.
void Model::pass_on(Passage& passage, Frame rewritten) {
  passage.result.verdict = Verdict::Pass;
  passage.result.frame = std::move(rewritten);
}

/// At egress only answers of backends on this host concern us.
bool Model::is_others(const Passage& passage, const std::optional<Found>& found) {
  if (passage.hook != Hook::Egress) return false;
  return !found || found->connection->mode != Mode::Local || found->side != Side::Backend;
}

void Model::drop(Passage& passage, gw_counter reason) {
  passage.result.verdict = Verdict::Drop;
  passage.count(reason);
}

void Model::refuse(Passage& passage, const Segment& segment, gw_counter reason) {
  auto reset = reset_for(passage.frame, segment);
  if (!reset) return drop(passage, reason);
  passage.send(std::move(*reset));
  passage.count(reason);
}

void Model::answer_with_error(Passage& passage, const Segment& segment, std::optional<std::uint32_t> mtu) {
  const gw_counter reason = mtu ? GW_DROP_TOO_BIG : GW_DROP_TTL_EXPIRED;
  auto error = error_about(passage.frame, segment, mtu);
  if (!error) return drop(passage, reason);
  passage.send(std::move(*error));
  passage.count(reason);
  passage.count(GW_EVENT_ICMP_SENT);
}

// Segments and datagrams.

/// Later fragments have the ports of the first one, which leaves them if it is ours.
bool Model::knows_ports(Segment& segment) {
  if (segment.piece == Piece::Whole) return true;
  if (segment.piece == Piece::Later) {
    const auto ports = fragments_.find(segment.fragment);
    if (ports == fragments_.end()) return false;
    std::tie(segment.tuple.source.port, segment.tuple.target.port) = ports->second;
    return true;
  }
  if (!find(segment.tuple) && !config_.listeners.contains({segment.tuple.protocol, segment.tuple.target})) {
    fragments_.erase(segment.fragment);  // identifications come round again
    return false;
  }
  fragments_[segment.fragment] = {segment.tuple.source.port, segment.tuple.target.port};
  return true;
}

void Model::handle(Passage& passage, const Segment& arrived) {
  Segment segment = arrived;
  if (!knows_ports(segment)) return pass(passage);
  const auto found = find(segment.tuple);
  if (is_others(passage, found)) return pass(passage);
  if (!found) return connect(passage, segment);
  if (is_malformed(segment)) return drop(passage, GW_DROP_MALFORMED);
  const bool may_begin = found->side == Side::Client && is_request(segment);
  if (found->connection->state == GW_FLOW_CLOSED && may_begin) return connect(passage, segment);
  if (segment.ttl <= 1) return answer_with_error(passage, segment, std::nullopt);
  const bool is_orphan = !config_.backends.contains(found->connection->backend);
  if (is_orphan && may_begin) return connect(passage, segment);
  // A backend that is gone may speak until the client has been told.
  if (is_orphan && (found->side == Side::Client || found->connection->state == GW_FLOW_CLOSED || segment.is_udp())) {
    close(passage, found->connection);
    return refuse(passage, segment, GW_DROP_BACKEND_GONE);
  }
  // Whatever is not a plain packet takes the long way, on which the hop is looked up.
  forward(passage, segment, *found, is_orphan || segment.piece != Piece::Whole || segment.has_extensions);
  if (is_orphan) found->connection->from(found->side).hop.generation = config_.generation - 1;
}

void Model::forward(Passage& passage, const Segment& segment, Found found, bool afresh) {
  switch (find_hop(passage, found, afresh)) {
    case Reachable::Yes: return send(passage, segment, found);
    case Reachable::Unresolved: return send_unresolved(passage, segment, found);
    case Reachable::NoRoute: return drop(passage, GW_DROP_NO_ROUTE);
    case Reachable::ForwardingOff: return drop(passage, GW_DROP_FORWARDING_DISABLED);
  }
}

Reachable Model::find_hop(Passage& passage, Found found, bool afresh) {
  Connection& connection = *found.connection;
  Hop& hop = connection.from(found.side).hop;
  if (!afresh && hop.generation == config_.generation) return Reachable::Yes;
  if (connection.mode == Mode::Local) {
    hop = {.generation = config_.generation, .mtu = UINT16_MAX};
    return Reachable::Yes;
  }
  const Reachable reachable = look_up_hop(passage, connection.rewritten(found.side).target.address, hop);
  const std::uint32_t outer = connection.mode != Mode::Tunnel ? 0U : connection.client.is_v4() ? 20U : 40U;
  if (reachable == Reachable::Yes) hop.mtu -= outer;
  if (connection.mode == Mode::Tunnel) hop.peer = false;
  return reachable;
}

/// What was looked up in this generation, where the destination decides alone.
std::optional<Hop> Model::known_hop(const IpAddress& destination) const {
  const auto known = hops_.find(hop_place(destination));
  if (!config_.hops_by_destination || known == hops_.end() || known->second.destination != destination) {
    return std::nullopt;
  }
  return known->second.hop.generation == config_.generation ? std::optional(known->second.hop) : std::nullopt;
}

/// Writes `hop` only if there is one.
Reachable Model::look_up_hop(Passage& passage, const IpAddress& destination, Hop& hop) {
  if (const auto known = known_hop(destination)) {
    hop = *known;
    return Reachable::Yes;
  }
  const Route route = route_to(destination, config_);
  if (route.reachable != Reachable::Yes) return route.reachable;
  passage.count(GW_EVENT_NEXT_HOP_REFRESHED);
  const Link& link = route.link == LinkName::In ? config_.in : config_.out;
  hop = {config_.generation, route.link, route.source, route.target, route.mtu, link.xdp, link.peer};
  hops_[hop_place(destination)] = {destination, hop};
  return Reachable::Yes;
}

void Model::leave_to_tc(Passage& passage) {
  passage.result.verdict = Verdict::Pass;
  passage.result.frame.bytes = passage.frame;
  passage.count(GW_EVENT_XDP_TO_TC);
}

void Model::send(Passage& passage, const Segment& segment, Found found) {
  const Hop& hop = found.connection->from(found.side).hop;
  if (passage.hook == Hook::Xdp && !hop.xdp) return leave_to_tc(passage);
  if (longest_packet(segment, passage.gso_size) > hop.mtu) return answer_with_error(passage, segment, hop.mtu);
  if (found.connection->mode == Mode::Local) {
    pass_on(passage, forwarded(passage.frame, segment, *found.connection, found.side, nullptr));
  } else {
    passage.send(forwarded(passage.frame, segment, *found.connection, found.side, &hop));
  }
  passage.count(GW_EVENT_FORWARDED);
  note(passage, segment, found);
}

/// Through the kernel's own neighbour resolution, which XDP cannot reach.
void Model::send_unresolved(Passage& passage, const Segment& segment, Found found) {
  if (passage.hook == Hook::Xdp) return leave_to_tc(passage);
  passage.send(forwarded(passage.frame, segment, *found.connection, found.side, nullptr));
  passage.count(GW_EVENT_NEIGHBOUR_UNRESOLVED);
  note(passage, segment, found);
}

void Model::note(Passage& passage, const Segment& segment, Found found) {
  const gw_flow_state before = found.connection->state;
  track(*found.connection, found.side, segment);
  leave_ring(*found.connection);
  if (found.connection->state == GW_FLOW_CLOSED && before != GW_FLOW_CLOSED) {
    release(*found.connection);
    enter_ring(passage, found.connection, Kind::Closed);
  }
}

// New connections.

/// The packet has no flow, or one that is over.
void Model::connect(Passage& passage, const Segment& segment) {
  const auto listener = config_.listeners.find({segment.tuple.protocol, segment.tuple.target});
  if (listener == config_.listeners.end()) return pass(passage);
  if (is_malformed(segment)) return drop(passage, GW_DROP_MALFORMED);
  if (segment.ttl <= 1) return answer_with_error(passage, segment, std::nullopt);
  if (const auto over = find(segment.tuple)) forget(over->connection);
  if (segment.has(testing::kRst)) return refuse(passage, segment, GW_DROP_STRAY_RST);
  // In silence: an answer to each would make the gateway help a flood.
  if (const auto reason = admit(passage, segment, listener->second)) return drop(passage, *reason);
  const auto service = config_.services.find(listener->second.service);
  const std::uint32_t backend = service == config_.services.end() ? 0 : choose_backend(service->second, segment.tuple);
  if (const auto reason = why_not(segment, backend)) return refuse(passage, segment, *reason);
  const Connection connection = connection_for(segment, listener->second, backend);
  if (const auto reason = store(passage, connection)) {
    if (*reason == GW_DROP_FLOW_TABLE_FULL && is_request(segment)) look_up_in_vain(passage, connection);
    return refuse(passage, segment, *reason);
  }
  forward(passage, segment, *find(segment.tuple), true);
}

/// In this order; what an earlier limit has let pass counts for it, whatever a later one says.
std::optional<gw_counter> Model::admit(const Passage& passage, const Segment& segment, const Listener& listener) {
  const Admission& admission = listener.admission;
  const IpAddress& source = segment.tuple.source.address;
  if (is_denied(admission, source)) return GW_DROP_SOURCE_DENIED;
  const std::uint32_t now = passage.witness.now();
  if (admission.source_rate != 0 && !take(source_rates_[{listener.id, of_rates(source)}], admission.source_rate, now)) {
    return GW_DROP_SOURCE_RATE;
  }
  if (!admission.is_limited()) return std::nullopt;
  Counts& counts = counts_.at(listener.id);
  if (admission.max_connections != 0 && counts.connections >= std::int64_t{admission.max_connections}) {
    return GW_DROP_CONNECTION_LIMIT;
  }
  if (admission.rate != 0 && !take(counts.rate, admission.rate, now)) return GW_DROP_RATE;
  return std::nullopt;
}

bool Model::take(Rate& rate, std::uint32_t limit, std::uint32_t now) {
  if (rate.second != now) rate = {now, 0};
  if (rate.begun >= limit) return false;
  ++rate.begun;
  return true;
}

/// Whoever is not closed counts, also those that began when the listener had no limits.
void Model::recount() {
  for (auto& [id, counts] : counts_) {
    counts.connections = static_cast<std::int32_t>(std::ranges::count_if(
        connections_, [id](const Connection& one) { return one.listener == id && one.state != GW_FLOW_CLOSED; }));
  }
}

/// The connection is closed, or forgotten before it was.
void Model::release(const Connection& connection) {
  const auto counts = counts_.find(connection.listener);
  if (connection.is_counted && counts != counts_.end()) --counts->second.connections;
}

std::map<std::uint32_t, std::int32_t> Model::counted_connections() const {
  std::map<std::uint32_t, std::int32_t> connections;
  for (const auto& [id, counts] : counts_) connections[id] = counts.connections;
  return connections;
}

std::optional<gw_counter> Model::why_not(const Segment& segment, std::uint32_t backend) const {
  const auto found = config_.backends.find(backend);
  if (found == config_.backends.end()) return GW_DROP_NO_BACKEND;
  if (is_request(segment)) return std::nullopt;
  // In mid-stream: the port that full NAT had chosen is lost, and an answer to a SYN is no part of a client's stream.
  const bool is_full_nat = mode_for(segment.tuple.source.address, found->second) == Mode::FullNat;
  if (is_full_nat || segment.has(testing::kSyn)) return GW_DROP_NO_FLOW;
  return std::nullopt;
}

Connection Model::connection_for(const Segment& segment, const Listener& listener, std::uint32_t id) const {
  const Backend& backend = config_.backends.at(id);
  Connection connection;
  connection.client = connection.server = segment.tuple;
  connection.mode = mode_for(segment.tuple.source.address, backend);
  connection.backend = id;
  connection.listener = listener.id;
  connection.is_counted = listener.admission.is_limited();
  connection.state = first_state(segment);
  connection.server.target.address = backend.target.address;
  if (connection.hears_backend()) connection.server.target.port = backend.target.port;
  const bool has_own_source = connection.mode == Mode::FullNat || connection.mode == Mode::Tunnel;
  if (has_own_source) connection.server.source.address = backend.source;
  if (segment.piece != Piece::Later) connection.from_backend.acked = end_of(segment);
  if (is_syn(segment)) connection.from_client.end = end_of(segment);
  const auto known = known_hop(segment.tuple.source.address);
  if (known && connection.hears_backend() && connection.mode != Mode::Local) connection.from_backend.hop = *known;
  return connection;
}

/// The tuple of the backend's answers if the connection had that source port towards it.
Tuple Model::reply_at(const Connection& connection, std::uint16_t port) {
  Tuple server = connection.server;
  server.source.port = port;
  return server.reversed();
}

/// A closed connection gives its port up.
bool Model::is_taken(const Connection& connection, std::uint16_t port) {
  const auto holder = find(reply_at(connection, port));
  return holder && holder->connection->state != GW_FLOW_CLOSED;
}

/// Why the connection got no source port; the programs may say so only if it is true.
gw_counter Model::without_source_port(Passage& passage, const Connection& connection) {
  if (passage.witness.counted(GW_DROP_FLOW_TABLE_FULL) && room(connection.client.is_v4()) < 2) {
    return GW_DROP_FLOW_TABLE_FULL;
  }
  std::size_t taken = 0;
  for (std::uint32_t port = config_.nat_first; port <= config_.nat_last; ++port) {
    taken += is_taken(connection, static_cast<std::uint16_t>(port)) ? 1 : 0;
  }
  const bool keeps_own = connection.keeps_client();
  const std::size_t span = config_.nat_last - config_.nat_first + 1U;
  const bool own_is_free = keeps_own && !is_taken(connection, connection.client.source.port);
  if (own_is_free || taken < std::min(span, kTries - (keeps_own ? 1 : 0))) {
    passage.violate(fmt::format("no source port was found, but only {} of {} are taken", taken, span));
  }
  return GW_DROP_NAT_PORTS_EXHAUSTED;
}

/// DNAT keeps the client's own port if it is free; every other one is of the range, and free.
void Model::check_source_port(Passage& passage, const Connection& connection, std::uint16_t port) {
  if (is_taken(connection, port)) return passage.violate(fmt::format("source port {} is in use", port));
  const std::uint16_t own = connection.client.source.port;
  const bool keeps_own = connection.keeps_client() && !is_taken(connection, own);
  if (keeps_own && port != own) passage.violate(fmt::format("source port {} although the client's own is free", port));
  if (!keeps_own && (port < config_.nat_first || port > config_.nat_last)) {
    passage.violate(fmt::format("source port {} is outside of the range", port));
  }
}

/// Takes a source port towards the backend that tells the connection's answers from all others.
std::optional<gw_counter> Model::take_source_port(Passage& passage, Connection& connection) {
  const auto seen = passage.witness.flow(connection.client);
  if (!seen) return without_source_port(passage, connection);
  check_source_port(passage, connection, seen->source_port);
  if (const auto holder = find(reply_at(connection, seen->source_port))) remove(holder->connection);
  connection.server.source.port = seen->source_port;
  return std::nullopt;
}

std::optional<gw_counter> Model::store(Passage& passage, Connection connection) {
  if (connection.hears_backend()) {
    if (const auto reason = take_source_port(passage, connection)) return reason;
  }
  if (room(connection.client.is_v4()) < (connection.hears_backend() ? 2U : 1U)) return GW_DROP_FLOW_TABLE_FULL;
  const auto seen = passage.witness.flow(connection.client);
  connection.created = seen ? seen->created : 0;
  connections_.push_front(std::move(connection));
  const auto stored = connections_.begin();
  index_[stored->client] = {stored, Side::Client};
  if (stored->hears_backend()) index_[stored->server.reversed()] = {stored, Side::Backend};
  passage.count(GW_EVENT_FLOW_CREATED);
  const auto counts = counts_.find(stored->listener);
  if (stored->is_counted && counts != counts_.end()) ++counts->second.connections;
  enter_ring(passage, stored, Kind::HalfOpen);
  return std::nullopt;
}

/// The forward entry is stored complete with its hop, which is thus known before there is no room for it.
void Model::look_up_in_vain(Passage& passage, const Connection& connection) {
  const std::uint32_t reply_entries = connection.hears_backend() ? 1 : 0;
  if (room(connection.client.is_v4()) != reply_entries || connection.mode == Mode::Local) return;
  Hop unused;
  look_up_hop(passage, connection.server.target.address, unused);
}

// What is remembered.

std::optional<Model::Found> Model::find(const Tuple& tuple) {
  const auto found = index_.find(tuple);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

const Connection* Model::connection_of(const Tuple& client) const {
  const auto found = index_.find(client);
  return found == index_.end() || found->second.side != Side::Client ? nullptr : &*found->second.connection;
}

/// Entries that are free in the family's table.
std::uint32_t Model::room(bool is_v4) const {
  const auto entries = std::ranges::count_if(index_, [is_v4](const auto& one) { return one.first.is_v4() == is_v4; });
  return sizes_.flow_entries - static_cast<std::uint32_t>(entries);
}

void Model::remove(std::list<Connection>::iterator connection) {
  std::erase_if(index_, [connection](const auto& one) { return one.second.connection == connection; });
  connections_.erase(connection);
}

/// Whatever state it is in.
void Model::forget(std::list<Connection>::iterator connection) {
  if (connection->state != GW_FLOW_CLOSED) release(*connection);
  remove(connection);
}

void Model::close(Passage& passage, std::list<Connection>::iterator connection) {
  if (connection->state == GW_FLOW_CLOSED) return;
  release(*connection);
  connection->state = GW_FLOW_CLOSED;
  leave_ring(*connection);
  enter_ring(passage, connection, Kind::Closed);
}

/// The oldest entry makes room: its connection is forgotten if it still is of that kind.
void Model::enter_ring(Passage& passage, std::list<Connection>::iterator connection, Kind kind) {
  Ring& ring = rings_[{kind, connection->client.is_v4()}];
  ring.entries.resize(sizes_.ring);
  if (kind == Kind::HalfOpen) connection->place = ring.taken % sizes_.ring;
  auto& entry = ring.entries[ring.taken++ % sizes_.ring];
  const auto old = entry ? find(entry->client) : std::nullopt;
  if (old && old->side == Side::Client && old->connection != connection && old->connection->created == entry->created &&
      (kind == Kind::HalfOpen ? old->connection->is_half_open() : old->connection->state == GW_FLOW_CLOSED)) {
    forget(old->connection);
    if (kind == Kind::HalfOpen) passage.count(GW_EVENT_HALF_OPEN_REMOVED);
  }
  entry = RingEntry{connection->client, connection->created};
}

/// What is half-open no more gives up its place among the half-open, so that a later connection between the same ends
/// is not taken for it.
void Model::leave_ring(const Connection& connection) {
  if (connection.is_half_open()) return;
  auto& entry = rings_[{Kind::HalfOpen, connection.client.is_v4()}].entries[connection.place];
  if (entry && entry->client == connection.client) entry.reset();
}

// ICMP errors.

/// The entry of the other direction, found under the quoted tuple turned round, does the translation.
void Model::handle(Passage& passage, const IcmpError& error) {
  const auto found = find(error.quoted.reversed());
  if (!found || is_others(passage, found)) return pass(passage);
  if (error.ttl <= 1) return drop(passage, GW_DROP_TTL_EXPIRED);
  Connection& connection = *found->connection;
  if (!config_.backends.contains(connection.backend)) return pass(passage);
  const Hop& hop = connection.from(found->side).hop;
  const Reachable reachable = find_hop(passage, *found, false);
  if (reachable == Reachable::NoRoute) return drop(passage, GW_DROP_NO_ROUTE);
  if (reachable == Reachable::ForwardingOff) return drop(passage, GW_DROP_FORWARDING_DISABLED);
  const bool is_resolved = reachable == Reachable::Yes;
  if (passage.hook == Hook::Xdp && !(is_resolved && hop.xdp)) return leave_to_tc(passage);
  const bool is_local = connection.mode == Mode::Local;
  Frame frame = translated(passage.frame, error, connection, found->side, is_resolved && !is_local ? &hop : nullptr);
  is_local ? pass_on(passage, std::move(frame)) : passage.send(std::move(frame));
  passage.count(GW_EVENT_ICMP_TRANSLATED);
}

}  // namespace gw::differential
