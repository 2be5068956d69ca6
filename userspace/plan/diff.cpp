// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/diff.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gw::plan {
namespace {

/// Operations by kind; concatenated they are in the order that keeps every reference valid.
struct Parts {
  std::vector<Operation> names, watches, backends, tables, contents, services, sources, admissions, listeners;
  std::vector<Operation> old_listeners, old_admissions, old_sources, old_services, old_backends, old_watches, old_names;

  std::vector<Operation> in_order() && {
    std::vector<Operation> all;
    for (auto* part :
         {&names, &watches, &backends, &tables, &contents, &services, &sources, &admissions, &listeners, &old_listeners,
          &old_admissions, &old_sources, &old_services, &old_backends, &old_watches, &old_names}) {
      std::ranges::move(*part, std::back_inserter(all));
    }
    return all;
  }
};

/// Finds a table for each share: one that holds what the share needs, a spare, or a new one. Equal tables are one.
class Tables {
 public:
  Tables(ObservedTables observed, Parts& parts) : tables_(std::move(observed)), parts_(parts) {}

  /// 0 for an empty table.
  std::uint32_t id_of(const Table& table) {
    if (table.empty()) return 0;
    const std::uint32_t id = tables_.find(table.size(), table.hash()).value_or(0);
    return id == 0 ? place(table) : hold(id);
  }

 private:
  std::uint32_t hold(std::uint32_t id) {
    tables_.hold(id);
    return id;
  }

  std::uint32_t place(const Table& table) {
    std::uint32_t id = tables_.spare(table.size()).value_or(0);
    if (id != 0) {
      parts_.contents.emplace_back(FillTable{id, table});
    } else {
      id = tables_.free_id();
      tables_.add(id, table.size());
      parts_.tables.emplace_back(CreateTable{id, table.size(), table});
    }
    tables_.fill(id, table.hash());
    return hold(id);
  }

