// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/model/config.hpp"

namespace gw::differential {
namespace {

void apply_to(Config& config, const SetBackend& change) { config.backends[change.id] = change.backend; }
void apply_to(Config& config, const RemoveBackend& change) {
  config.backends.erase(change.id);
  ++config.generation;
}
void apply_to(Config& config, const DrainBackend& change) {
  const auto backend = config.backends.find(change.id);
  if (backend != config.backends.end()) backend->second.drains = true;
  for (auto& [id, service] : config.services) {
    for (Share& share : service.shares) std::erase(share.slots, change.id);
  }
}
void apply_to(Config& config, const SetService& change) { config.services[change.id] = change.service; }
void apply_to(Config& config, const SetListener& change) { config.listeners[change.key] = change.listener; }
void apply_to(Config& config, const RemoveListener& change) { config.listeners.erase(change.key); }
void apply_to(Config& config, const SetNatPorts& change) {
  config.nat_first = change.first;
  config.nat_last = change.last;
}
void apply_to(Config& config, const SetLink& change) {
  (change.name == LinkName::In ? config.in : config.out) = change.link;
}
void apply_to(Config& config, const SetForwarding& change) { config.forwarding = change.on; }
void apply_to(Config& config, const SetHopsByDestination& change) {
  config.hops_by_destination = change.on;
  ++config.generation;
}
void apply_to(Config& config, const RaiseGeneration&) { ++config.generation; }
void apply_to(Config&, const Recount&) {}

}  // namespace

void apply(Config& config, const Change& change) {
  std::visit([&config](const auto& one) { apply_to(config, one); }, change);
}

std::set<std::uint32_t> limited_listeners(const Config& config) {
  std::set<std::uint32_t> ids;
  for (const auto& [key, listener] : config.listeners) {
    if (listener.admission.is_limited()) ids.insert(listener.id);
  }
  return ids;
}

}  // namespace gw::differential
