// SPDX-License-Identifier: Apache-2.0
#include "userspace/plan/diff.hpp"

#include <algorithm>
#include <set>

namespace gw::plan {
namespace {

/// Operations by kind; concatenated they are in the order that keeps every reference valid.
struct Parts {
  std::vector<Operation> names, backends, tables, services, listeners;
  std::vector<Operation> old_listeners, old_services, old_tables, old_backends, old_names;

  std::vector<Operation> in_order() && {
    std::vector<Operation> all;
    for (auto* part : {&names, &backends, &tables, &services, &listeners, &old_listeners, &old_services, &old_tables,
                       &old_backends, &old_names}) {
      std::ranges::move(*part, std::back_inserter(all));
    }
    return all;
  }
};

/// Hands out table ids that neither the kernel nor this diff uses.
class FreeTables {
 public:
  explicit FreeTables(const std::vector<std::uint32_t>& taken) : taken_(taken.begin(), taken.end()) {}
  std::uint32_t take() {
    while (taken_.contains(next_)) ++next_;
    taken_.insert(next_);
    return next_;
  }

 private:
  std::set<std::uint32_t> taken_;
  std::uint32_t next_ = 1;
};

void diff_names(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [key, text] : plan.names) {
    const auto there = observed.names.find(key);
    if (there == observed.names.end() || there->second != text) parts.names.emplace_back(SetName{key, text});
  }
  for (const auto& [key, text] : observed.names) {
    if (!plan.names.contains(key)) parts.old_names.emplace_back(RemoveName{key});
  }
}

void diff_backends(const Plan& plan, const Observed& observed, Parts& parts) {
  for (const auto& [id, backend] : plan.backends) {
    const auto there = observed.backends.find(id);
    if (there == observed.backends.end() || !maps::bytes_equal(there->second, backend)) {
      parts.backends.emplace_back(SetBackend{id, backend});
    }
  }
  for (const auto& [id, backend] : observed.backends) {
    if (!plan.backends.contains(id)) parts.old_backends.emplace_back(RemoveBackend{id});
  }
}

bool is_current(const gw_service& service, const MaglevTable& table, const Observed& observed) {
  if (service.slots != table.size() || service.table_hash != table_hash(table)) return false;
  return table.empty() || std::ranges::binary_search(observed.tables, service.table_id);
}

/// A changed service gets a new table under a free id, never a changed one.
void diff_services(const Plan& plan, const Observed& observed, Parts& parts) {
  FreeTables free(observed.tables);
  std::set<std::uint32_t> kept;
  for (const auto& [id, table] : plan.services) {
    const auto there = observed.services.find(id);
    if (there != observed.services.end() && is_current(there->second, table, observed)) {
      kept.insert(there->second.table_id);
      continue;
    }
    const std::uint32_t table_id = table.empty() ? 0 : free.take();
    if (table_id != 0) parts.tables.emplace_back(CreateTable{table_id, table});
    const gw_service value{table_id, static_cast<std::uint32_t>(table.size()), table_hash(table)};
    parts.services.emplace_back(SetService{id, value});
  }
  for (const auto& [id, service] : observed.services) {
    if (!plan.services.contains(id)) parts.old_services.emplace_back(RemoveService{id});
  }
  for (const std::uint32_t table_id : observed.tables) {
    if (!kept.contains(table_id)) parts.old_tables.emplace_back(RemoveTable{table_id});
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
  void operator()(const SetBackend& op) const { to.backends[op.id] = op.value; }
  void operator()(const CreateTable& op) const {
    to.tables.insert(std::ranges::upper_bound(to.tables, op.table_id), op.table_id);
  }
  void operator()(const SetService& op) const { to.services[op.id] = op.value; }
  void operator()(const SetListener& op) const { to.listeners[op.key] = op.value; }
  void operator()(const RemoveListener& op) const { to.listeners.erase(op.key); }
  void operator()(const RemoveService& op) const { to.services.erase(op.id); }
  void operator()(const RemoveTable& op) const { std::erase(to.tables, op.table_id); }
  void operator()(const RemoveBackend& op) const { to.backends.erase(op.id); }
  void operator()(const RemoveName& op) const { to.names.erase(op.key); }
};

}  // namespace

std::vector<Operation> diff(const Plan& plan, const Observed& observed) {
  Parts parts;
  diff_names(plan, observed, parts);
  diff_backends(plan, observed, parts);
  diff_services(plan, observed, parts);
  diff_listeners(plan, observed, parts);
  return std::move(parts).in_order();
}

Observed apply_to(Observed observed, const std::vector<Operation>& operations) {
  for (const Operation& operation : operations) std::visit(Apply{observed}, operation);
  return observed;
}

}  // namespace gw::plan
