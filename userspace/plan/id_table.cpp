// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/id_table.hpp"

#include <algorithm>

namespace gw::plan {

void IdSpace::restore(const std::string& key, std::uint32_t id) {
  if (id == 0 || id > max_id_ || used_.contains(id)) return;
  if (!ids_.emplace(key, id).second) return;
  used_.insert(id);
  next_ = std::max(next_, id + 1);
}

std::uint32_t IdSpace::acquire(const std::string& key) {
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  if (used_.size() >= max_id_) return 0;
  if (next_ > max_id_) next_ = 1;
  while (used_.contains(next_)) next_ = next_ == max_id_ ? 1 : next_ + 1;
  const std::uint32_t id = next_++;
  ids_.emplace(key, id);
  used_.insert(id);
  return id;
}

void IdSpace::release_all_but(const std::set<std::string>& live) {
  std::erase_if(ids_, [&](const auto& entry) {
    if (live.contains(entry.first)) return false;
    used_.erase(entry.second);
    return true;
  });
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

void IdTable::keep_draining(const BackendMap& observed) {
  for (const auto& [id, backend] : observed) {
    if (backend.drains_until != 0) backends.restore(backend_key(backend), id);
  }
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
