// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/diff.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace gw::plan {
namespace {

/// Operations by kind; concatenated they are in the order that keeps every reference valid.
struct Parts {
  std::vector<Operation> names, watches, backends, tables, services, sources, admissions, listeners;
  std::vector<Operation> old_listeners, old_admissions, old_sources, old_services, old_tables, old_backends,
      old_watches, old_names;

  std::vector<Operation> in_order() && {
    std::vector<Operation> all;
    for (auto* part :
         {&names, &watches, &backends, &tables, &services, &sources, &admissions, &listeners, &old_listeners,
          &old_admissions, &old_sources, &old_services, &old_tables, &old_backends, &old_watches, &old_names}) {
      std::ranges::move(*part, std::back_inserter(all));
    }
    return all;
  }
};

/// Finds a table for each share: one that the kernel has, one that this diff makes already, or a new one under an id
/// that nothing uses. Equal tables are one.
class Tables {
 public:
  Tables(const Observed& observed, std::vector<Operation>& created)
      : created_(created), taken_(observed.tables.begin(), observed.tables.end()) {
    for (const auto& [id, service] : observed.services) {
      for (const gw_share& share : service.share) {
        if (share.slots != 0 && taken_.contains(share.table_id))
          known_[{share.slots, share.table_hash}] = share.table_id;
      }
    }
  }

  /// 0 for an empty table.
  std::uint32_t id_of(const MaglevTable& table, std::uint64_t hash) {
    if (table.empty()) return 0;
    std::uint32_t& id = known_[{static_cast<std::uint32_t>(table.size()), hash}];
    if (id == 0) {
      id = free_id();
      created_.emplace_back(CreateTable{id, table});
    }
    used_.insert(id);
    return id;
  }
  [[nodiscard]] bool is_used(std::uint32_t id) const { return used_.contains(id); }

 private:
  std::uint32_t free_id() {
    while (taken_.contains(next_)) ++next_;
    taken_.insert(next_);
    return next_;
  }

  std::vector<Operation>& created_;
  std::set<std::uint32_t> taken_;
  std::set<std::uint32_t> used_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::uint32_t> known_;  ///< by slots and hash
  std::uint32_t next_ = 1;
};

gw_service to_map(const Service& service, Tables& tables) {
  gw_service value{};
  value.count = static_cast<std::uint32_t>(std::min<std::size_t>(service.shares.size(), GW_SERVICE_SHARES_MAX));
  value.flags = service.flags;
  for (gw_share& share : value.share) share.limit = UINT32_MAX;
  for (std::size_t i = 0; i < value.count; ++i) {
    const auto& [limit, table] = service.shares[i];
    const std::uint64_t hash = table_hash(table);
    value.share[i] = {limit, tables.id_of(table, hash), static_cast<std::uint32_t>(table.size()), 0, hash};
  }
  return value;
}

void diff_names(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [key, text] : plan.names) {
    const auto there = observed.names.find(key);
    if (there == observed.names.end() || there->second != text) parts.names.emplace_back(SetName{key, text});
  }
  for (const auto& [key, text] : observed.names) {
    if (!plan.names.contains(key)) parts.old_names.emplace_back(RemoveName{key});
  }
}

bool is_over(std::uint32_t until, std::uint32_t now) { return static_cast<std::int32_t>(now - until) >= 0; }

/// What becomes of a backend that is in the plan no more.
void retire(std::uint32_t id, const gw_backend& backend, std::uint32_t now, Parts& parts) {
  if (backend.drains_until == 0 && backend.drain_seconds != 0) {
    gw_backend draining = backend;
    draining.drains_until = std::max(now + backend.drain_seconds, 1U);
    parts.backends.emplace_back(SetBackend{id, draining});
  } else if (backend.drains_until == 0 || is_over(backend.drains_until, now)) {
    parts.old_backends.emplace_back(RemoveBackend{id});
  }
}

void diff_backends(const Plan& plan, const Observed& observed, std::uint32_t now, Parts& parts) {
  for (const auto& [id, backend] : plan.backends) {
    const auto there = observed.backends.find(id);
    if (there == observed.backends.end() || !maps::bytes_equal(there->second, backend)) {
      parts.backends.emplace_back(SetBackend{id, backend});
    }
  }
  for (const auto& [id, backend] : observed.backends) {
    if (!plan.backends.contains(id)) retire(id, backend, now, parts);
  }
}

/// The counts belong to the programs: an entry that is there stays.
void diff_watches(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [key, watch] : plan.watched) {
    if (!observed.watched.contains(key)) parts.watches.emplace_back(WatchBackend{key});
  }
  for (const auto& key : observed.watched) {
    if (!plan.watched.contains(key)) parts.old_watches.emplace_back(UnwatchBackend{key});
  }
}