  ObservedTables tables_;  ///< as they will be
  Parts& parts_;
};

gw_service to_map(const Service& service, Tables& tables) {
  gw_service value{};
  value.count = static_cast<std::uint32_t>(std::min<std::size_t>(service.shares.size(), GW_SERVICE_SHARES_MAX));
  value.flags = service.flags;
  for (gw_share& share : value.share) share.limit = UINT32_MAX;
  for (std::size_t i = 0; i < value.count; ++i) {
    const auto& [limit, table] = service.shares[i];
    value.share[i] = {limit, tables.id_of(table), table.size(), 0, table.hash()};
  }
  return value;
}

void diff_names(const Plan& plan, const Observed& observed, Parts& parts) {
  visit_differences(plan.names, observed.names, [&](const gw_name_key& key, const std::string* text, const auto*) {
    if (text != nullptr) {
      parts.names.emplace_back(SetName{key, *text});
    } else {
      parts.old_names.emplace_back(RemoveName{key});
    }
  });
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
  visit_differences(plan.backends, observed.backends,
                    [&](std::uint32_t id, const gw_backend* wanted, const gw_backend* there) {
                      if (wanted != nullptr) {
                        parts.backends.emplace_back(SetBackend{id, *wanted});
                      } else {
                        retire(id, *there, now, parts);
                      }
                    });
}

/// The counts belong to the programs: an entry that is there stays.
void diff_watches(const Plan& plan, const Observed& observed, Parts& parts) {
  visit_differences(plan.watched, observed.watched,
                    [&](const gw_backend_health_key& key, const Watch* wanted, const Watch* there) {
                      if (there == nullptr) parts.watches.emplace_back(WatchBackend{key});
                      if (wanted == nullptr) parts.old_watches.emplace_back(UnwatchBackend{key});
                    });
}

/// A changed share gets another table, never a changed one.
void diff_services(const Plan& plan, const Observed& observed, Parts& parts) {
  Tables tables(observed.tables, parts);
  visit_differences(plan.services, observed.settled, [&](std::uint32_t id, const Service* wanted, const Service*) {
    if (wanted == nullptr) {
      parts.old_services.emplace_back(RemoveService{id});
      return;
    }
    const gw_service value = to_map(*wanted, tables);
    const gw_service* const there = observed.services.get(id);
    if (there == nullptr || !maps::bytes_equal(*there, value)) parts.services.emplace_back(SetService{id, value});
  });
  if (observed.settled.size() == observed.services.size()) return;
  for (const auto& [id, service] : observed.services) {
    const bool is_known = observed.settled.contains(id) || plan.services.contains(id);
    if (!is_known) parts.old_services.emplace_back(RemoveService{id});
  }
}

void diff_sources(const Plan& plan, const Observed& observed, Parts& parts) {
  visit_differences(plan.sources, observed.sources,
                    [&](const gw_source_key& key, const gw_source_verdict* verdict, const auto*) {
                      if (verdict != nullptr) {
                        parts.sources.emplace_back(SetSource{key, *verdict});
                      } else {
                        parts.old_sources.emplace_back(RemoveSource{key});
                      }
                    });
}

/// The contents belong to the programs: an entry that is there stays.
void diff_admissions(const Plan& plan, const Observed& observed, Parts& parts) {
  visit_differences(plan.limited, observed.limited, [&](std::uint32_t id, bool is_wanted) {
    if (is_wanted) {
      parts.admissions.emplace_back(SetAdmission{id});
    } else {
      parts.old_admissions.emplace_back(RemoveAdmission{id});
    }
  });
}

void diff_listeners(const Plan& plan, const Observed& observed, Parts& parts) {
  visit_differences(plan.listeners, observed.listeners,
                    [&](const gw_listener_key& key, const gw_listener* value, const auto*) {
                      if (value != nullptr) {
                        parts.listeners.emplace_back(SetListener{key, *value});
                      } else {
                        parts.old_listeners.emplace_back(RemoveListener{key});
                      }
                    });
}

/// Carries out one operation on the model.
struct Apply {
  Observed& to;
  void operator()(const SetName& op) const { to.names.set(op.key, op.text); }
  void operator()(const WatchBackend& op) const { to.watched.emplace(op.key, {}); }
  void operator()(const SetBackend& op) const { to.backends.set(op.id, op.value); }
  void operator()(const CreateTable& op) const {
    to.tables.add(op.table_id, op.slots);
    if (!op.table.empty()) to.tables.fill(op.table_id, op.table.hash());
  }
  void operator()(const FillTable& op) const { to.tables.fill(op.table_id, op.table.hash()); }
  void operator()(const SetService& op) const {
    to.tables.exchange(to.services.get(op.id), &op.value);
    to.services.set(op.id, op.value);
    to.settled.erase(op.id);
  }
  void operator()(const SetSource& op) const { to.sources.set(op.key, op.verdict); }
  void operator()(const SetAdmission& op) const { to.limited.insert(op.listener_id); }
  void operator()(const SetListener& op) const { to.listeners.set(op.key, op.value); }
  void operator()(const RemoveListener& op) const { to.listeners.erase(op.key); }
  void operator()(const RemoveAdmission& op) const { to.limited.erase(op.listener_id); }
  void operator()(const RemoveSource& op) const { to.sources.erase(op.key); }
  void operator()(const RemoveService& op) const {
    to.tables.exchange(to.services.get(op.id), nullptr);
    to.services.erase(op.id);
    to.settled.erase(op.id);
  }
  void operator()(const RemoveTable& op) const { to.tables.remove(op.table_id); }
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

std::vector<Operation> tidy(const Observed& observed) {
  std::vector<Operation> operations;
  ObservedTables tables = observed.tables;
  for (const auto& [slots, count] : tables.wanted_spares()) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t id = tables.free_id();
      tables.add(id, slots);
      operations.emplace_back(CreateTable{id, slots, {}});
    }
  }
  for (const std::uint32_t id : tables.surplus()) operations.emplace_back(RemoveTable{id});
  return operations;
}

BackendMap draining(const Plan& plan, const Observed& observed) {
  BackendMap found;
  visit_differences(plan.backends, observed.backends,
                    [&found](std::uint32_t id, const gw_backend* wanted, const gw_backend* there) {
                      if (wanted == nullptr && there->drains_until != 0) found[id] = *there;
                    });
  return found;
}

std::optional<std::uint32_t> next_drained(const BackendMap& draining, std::uint32_t now) {
  std::optional<std::uint32_t> next;
  for (const auto& [id, backend] : draining) {
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

Observed settle(Observed observed, const Plan& plan) {
  BackendMap backends = plan.backends;
  for (const auto& [id, backend] : draining(plan, observed)) backends.set(id, backend);
  observed.listeners = plan.listeners;
  observed.backends = std::move(backends);
  observed.sources = plan.sources;
  observed.limited = plan.limited;
  observed.watched = plan.watched;
  observed.names = plan.names;
  observed.settled = plan.services;
  return observed;
}

}  // namespace gw::plan
