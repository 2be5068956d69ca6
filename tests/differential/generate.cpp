// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/generate.hpp"

#include <algorithm>
#include <utility>

#include "maps/backend.h"
#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

using testing::kAck;
using testing::kFin;
using testing::kPsh;
using testing::kRst;
using testing::kSyn;
using testing::kTcp;
using testing::kUdp;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

/// An address of either family.
struct Pair {
  const char* v4;
  const char* v6;
};
IpAddress of(const Pair& pair, bool is_v4) { return ip(is_v4 ? pair.v4 : pair.v6); }

/// On the link, behind its router (two, of one IPv6 network), one that does not answer, a backend that calls.
const std::vector<Pair> kClients = {{"10.0.1.2", "2001:db8:1::2"},     {"10.0.1.3", "2001:db8:1::3"},
                                    {"198.51.100.7", "2001:db8:9::7"}, {"198.51.100.200", "2001:db8:9:0:8000::7"},
                                    {"10.0.1.9", "2001:db8:1::9"},     {"10.0.2.2", "2001:db8:2::2"}};
const std::vector<Pair> kVips = {{"10.0.1.1", "2001:db8:1::1"}, {"10.0.2.1", "2001:db8:2::1"}};
/// On the link, behind a router with a smaller MTU, without a neighbour, behind a router that does not answer, nowhere.
const std::vector<Pair> kBackends = {{"10.0.2.2", "2001:db8:2::2"},      {"10.0.2.3", "2001:db8:2::3"},
                                     {"10.0.2.4", "2001:db8:2::4"},      {"10.0.2.5", "2001:db8:2::5"},
                                     {"203.0.113.4", "2001:db8:f::4"},   {"10.0.2.9", "2001:db8:2::9"},
                                     {"203.0.113.200", "2001:db8:e::4"}, {"192.0.2.1", "2001:db8:ffff::1"}};
/// The first of these are ordinary.
constexpr std::uint32_t kOrdinaryClients = 2;
constexpr std::uint32_t kOrdinaryBackends = 5;

const Pair kGatewayOut = {"10.0.2.1", "2001:db8:2::1"};
const Pair kRouter = {"198.51.100.77", "2001:db8:9::77"};

/// Slots of Maglev tables over the backends 1 to 4 of a family; 0 refuses, 9 is none. Few, because the kernel takes its
/// time to make one.
const std::vector<std::vector<std::uint32_t>> kTables = {
    {1},       {2},    {3},          {4},    {1, 2},       {3, 4},
    {1, 2, 3}, {1, 0}, {4, 3, 2, 1}, {1, 9}, {2, 2, 2, 3}, {1, 3, 1, 3, 1, 3, 1, 3, 2, 2, 2, 2, 4, 4, 4, 4, 0, 1}};

constexpr std::uint32_t kBackendIds = 4;

const std::vector<Pair> kRanges = {{"10.0.1.0/24", "2001:db8:1::/64"},
                                   {"10.0.1.2/32", "2001:db8:1::2/128"},
                                   {"10.0.1.2/31", "2001:db8:1::2/127"},
                                   {"10.0.0.0/8", "2001:db8::/32"},
                                   {"0.0.0.0/0", "::/0"},
                                   {"198.51.100.0/24", "2001:db8:9::/64"}};

}  // namespace

Generator::Generator(std::uint64_t seed, std::uint64_t number) {
  std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                         static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32)};
  random_.seed(sequence);
}

std::uint32_t Generator::below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }

Case Generator::make() {
  // A third of the cases has a table so small that connections have to make room for each other.
  case_.flow_entries = one_in(3) ? 32 : 512;
  const std::vector<std::vector<Path>> choices = {
      {Path::Xdp}, {Path::Tc}, {Path::Chain}, {Path::Xdp, Path::Tc, Path::Chain}};
  paths_ = any_of(choices);
  configure();
  add_talkers();
  const std::uint32_t steps = one_in(5) ? between(1, 10) : between(10, 80);
  const std::size_t begin = case_.steps.size();
  while (case_.steps.size() < begin + steps) step();
  return std::move(case_);
}

// The configuration.

/// On one of the gateway's own addresses.
Backend Generator::local_backend(bool is_v4) {
  is_answered_here_ = true;
  return {Mode::Local, {of(any_of(kVips), is_v4), static_cast<std::uint16_t>(one_in(4) ? 80 : 8080)}, {}};
}