/// A changed share gets another table, never a changed one.
void diff_services(const Plan& plan, const Observed& observed, Parts& parts) {
  Tables tables(observed, parts.tables);
  for (const auto& [id, service] : plan.services) {
    const gw_service value = to_map(service, tables);
    const auto there = observed.services.find(id);
    if (there == observed.services.end() || !maps::bytes_equal(there->second, value)) {
      parts.services.emplace_back(SetService{id, value});
    }
  }
  for (const auto& [id, service] : observed.services) {
    if (!plan.services.contains(id)) parts.old_services.emplace_back(RemoveService{id});
  }
  for (const std::uint32_t table_id : observed.tables) {
    if (!tables.is_used(table_id)) parts.old_tables.emplace_back(RemoveTable{table_id});
  }
}

void diff_sources(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [key, verdict] : plan.sources) {
    const auto there = observed.sources.find(key);
    if (there == observed.sources.end() || there->second != verdict)
      parts.sources.emplace_back(SetSource{key, verdict});
  }
  for (const auto& [key, verdict] : observed.sources) {
    if (!plan.sources.contains(key)) parts.old_sources.emplace_back(RemoveSource{key});
  }
}

/// The contents belong to the programs: an entry that is there stays.
void diff_admissions(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const std::uint32_t id : plan.limited) {
    if (!observed.limited.contains(id)) parts.admissions.emplace_back(SetAdmission{id});
  }
  for (const std::uint32_t id : observed.limited) {
    if (!plan.limited.contains(id)) parts.old_admissions.emplace_back(RemoveAdmission{id});
  }
}

void diff_listeners(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [key, value] : plan.listeners) {
    const auto there = observed.listeners.find(key);
    if (there == observed.listeners.end() || !maps::bytes_equal(there->second, value)) {
      parts.listeners.emplace_back(SetListener{key, value});
    }
  }
  for (const auto& [key, value] : observed.listeners) {
    if (!plan.listeners.contains(key)) parts.old_listeners.emplace_back(RemoveListener{key});
  }
}

/// Carries out one operation on the model.
struct Apply {
  Observed& to;
  void operator()(const SetName& op) const { to.names[op.key] = op.text; }
  void operator()(const WatchBackend& op) const { to.watched.insert(op.key); }
  void operator()(const SetBackend& op) const { to.backends[op.id] = op.value; }
  void operator()(const CreateTable& op) const {
    to.tables.insert(std::ranges::upper_bound(to.tables, op.table_id), op.table_id);
  }
  void operator()(const SetService& op) const { to.services[op.id] = op.value; }
  void operator()(const SetSource& op) const { to.sources[op.key] = op.verdict; }
  void operator()(const SetAdmission& op) const { to.limited.insert(op.listener_id); }
  void operator()(const SetListener& op) const { to.listeners[op.key] = op.value; }
  void operator()(const RemoveListener& op) const { to.listeners.erase(op.key); }
  void operator()(const RemoveAdmission& op) const { to.limited.erase(op.listener_id); }
  void operator()(const RemoveSource& op) const { to.sources.erase(op.key); }
  void operator()(const RemoveService& op) const { to.services.erase(op.id); }
  void operator()(const RemoveTable& op) const { std::erase(to.tables, op.table_id); }
  void operator()(const RemoveBackend& op) const { to.backends.erase(op.id); }
  void operator()(const UnwatchBackend& op) const { to.watched.erase(op.key); }
  void operator()(const RemoveName& op) const { to.names.erase(op.key); }
};

}  // namespace

std::vector<Operation> diff(const Plan& plan, const Observed& observed, std::uint32_t now) {
  Parts parts;
  diff_names(plan, observed, parts);
  diff_watches(plan, observed, parts);
  diff_backends(plan, observed, now, parts);
  diff_services(plan, observed, parts);
  diff_sources(plan, observed, parts);
  diff_admissions(plan, observed, parts);
  diff_listeners(plan, observed, parts);
  return std::move(parts).in_order();
}

std::optional<std::uint32_t> next_drained(const Observed& observed, std::uint32_t now) {
  std::optional<std::uint32_t> next;
  for (const auto& [id, backend] : observed.backends) {
    if (backend.drains_until == 0) continue;
    const std::uint32_t left = is_over(backend.drains_until, now) ? 0 : backend.drains_until - now;
    next = std::min(next.value_or(left), left);
  }
  return next;
}

Observed apply_to(Observed observed, const std::vector<Operation>& operations) {
  for (const Operation& operation : operations) std::visit(Apply{observed}, operation);
  return observed;
}

}  // namespace gw::plan
