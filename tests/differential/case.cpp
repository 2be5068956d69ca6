// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <type_traits>

#include "tests/support/packet.hpp"

namespace gw::differential {
namespace {

// Values as text. Each kind has to_text(), and from_text(), which is false for what it does not understand.

template <typename Enum, std::size_t Count>
using Words = std::array<std::pair<Enum, std::string_view>, Count>;

constexpr Words<Path, 4> kPaths = {
    {{Path::Xdp, "xdp"}, {Path::Tc, "tc"}, {Path::Chain, "chain"}, {Path::Egress, "egress"}}};
constexpr Words<Addressee, 3> kAddressees = {
    {{Addressee::Us, "us"}, {Addressee::Others, "others"}, {Addressee::Everybody, "everybody"}}};
constexpr Words<Sum, 3> kSums = {{{Sum::Right, "right"}, {Sum::Wrong, "wrong"}, {Sum::None, "none"}}};

constexpr Words<Mode, kModeCount> kModes = {{{Mode::Dnat, "dnat"},
                                             {Mode::FullNat, "full-nat"},
                                             {Mode::Dsr, "dsr"},
                                             {Mode::Tunnel, "tunnel"},
                                             {Mode::Local, "local"}}};

template <typename Enum, std::size_t Count>
std::string word_of(const Words<Enum, Count>& words, Enum value) {
  return std::string(std::ranges::find(words, value, &std::pair<Enum, std::string_view>::first)->second);
}
template <typename Enum, std::size_t Count>
bool find_word(const Words<Enum, Count>& words, std::string_view text, Enum& value) {
  const auto found = std::ranges::find(words, text, &std::pair<Enum, std::string_view>::second);
  if (found == words.end()) return false;
  value = found->first;
  return true;
}

std::string to_text(Path value) { return word_of(kPaths, value); }
std::string to_text(Addressee value) { return word_of(kAddressees, value); }
std::string to_text(Sum value) { return word_of(kSums, value); }
std::string to_text(Mode value) { return word_of(kModes, value); }
std::string to_text(bool value) { return value ? "yes" : "no"; }
std::string to_text(const IpAddress& address) { return address.to_string(); }
std::string to_text(const Endpoint& endpoint) {
  const std::string address = endpoint.address.to_string();
  return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                  : fmt::format("[{}]:{}", address, endpoint.port);
}
std::string to_text(const IpPrefix& range) { return range.to_string(); }
std::string to_text(const Extension& one) { return fmt::format("{}/{}/{}", one.kind, one.words, one.segments_left); }
std::string to_text(const Poke& poke) { return fmt::format("{}/{}", poke.offset, poke.value); }
template <typename Number>
  requires std::is_integral_v<Number>
std::string to_text(Number value) {
  return fmt::format("{}", value);
}
template <typename T>
std::string to_text(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    if (!text.empty()) text += ',';
    text += to_text(value);
  }
  return text.empty() ? "-" : text;
}

bool from_text(std::string_view text, Path& value) { return find_word(kPaths, text, value); }
bool from_text(std::string_view text, Addressee& value) { return find_word(kAddressees, text, value); }
bool from_text(std::string_view text, Sum& value) { return find_word(kSums, text, value); }
bool from_text(std::string_view text, Mode& value) { return find_word(kModes, text, value); }
bool from_text(std::string_view text, bool& value) {
  value = text == "yes";
  return value || text == "no";
}
template <typename Number>
  requires std::is_integral_v<Number>
bool from_text(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}
bool from_text(std::string_view text, IpAddress& value) {
  const auto address = IpAddress::parse(text);
  value = address.value_or(IpAddress());
  return address.has_value();
}
bool from_text(std::string_view text, Endpoint& value) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::string_view address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return from_text(address, value.address) && from_text(text.substr(colon + 1), value.port);
}