Backend Generator::backend(bool is_v4) {
  if (one_in(10)) return local_backend(is_v4);
  const Mode mode = any_of<Mode>({Mode::Dnat, Mode::Dnat, Mode::FullNat, Mode::FullNat, Mode::Dsr, Mode::Tunnel});
  has_tunnel_ |= mode == Mode::Tunnel;
  const std::uint32_t count = one_in(6) ? static_cast<std::uint32_t>(kBackends.size()) : kOrdinaryBackends;
  const std::uint16_t port = mode == Mode::Dnat || mode == Mode::FullNat ? (one_in(4) ? 80 : 8080) : 0;
  Backend backend{mode, {of(kBackends[below(count)], is_v4), port}, {}};
  // Clients that share the backend's link, or the client that is the backend.
  if (mode == Mode::Dnat && one_in(3)) {
    const std::uint8_t link = is_v4 ? 96 + 24 : 64;
    backend.shared_bits = any_of<std::uint8_t>({link, GW_SHARED_BITS_SELF, 96 + 29, 96 + 30, 96 + 31});
  }
  const bool has_source = mode == Mode::FullNat || mode == Mode::Tunnel || backend.shared_bits != 0;
  if (has_source) backend.source = of(kGatewayOut, is_v4);
  return backend;
}

Service Generator::service(const Family& family) {
  Service service{one_in(6), {}};
  const std::uint32_t count = one_in(25) ? 0 : one_in(8) ? 16 : between(1, 3);
  for (std::uint32_t i = 0; i < count; ++i) {
    const bool is_last = i + 1 == count;
    Share share{is_last ? UINT32_MAX : static_cast<std::uint32_t>(0xffffffffULL * (i + 1) / count), {}};
    if (!one_in(20)) share.slots = any_of(kTables);
    for (std::uint32_t& id : share.slots) id += id != 0 ? family.first_backend - 1 : 0;
    service.shares.push_back(std::move(share));
  }
  return service;
}

Admission Generator::admission(bool is_v4) {
  Admission admission;
  const auto ranges = [&] {
    std::vector<IpPrefix> some;
    for (const Pair& range : kRanges) {
      if (one_in(4)) some.push_back(IpPrefix::parse(is_v4 ? range.v4 : range.v6).value());
    }
    return some;
  };
  if (one_in(3)) admission.allow = ranges();
  if (one_in(3)) admission.deny = ranges();
  if (one_in(3)) admission.rate = between(1, 5);
  if (one_in(3)) admission.source_rate = between(1, 4);
  if (one_in(3)) admission.max_connections = between(1, 5);
  return admission;
}

SetListener Generator::listener(const Family& family) {
  const std::uint16_t port = one_in(8) ? 20001 : 80;  // also one in the range of NAT ports
  const std::uint32_t service = family.first_service + below(family.services);
  return {{one_in(3) ? kUdp : kTcp, {of(any_of(kVips), family.is_v4), port}},
          {static_cast<std::uint32_t>(listeners_.size() + 101), one_in(20) ? 0 : service,
           one_in(5) ? admission(family.is_v4) : Admission{}}};
}

void Generator::add_family(const Family& family) {
  families_.push_back(family);
  for (std::uint32_t i = 0; i < kBackendIds; ++i) {
    case_.steps.emplace_back(Change(SetBackend{family.first_backend + i, backend(family.is_v4)}));
  }
  for (std::uint32_t i = 0; i < family.services; ++i) {
    case_.steps.emplace_back(Change(SetService{family.first_service + i, service(family)}));
  }
  for (std::uint32_t i = between(1, 4); i > 0; --i) {
    listeners_.push_back(listener(family));
    case_.steps.emplace_back(Change(listeners_.back()));
  }
}

void Generator::configure() {
  const std::uint32_t span = one_in(3) ? between(1, 3) : one_in(3) ? between(4, 40) : 10000;
  if (span != 10000) case_.steps.emplace_back(Change(SetNatPorts{20000, static_cast<std::uint16_t>(20000 + span - 1)}));
  if (one_in(8))
    case_.steps.emplace_back(Change(SetLink{LinkName::Out, {any_of<std::uint32_t>({1450, 9000}), true, one_in(2)}}));
  if (one_in(8)) case_.steps.emplace_back(Change(SetLink{LinkName::In, {1500, false, one_in(2)}}));
  if (one_in(8)) case_.steps.emplace_back(Change(SetLink{LinkName::Out, {1500, false, one_in(2)}}));
  has_hops_by_destination_ = one_in(3);
  if (has_hops_by_destination_) case_.steps.emplace_back(Change(SetHopsByDestination{true}));
  const std::uint32_t families = below(5);
  if (families != 0 && families != 1) add_family({true, 1, 1, between(1, 3)});
  if (families != 2 && families != 3) add_family({false, 11, 11, between(1, 3)});
}

