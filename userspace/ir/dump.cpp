// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/dump.hpp"

#include <fmt/format.h>

namespace gw::ir {
namespace {

std::string addresses(const L4Listener& listener) {
  if (listener.addresses.empty()) return "the node's addresses";
  std::string text;
  for (const auto& address : listener.addresses) text += (text.empty() ? "" : ", ") + address.to_string();
  return text;
}

}  // namespace

std::string dump(const Config& config) {
  std::string text;
  for (const auto& listener : config.listeners) {
    text += fmt::format("listener {} ({}) {} {} on {} -> {}\n", listener.qualified_name(), listener.gateway_group,
                        listener.protocol == Protocol::Udp ? "udp" : "tcp", listener.port, addresses(listener),
                        listener.service.empty() ? "nothing" : listener.service);
  }
  for (const auto& [name, service] : config.services) {
    text += fmt::format("service {}\n", name);
    for (const auto& ref : service.backends) {
      text += fmt::format("  ref {} weight {}\n", ref.name, ref.weight);
      for (const auto& endpoint : ref.endpoints) {
        text += fmt::format("    endpoint {} port {}{}\n", endpoint.address.to_string(), endpoint.port,
                            endpoint.node.empty() ? "" : " node " + endpoint.node);
      }
    }
  }
  return text;
}

}  // namespace gw::ir