bool from_text(std::string_view text, IpPrefix& value) {
  const auto range = IpPrefix::parse(text);
  value = range.value_or(IpPrefix{});
  return range.has_value();
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool from_text(std::string_view text, Extension& value) {
  const auto parts = split(text, '/');
  return parts.size() == 3 && from_text(parts[0], value.kind) && from_text(parts[1], value.words) &&
         from_text(parts[2], value.segments_left);
}
bool from_text(std::string_view text, Poke& value) {
  const auto parts = split(text, '/');
  return parts.size() == 2 && from_text(parts[0], value.offset) && from_text(parts[1], value.value);
}
template <typename T>
bool from_text(std::string_view text, std::vector<T>& values) {
  values.clear();
  if (text == "-") return true;
  for (const std::string_view part : split(text, ',')) {
    if (!from_text(part, values.emplace_back())) return false;
  }
  return true;
}

/// Flags and protocols are numbers like others in the packet, but read better as words.
constexpr std::string_view kFlagLetters = "FSRPAUEC";

std::string flags_text(std::uint8_t flags) {
  std::string text;
  for (std::size_t bit = 0; bit < kFlagLetters.size(); ++bit) {
    if ((flags >> bit & 1) != 0) text += kFlagLetters[bit];
  }
  return text.empty() ? "-" : text;
}
bool flags_from(std::string_view text, std::uint8_t& flags) {
  flags = 0;
  if (text == "-") return true;
  for (const char letter : text) {
    const std::size_t bit = kFlagLetters.find(letter);
    if (bit == std::string_view::npos) return false;
    flags |= static_cast<std::uint8_t>(1U << bit);
  }
  return true;
}
std::string protocol_text(std::uint8_t protocol) {
  return protocol == testing::kTcp ? "tcp" : protocol == testing::kUdp ? "udp" : to_text(protocol);
}
bool protocol_from(std::string_view text, std::uint8_t& protocol) {
  if (text != "tcp" && text != "udp") return from_text(text, protocol);
  protocol = text == "tcp" ? testing::kTcp : testing::kUdp;
  return true;
}

template <typename T>
std::string field_text(std::string_view name, const T& value) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    if (name == "flags") return flags_text(value);
    if (name == "protocol") return protocol_text(value);
  }
  return to_text(value);
}
template <typename T>
bool field_from(std::string_view name, std::string_view text, T& value) {
  if constexpr (std::is_same_v<T, std::uint8_t>) {
    if (name == "flags") return flags_from(text, value);
    if (name == "protocol") return protocol_from(text, value);
  }
  return from_text(text, value);
}

// Steps.

/// " name=value" for each field that is not as in a new thing.
template <typename Thing>
std::string fields_text(const Thing& thing) {
  std::string text;
  const Thing plain;
  for_each_field(
      [&text](const char* name, const auto& value, const auto& usual) {
        if (value != usual) text += fmt::format(" {}={}", name, field_text(name, value));
      },
      thing, plain);
  return text;
}

/// "packet xdp protocol=tcp client=10.0.1.2:40000 ..."
std::string print(const Packet& packet) { return "packet " + to_text(packet.path) + fields_text(packet); }

/// Reads "name=value" words from number `first` on into the fields of what for_each_field() knows.
template <typename Thing>
bool parse_fields(const std::vector<std::string>& words, std::size_t first, Thing& thing) {
  for (std::size_t i = first; i < words.size(); ++i) {
    const std::size_t equals = words[i].find('=');
    if (equals == std::string::npos) return false;
    bool is_known = false;
    for_each_field(
        [&](const char* name, auto& value) {
          if (words[i].compare(0, equals, name) != 0) return;
          is_known = field_from(name, std::string_view(words[i]).substr(equals + 1), value);
        },
        thing);
    if (!is_known) return false;
  }
  return true;
}

bool parse_packet(const std::vector<std::string>& words, Packet& packet) {
  return words.size() >= 2 && from_text(words[1], packet.path) && parse_fields(words, 2, packet);
}

std::string print_change(const SetBackend& change) {
  const Backend& backend = change.backend;
  const std::string shared = backend.shared_bits == 0 ? "" : fmt::format(" {}", backend.shared_bits);
  return fmt::format("backend {} {} {} {}{}", change.id, to_text(backend.mode), to_text(backend.target),
                     to_text(backend.source), shared);
}
std::string print_change(const RemoveBackend& change) { return fmt::format("no-backend {}", change.id); }
std::string print_change(const DrainBackend& change) { return fmt::format("drain {}", change.id); }
std::string print_change(const SetService& change) {
  std::string line = fmt::format("service {}{}", change.id, change.service.affinity ? " affinity" : "");
  for (const Share& share : change.service.shares) line += fmt::format(" {}:{}", share.limit, to_text(share.slots));
  return line;
}
std::string print_change(const SetListener& change) {
  std::string line = fmt::format("listener {} {} {} {}", protocol_text(change.key.protocol), to_text(change.key.vip),
                                 change.listener.id, change.listener.service);
  return line + fields_text(change.listener.admission);
}
std::string print_change(const RemoveListener& change) {
  return fmt::format("no-listener {} {}", protocol_text(change.key.protocol), to_text(change.key.vip));
}
std::string print_change(const SetNatPorts& change) {
  return fmt::format("nat-ports {} {}", change.first, change.last);
}
std::string print_change(const SetLink& change) {
  return fmt::format("link {} {} {}{}", change.name == LinkName::In ? "in" : "out", change.link.mtu,
                     change.link.xdp ? "xdp" : "tc", change.link.peer ? " peer" : "");
}
std::string print_change(const SetForwarding& change) { return fmt::format("forwarding {}", to_text(change.on)); }
std::string print_change(const SetHopsByDestination& change) {
  return fmt::format("hops-by-destination {}", to_text(change.on));
}
std::string print_change(const RaiseGeneration&) { return "generation"; }
std::string print_change(const Recount&) { return "recount"; }