Change Generator::change() {
  if (!std::exchange(has_forwarding_, true)) return SetForwarding{true};
  switch (below(12)) {
    case 0: return SetNatPorts{20000, static_cast<std::uint16_t>(20000 + below(6))};
    case 1: return SetLink{LinkName::Out, {any_of<std::uint32_t>({1450, 1500, 9000}), !one_in(3), one_in(2)}};
    case 2:
      // Where a link may stop to forward, the destination does not decide alone.
      if (has_hops_by_destination_) return SetHopsByDestination{one_in(2)};
      has_forwarding_ = false;
      return SetForwarding{false};
    case 3:
    case 4: return RaiseGeneration{};
    default: return change_of(any_of(families_));
  }
}

Change Generator::change_of(const Family& family) {
  const std::uint32_t id = family.first_backend + below(kBackendIds);
  switch (below(11)) {
    case 0:
    case 1: return RemoveBackend{id};
    case 2:
    case 3: return SetBackend{id, backend(family.is_v4)};
    case 4: return DrainBackend{id};
    case 5:
    case 6: return SetService{family.first_service + below(family.services), service(family)};
    case 7: return RemoveListener{any_of(listeners_).key};
    case 8: return any_of(listeners_);
    case 9: return Recount{};
    default:
      SetListener changed = any_of(listeners_);
      changed.listener.admission = admission(changed.key.vip.address.is_v4());
      return changed;
  }
}

Generator::Talker Generator::talker() {
  const SetListener& listener = any_of(listeners_);
  const std::uint32_t count = one_in(5) ? static_cast<std::uint32_t>(kClients.size()) : kOrdinaryClients;
  const std::uint16_t port = one_in(10) ? 8080 : static_cast<std::uint16_t>(40000 + below(6));
  return {{of(kClients[below(count)], listener.key.vip.address.is_v4()), port},
          listener.key.vip,
          listener.key.protocol,
          one_in(4) ? 0xfffffff0U : 1000U,
          one_in(4) ? 0xfffffffcU : 9000U,
          0};
}

void Generator::add_talkers() {
  const std::uint32_t count = between(1, 8);
  for (std::uint32_t i = 0; i < count; ++i) talkers_.push_back(talker());
}

// Packets.

void Generator::step() {
  Talker& talker = talkers_[below(static_cast<std::uint32_t>(talkers_.size()))];
  const std::uint32_t choice = below(100);
  if (choice < 8) return case_.steps.emplace_back(change()), void();
  if (choice < 14) return add_fragments(talker);
  if (choice < 28) return add(error_about(talker));
  if (choice < 31) return add_flood();
  if (choice < 40) return add_conversation(talker);
  if (talker.protocol == kUdp) return add(datagram_of(talker));
  if (choice < 70) return add(next_of(talker));
  add(odd_of(talker));
}

Packet Generator::start_of(const Talker& talker, bool from_backend) {
  Packet packet;
  packet.path = one_in(30) ? Path::Egress : any_of(paths_);
  packet.protocol = talker.protocol;
  packet.client = talker.client;
  packet.vip = talker.vip;
  packet.from_backend = from_backend;
  if (talker.protocol == kTcp) packet.flags = kAck;
  packet.seq = from_backend ? talker.backend_seq : talker.client_seq;
  packet.ack = from_backend ? talker.client_seq : talker.backend_seq;
  return packet;
}

/// The next packet of a connection that is opened, used and closed as it should be.
Packet Generator::next_of(Talker& talker) {
  constexpr int kSteps = 8;
  const int step = talker.progress++ % kSteps;
  const bool from_backend = step == 1 || step == 4 || step == 6;
  Packet packet = start_of(talker, from_backend);
  std::uint32_t& seq = from_backend ? talker.backend_seq : talker.client_seq;
  if (step == 0) {
    packet.flags = kSyn;
    packet.ack = 0;
    packet.tcp_options = one_in(2) ? 2 : 0;
  } else if (step == 1) {
    packet.flags = kSyn | kAck;
  } else if (step == 3 || step == 4) {
    packet.flags = kAck | kPsh;
    packet.payload = length();
  } else if (step == 5 || step == 6) {
    packet.flags = kAck | kFin;
  }
  seq += packet.payload + ((packet.flags & (kSyn | kFin)) != 0 ? 1U : 0U);
  return packet;
}

