// SPDX-License-Identifier: Apache-2.0
// Which rule a request follows: a pure lookup, made once from the IR for the listeners of one address and port. An
// immutable value: copies share it, threads may use it at the same time, and a new configuration is a new table.
#pragma once

#include "userspace/ir/config.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace gw::proxy {

struct Header {
  std::string_view name;  ///< in any case
  std::string_view value;
};

/// A request as it arrived; what the views point at must be there during find() only.
struct Request {
  std::string_view method;
  std::string_view host;   ///< Host or :authority; a port is ignored
  std::string_view path;   ///< begins with "/", without the query
  std::string_view query;  ///< behind the "?", without it; still percent-encoded
  std::span<const Header> headers;
};

class RouteTable {
 public:
  enum class Outcome : std::uint8_t {
    Found,
    NotFound,     ///< 404; gRPC: UNIMPLEMENTED
    Misdirected,  ///< 421: another listener of this port has the host, so another connection is needed
  };
  /// Pointers are valid as long as some copy of the table.
  struct Match {
    Outcome outcome = Outcome::NotFound;
    const ir::L7Listener* listener = nullptr;
    const ir::HttpRule* rule = nullptr;
    const ir::HttpMatch* match = nullptr;  ///< of the rule: what a prefix is replaced in
    std::string_view rule_key;
  };

  RouteTable();  ///< without listeners
  /// `listeners`: those of one address and port, whose hostnames differ.
  RouteTable(const ir::Config& config, const std::vector<const ir::L7Listener*>& listeners);

  /// The listener of a TLS connection, by the name that the client asks for ("": none); null: none takes it.
  [[nodiscard]] const ir::L7Listener* find_connection(std::string_view server_name) const;
  /// What a TLS listener forwards a connection to: a key of ir::Config::services; "": nothing.
  [[nodiscard]] std::string_view find_service(const ir::L7Listener& listener, std::string_view server_name) const;
  /// The rule of a request. `connection`: what find_connection() said; null for connections without TLS.
  [[nodiscard]] Match find(const Request& request, const ir::L7Listener* connection) const;

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace gw::proxy
