// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/id_table.hpp"

#include <algorithm>

namespace gw::plan {

bool IdSpace::restore(const std::string& key, std::uint32_t id) {
  if (id == 0 || id > max_id_ || used_[id]) return false;
  if (!ids_.emplace(key, id).second) return false;
  used_[id] = true;
  ++used_count_;
  next_ = std::max(next_, id + 1);
  return true;
}

std::uint32_t IdSpace::acquire(const std::string& key) {
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  if (used_count_ >= max_id_) return 0;
  if (next_ > max_id_) next_ = 1;
  while (used_[next_]) next_ = next_ == max_id_ ? 1 : next_ + 1;
  const std::uint32_t id = next_++;
  ids_.emplace(key, id);
  used_[id] = true;
  ++used_count_;
  return id;
}

void IdSpace::release(const std::string& key) {
  const auto known = ids_.find(key);
  if (known == ids_.end()) return;
  free(known->second);
  ids_.erase(known);
}

IdTable IdTable::restore(const Observed& observed) {
  IdTable table;
  for (const auto& [key, text] : observed.names) {
    if (key.kind == GW_NAME_LISTENER) table.listeners.restore(text, key.id);
    if (key.kind == GW_NAME_SERVICE) table.services.restore(text, key.id);
  }
  for (const auto& [id, backend] : observed.backends) table.backends.restore(backend_key(backend), id);
  return table;
}

std::vector<std::pair<std::uint32_t, std::string>> IdTable::keep_draining(const BackendMap& observed) {
  std::vector<std::pair<std::uint32_t, std::string>> restored;
  for (const auto& [id, backend] : observed) {
    if (backend.drains_until == 0) continue;
    std::string key = backend_key(backend);
    if (backends.restore(key, id)) restored.emplace_back(id, std::move(key));
  }
  return restored;
}

std::string IdTable::backend_key(const gw_backend& backend) {
  gw_backend identity = backend;
  identity.drains_until = 0;
  identity.drain_seconds = 0;
  identity.flags &= static_cast<std::uint8_t>(~GW_BACKEND_HEALTH_FLAGS);
  // What only new connections ask for may change under a backend's flows; whether it hides clients at all, or only
  // itself from itself, is a mode.
  if (backend.shared_bits != GW_SHARED_BITS_SELF) identity.shared_bits = 0;
  if ((backend.flags & (GW_BACKEND_FULL_NAT | GW_BACKEND_TUNNEL)) == 0) identity.source = {};
  return {reinterpret_cast<const char*>(&identity), sizeof(identity)};
}

}  // namespace gw::plan