/// A number at, or at an interesting distance from, the one that would be right.
std::uint32_t Generator::near(std::uint32_t number) {
  const std::vector<std::uint32_t> distances = {0,           0,
                                                0,           0,
                                                0,           1,
                                                2,           100,
                                                1460,        0xffff,
                                                0x10000,     0x10001,
                                                1U << 20,    (1U << 24) - 1,
                                                1U << 24,    (1U << 24) + 1,
                                                1U << 31,    0xffffffffU,
                                                0xfffffffeU, 0xffff0000U};
  return number + any_of(distances);
}

/// A segment with any flags and numbers.
Packet Generator::odd_of(Talker& talker) {
  Packet packet = start_of(talker, one_in(2));
  const std::vector<std::uint8_t> likely = {kSyn, kSyn | kAck, kAck,        kRst, kRst | kAck, kFin | kAck,
                                            kFin, kAck | kPsh, kSyn | kFin, 0,    kSyn | kRst};
  packet.flags = one_in(8) ? static_cast<std::uint8_t>(below(256)) : any_of(likely);
  packet.seq = near(packet.seq);
  packet.ack = near(packet.ack);
  if (one_in(3)) packet.payload = length();
  // A client that has forgotten its connection begins anew with another number.
  if (packet.flags == kSyn && !packet.from_backend && one_in(2)) {
    talker.client_seq = static_cast<std::uint32_t>(random_());
    packet.seq = talker.client_seq++;
    talker.progress = 1;
  }
  return packet;
}

Packet Generator::datagram_of(Talker& talker) {
  Packet packet = start_of(talker, talker.progress++ % 2 != 0);
  packet.payload = length();
  if (one_in(6)) packet.sum = Sum::None;
  return packet;
}

std::uint16_t Generator::length() {
  if (one_in(2)) return static_cast<std::uint16_t>(below(40));
  if (one_in(3)) return static_cast<std::uint16_t>(below(3000));
  // Around 128 bytes, where quotes become short, and around each MTU of the network, tunnels considered.
  const std::vector<std::uint16_t> edges = {88, 68, 100, 80, 1400, 1450, 1500};
  const std::uint32_t edge = any_of(edges);
  const std::uint32_t headers = any_of<std::uint32_t>({0, 20, 28, 40, 48, 60, 80, 100});
  return static_cast<std::uint16_t>(edge > headers + 2 ? edge - headers + below(5) - 2 : edge);
}

Packet Generator::error_about(Talker& talker) {
  Packet packet = talker.protocol == kUdp ? start_of(talker, one_in(2)) : odd_of(talker);
  const bool is_v4 = talker.client.address.is_v4();
  const std::vector<std::int16_t> types =
      is_v4 ? std::vector<std::int16_t>{3, 3, 11, 12, 5, 8, 0} : std::vector<std::int16_t>{1, 2, 2, 3, 4, 128, 135};
  packet.icmp_type = any_of(types);
  packet.icmp_code = static_cast<std::uint8_t>(below(5));
  packet.icmp_rest = one_in(2) ? 1400 : static_cast<std::uint32_t>(random_());
  const std::uint16_t shortest = is_v4 ? 28 : 48;
  packet.icmp_quote = one_in(5) ? static_cast<std::uint16_t>(below(80)) : one_in(2) ? shortest : 128;
  packet.icmp_source = of(one_in(3) ? any_of(kBackends) : kRouter, is_v4);
  if (one_in(4)) packet.icmp_source = packet.from_backend ? talker.client.address : talker.vip.address;
  if (one_in(10)) packet.icmp_target = of(any_of(kClients), is_v4);
  return packet;
}

/// A packet in two or three pieces, in any order, some of them twice.
void Generator::add_fragments(Talker& talker) {
  Packet whole = talker.protocol == kUdp ? datagram_of(talker) : one_in(2) ? next_of(talker) : odd_of(talker);
  whole.id = static_cast<std::uint16_t>(below(4));
  whole.dont_fragment = false;
  const auto size = static_cast<std::uint16_t>(whole.payload + 20 + whole.tcp_options * 4);
  const auto first = static_cast<std::uint16_t>(one_in(5) ? 8 * between(1, 4) : 8 * between(1, size / 8U + 1U));
  const auto second = static_cast<std::uint16_t>(first + 8 * between(0, 20));
  std::vector<std::pair<std::uint16_t, std::uint16_t>> pieces = {{0, first}, {first, 65535}};
  if (second > first && one_in(2)) pieces = {{0, first}, {first, second}, {second, 65535}};
  if (one_in(3)) std::ranges::shuffle(pieces, random_);
  for (const auto& [begin, end] : pieces) {
    Packet piece = whole;
    piece.path = any_of(paths_);
    piece.piece_begin = begin;
    piece.piece_end = end;
    if (one_in(10)) continue;
    add(piece);
    if (one_in(10)) add(piece);
  }
}

