// SPDX-License-Identifier: Apache-2.0
#include "userspace/base/ip.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

namespace gw {
namespace {

constexpr std::array<std::uint8_t, 12> kV4MappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t kV4Offset = kV4MappedPrefix.size();
constexpr unsigned kV4PrefixBits = 96;

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) return from_v4(v4);
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1) return IpAddress(v6);
  return std::nullopt;
}

IpAddress IpAddress::from_v4(const std::array<std::uint8_t, 4>& bytes) {
  IpAddress address;
  std::ranges::copy(kV4MappedPrefix, address.bytes_.begin());
  std::ranges::copy(bytes, address.bytes_.begin() + kV4Offset);
  return address;
}

bool IpAddress::is_v4() const { return std::equal(kV4MappedPrefix.begin(), kV4MappedPrefix.end(), bytes_.begin()); }

bool IpAddress::is_unspecified() const {
  const auto first = bytes_.begin() + (is_v4() ? kV4Offset : 0);
  return std::all_of(first, bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_loopback() const {
  if (is_v4()) return bytes_[kV4Offset] == 127;
  return bytes_[15] == 1 &&
         std::all_of(bytes_.begin(), bytes_.begin() + 15, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_link_local() const {
  if (is_v4()) return bytes_[kV4Offset] == 169 && bytes_[kV4Offset + 1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::is_multicast() const {
  if (is_v4()) return (bytes_[kV4Offset] & 0xf0) == 0xe0;
  return bytes_[0] == 0xff;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + kV4Offset, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  }
  return text.data();
}

std::string IpAddress::with_port(std::uint16_t port) const {
  return is_v4() ? fmt::format("{}:{}", to_string(), port) : fmt::format("[{}]:{}", to_string(), port);
}

IpAddress IpAddress::network(unsigned length) const {
  IpAddress address = *this;
  const unsigned bits = length + (is_v4() ? kV4PrefixBits : 0);
  for (unsigned byte = bits / 8; byte < address.bytes_.size(); ++byte) {
    const unsigned kept = byte == bits / 8 ? bits % 8 : 0;
    address.bytes_[byte] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return address;
}

std::size_t IpHash::operator()(const IpAddress& address) const {
  return std::hash<std::string_view>{}({reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()});
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned longest = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return IpPrefix{*address, static_cast<std::uint8_t>(longest)};
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || length > longest) return std::nullopt;
  for (unsigned bit = length + 128 - longest; bit < 128; ++bit) {
    if ((address->bytes()[bit / 8] & (0x80U >> bit % 8)) != 0) return std::nullopt;
  }
  return IpPrefix{*address, static_cast<std::uint8_t>(length)};
}

IpPrefix IpPrefix::of(const IpAddress& address) {
  return {address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)};
}

bool IpPrefix::contains(const IpAddress& candidate) const {
  if (candidate.is_v4() != address.is_v4()) return false;
  const unsigned bits = length + (address.is_v4() ? kV4PrefixBits : 0);
  const unsigned whole = bits / 8;
  if (!std::equal(address.bytes().begin(), address.bytes().begin() + whole, candidate.bytes().begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - bits % 8));
  return (address.bytes()[whole] & mask) == (candidate.bytes()[whole] & mask);
}

std::string IpPrefix::to_string() const { return fmt::format("{}/{}", address.to_string(), length); }

}  // namespace gw
