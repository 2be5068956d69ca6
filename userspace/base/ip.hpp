// SPDX-License-Identifier: Apache-2.0
// IP addresses and prefixes as values. One type for both families: IPv4 is kept v4-mapped
// (RFC 4291 section 2.5.5.2), which is also how every map stores it.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gw {

class IpAddress {
 public:
  IpAddress() = default;  ///< "::"

  /// Parses dotted quad or RFC 4291 text; no prefix, no zone, no surrounding space.
  /// A v4-mapped IPv6 text ("::ffff:1.2.3.4") is the IPv4 address.
  static std::optional<IpAddress> parse(std::string_view text);
  /// 4 bytes in network order.
  static IpAddress from_v4(const std::array<std::uint8_t, 4>& bytes);
  /// 16 bytes in network order.
  static IpAddress from_v6(const std::array<std::uint8_t, 16>& bytes) { return IpAddress(bytes); }

  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_v6() const { return !is_v4(); }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;
  [[nodiscard]] bool is_multicast() const;
  /// Network order, v4-mapped for IPv4.
  [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  /// "10.0.0.1" or RFC 5952 text.
  [[nodiscard]] std::string to_string() const;
  /// "10.0.0.1:80" or "[2001:db8::1]:80"
  [[nodiscard]] std::string with_port(std::uint16_t port) const;

  /// The address with nothing behind the first `length` bits of its family.
  [[nodiscard]] IpAddress network(unsigned length) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  explicit IpAddress(const std::array<std::uint8_t, 16>& bytes) : bytes_(bytes) {}
  std::array<std::uint8_t, 16> bytes_{};
};

/// For hash tables. Not to be seen outside of the process.
struct IpHash {
  std::size_t operator()(const IpAddress& address) const;
};

/// An address range in CIDR form. `length` counts from the family's own first bit (0..32 or 0..128).
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  /// "192.0.2.0/24", or an address alone, which is a range of one. No bit may be set behind the prefix.
  static std::optional<IpPrefix> parse(std::string_view text);
  /// The range of this one address.
  static IpPrefix of(const IpAddress& address);
  /// Same family, and the first `length` bits agree.
  [[nodiscard]] bool contains(const IpAddress& candidate) const;
  [[nodiscard]] std::string to_string() const;

  auto operator<=>(const IpPrefix&) const = default;
};

}  // namespace gw