using Line = std::vector<std::string>;

bool parse_backend(const Line& words, SetBackend& change) {
  if (words.size() != 5 && words.size() != 6) return false;
  if (words.size() == 6 && !from_text(words[5], change.backend.shared_bits)) return false;
  return from_text(words[1], change.id) && from_text(words[2], change.backend.mode) &&
         from_text(words[3], change.backend.target) && from_text(words[4], change.backend.source);
}

bool parse_service(const Line& words, SetService& change) {
  if (words.size() < 2 || !from_text(words[1], change.id)) return false;
  change.service.affinity = words.size() > 2 && words[2] == "affinity";
  for (std::size_t i = change.service.affinity ? 3 : 2; i < words.size(); ++i) {
    const auto parts = split(words[i], ':');
    Share& share = change.service.shares.emplace_back();
    if (parts.size() != 2 || !from_text(parts[0], share.limit) || !from_text(parts[1], share.slots)) return false;
  }
  return true;
}

bool parse_key(const Line& words, ListenerKey& key) {
  return words.size() >= 3 && protocol_from(words[1], key.protocol) && from_text(words[2], key.vip);
}

bool parse_link(const Line& words, SetLink& change) {
  change.link.peer = words.size() == 5 && words[4] == "peer";
  if (words.size() != (change.link.peer ? 5 : 4)) return false;
  change.name = words[1] == "in" ? LinkName::In : LinkName::Out;
  change.link.xdp = words[3] == "xdp";
  return from_text(words[2], change.link.mtu);
}

/// Reads a step of the kind that T is; nothing if the words do not fit.
template <typename T, typename Read>
std::optional<Step> read_step(Read read) {
  T step;
  if (!read(step)) return std::nullopt;
  if constexpr (std::is_same_v<T, Packet>) {
    return Step(std::move(step));
  } else {
    return Step(Change(std::move(step)));
  }
}

std::optional<Step> parse_step(const Line& words) {
  const std::string& kind = words.front();
  const auto is_long = [&words](std::size_t count) { return words.size() == count; };
  if (kind == "packet") return read_step<Packet>([&](auto& one) { return parse_packet(words, one); });
  if (kind == "backend") return read_step<SetBackend>([&](auto& one) { return parse_backend(words, one); });
  if (kind == "no-backend") {
    return read_step<RemoveBackend>([&](auto& one) { return is_long(2) && from_text(words[1], one.id); });
  }
  if (kind == "drain") {
    return read_step<DrainBackend>([&](auto& one) { return is_long(2) && from_text(words[1], one.id); });
  }
  if (kind == "service") return read_step<SetService>([&](auto& one) { return parse_service(words, one); });
  if (kind == "listener") {
    return read_step<SetListener>([&](auto& one) {
      return words.size() >= 5 && parse_key(words, one.key) && from_text(words[3], one.listener.id) &&
             from_text(words[4], one.listener.service) && parse_fields(words, 5, one.listener.admission);
    });
  }
  if (kind == "no-listener") return read_step<RemoveListener>([&](auto& one) { return parse_key(words, one.key); });
  if (kind == "nat-ports") {
    return read_step<SetNatPorts>(
        [&](auto& one) { return is_long(3) && from_text(words[1], one.first) && from_text(words[2], one.last); });
  }
  if (kind == "link") return read_step<SetLink>([&](auto& one) { return parse_link(words, one); });
  if (kind == "forwarding") {
    return read_step<SetForwarding>([&](auto& one) { return is_long(2) && from_text(words[1], one.on); });
  }
  if (kind == "hops-by-destination") {
    return read_step<SetHopsByDestination>([&](auto& one) { return is_long(2) && from_text(words[1], one.on); });
  }
  if (kind == "generation") return Step(Change(RaiseGeneration{}));
  if (kind == "recount") return Step(Change(Recount{}));
  return std::nullopt;
}

}  // namespace

std::string print(const Step& step) {
  if (const auto* packet = std::get_if<Packet>(&step)) return print(*packet);
  return std::visit([](const auto& change) { return print_change(change); }, std::get<Change>(step));
}

std::string print(const Case& one) {
  std::string text = fmt::format("flow-entries {}\n", one.flow_entries);
  for (const Step& step : one.steps) text += print(step) + "\n";
  return text;
}

Result<Case> parse_case(std::string_view text) {
  Case one;
  int number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    std::istringstream stream{std::string(line)};
    Line words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty() || words.front().starts_with('#')) continue;
    if (words.front() == "flow-entries" && words.size() == 2 && from_text(words[1], one.flow_entries)) continue;
    auto step = parse_step(words);
    if (!step) return fail(fmt::format("line {}: not a step of a case: {}", number, line));
    one.steps.push_back(std::move(*step));
  }
  return one;
}

}  // namespace gw::differential