/// Connections of many others.
void Generator::add_flood() {
  const Talker like = any_of(talkers_);
  const std::uint32_t count = between(2, 30);
  const bool is_established = one_in(3);
  for (std::uint32_t i = 0; i < count; ++i) {
    Talker other = like;
    other.client.port = one_in(3) ? static_cast<std::uint16_t>(between(1024, next_port_)) : next_port_++;
    other.progress = 0;
    const std::uint32_t packets = is_established ? 3 : one_in(4) ? 2 : 1;
    for (std::uint32_t j = 0; j < packets; ++j) add(other.protocol == kUdp ? datagram_of(other) : next_of(other));
  }
}

/// All of a connection, from its beginning.
void Generator::add_conversation(Talker& talker) {
  talker.progress = 0;
  const std::uint32_t packets = between(2, 9);
  for (std::uint32_t i = 0; i < packets; ++i) add(talker.protocol == kUdp ? datagram_of(talker) : next_of(talker));
}

/// What is unusual, but right.
void Generator::decorate(Packet& packet) {
  const bool is_v4 = packet.client.address.is_v4();
  // BPF_PROG_TEST_RUN does not say which kind of GSO, which tunnels want to know.
  if (!has_tunnel_ && one_in(20)) {
    packet.gso_size = static_cast<std::uint16_t>(one_in(2) ? between(1300, 1480) : between(1, 3000));
  }
  if (one_in(25)) packet.ttl = static_cast<std::uint8_t>(below(4));
  if (one_in(10)) packet.tos = static_cast<std::uint8_t>(below(256));
  if (one_in(10) && packet.piece_end == 0) packet.dont_fragment = false;
  if (one_in(10) && packet.piece_end == 0) packet.id = static_cast<std::uint16_t>(below(65536));
  if (is_v4 && one_in(20)) packet.ip_options = static_cast<std::uint8_t>(between(1, 10));
  if (!is_v4 && one_in(12)) add_extensions(packet);
  if (one_in(12)) packet.pad = static_cast<std::uint16_t>(between(1, 30));
}

void Generator::add_extensions(Packet& packet) {
  const std::uint32_t count = one_in(6) ? between(5, 9) : between(1, 3);
  for (std::uint32_t i = 0; i < count; ++i) {
    packet.extensions.push_back({any_of<std::uint8_t>({0, 60, 60, 43, 51}),
                                 static_cast<std::uint8_t>(one_in(6) ? below(30) : 0),
                                 static_cast<std::uint8_t>(one_in(4) ? 1 : 0)});
  }
}

/// What is wrong.
void Generator::damage(Packet& packet) {
  switch (below(9)) {
    case 0: packet.sum = Sum::Wrong; break;
    case 1: packet.data_offset = static_cast<std::uint8_t>(between(1, 15)); break;
    case 2: packet.cut = static_cast<std::uint16_t>(between(1, 60)); break;
    case 3: packet.longer = static_cast<std::int16_t>(between(0, 80)) - 40; break;
    case 4: packet.longer = static_cast<std::int16_t>(-static_cast<int>(between(1, 60))); break;
    case 5: packet.addressee = one_in(2) ? Addressee::Others : Addressee::Everybody; break;
    case 6: packet.vip.port = one_in(2) ? 81 : 443; break;
    default:
      // Not the EtherType's: what else is in frames has tests of its own.
      for (std::uint32_t i = between(1, 2); i > 0; --i) {
        packet.pokes.push_back(
            {static_cast<std::uint16_t>(between(14, one_in(2) ? 34 : 80)), static_cast<std::uint8_t>(below(256))});
      }
      break;
  }
}

namespace {

/// tc takes frames of one page here, less what the kernel has around them.
void fit_into_page(Packet& packet) {
  std::size_t room = 3000;
  for (const Extension& extension : packet.extensions) room -= 8 + extension.words * 8U;
  packet.payload = static_cast<std::uint16_t>(std::min<std::size_t>(packet.payload, room));
}

}  // namespace

void Generator::add(Packet packet) {
  decorate(packet);
  if (one_in(15)) damage(packet);
  if (packet.path == Path::Xdp && one_in(20)) packet.payload = static_cast<std::uint16_t>(between(3000, 8000));
  if (packet.path != Path::Xdp || is_answered_here_) fit_into_page(packet);
  case_.steps.emplace_back(std::move(packet));
}

}  // namespace gw::differential
