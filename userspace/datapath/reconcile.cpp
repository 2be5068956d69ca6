// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/reconcile.hpp"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <optional>
#include <span>
#include <type_traits>
#include <variant>

namespace gw::datapath {
namespace {

/// File descriptors of new tables held at once; the usual limit of open files is 1,024.
constexpr std::size_t kTablesAtOnce = 256;

gw_name to_map_name(const std::string& text) {
  gw_name name{};
  const std::size_t length = std::min(text.size(), sizeof(name.text) - 1);
  text.copy(name.text, length);
  return name;
}

std::uint32_t chunk_count(std::uint32_t slots) { return (slots + GW_MAGLEV_CHUNK_SLOTS - 1) / GW_MAGLEV_CHUNK_SLOTS; }

std::vector<gw_maglev_chunk> to_chunks(const plan::MaglevTable& table) {
  std::vector<gw_maglev_chunk> chunks(chunk_count(static_cast<std::uint32_t>(table.size())));
  for (std::size_t slot = 0; slot < table.size(); ++slot) {
    chunks[slot / GW_MAGLEV_CHUNK_SLOTS].backend[slot % GW_MAGLEV_CHUNK_SLOTS] = table[slot];
  }
  return chunks;
}

Result<> write_table(const RawMap& map, const plan::Table& table) {
  const std::vector<gw_maglev_chunk> chunks = to_chunks(table.slots());
  std::vector<std::uint32_t> keys(chunks.size());
  std::iota(keys.begin(), keys.end(), 0U);
  return map.update_many(keys.data(), chunks.data(), static_cast<std::uint32_t>(keys.size()));
}

/// An inner map, not yet reachable by any program.
Result<RawMap> create_table(const plan::CreateTable& operation) {
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = BPF_F_INNER_MAP;
  Fd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "gw_maglev_table", sizeof(std::uint32_t), sizeof(gw_maglev_chunk),
                       chunk_count(operation.slots), &options));
  if (!fd.is_open()) return fail_errno(errno, "create a Maglev table");
  auto map = RawMap::adopt(std::move(fd));
  if (!map || operation.table.empty()) return map;
  if (auto written = write_table(*map, operation.table); !written) return fail(written.error());
  return map;
}

Result<RawMap> open_table(const Maps& maps, std::uint32_t table_id) {
  std::uint32_t map_id = 0;
  const auto found = maps.maglev.lookup(&table_id, &map_id);
  if (!found) return fail(found.error());
  if (!*found) return fail(Error{fmt::format("Maglev table {} does not exist", table_id), ENOENT});
  return RawMap::from_id(map_id);
}

/// Operations of one kind, one after another: written in one batch.
template <typename Op>
using Run = std::vector<const Op*>;

template <typename Key, typename Value>
struct Batch {
  std::vector<Key> keys;
  std::vector<Value> values;
};

template <typename K, typename V, typename Op, typename MakeKey, typename MakeValue>
Result<> write(const Map<K, V>& map, const Run<Op>& run, MakeKey make_key, MakeValue make_value) {
  Batch<K, V> batch;
  for (const Op* operation : run) {
    batch.keys.push_back(make_key(*operation));
    batch.values.push_back(make_value(*operation));
  }
  return map.update_many(batch.keys, batch.values);
}

template <typename K, typename V, typename Op, typename MakeKey>
Result<> remove(const Map<K, V>& map, const Run<Op>& run, MakeKey make_key) {
  std::vector<K> keys;
  for (const Op* operation : run) keys.push_back(make_key(*operation));
  return map.erase_many(keys);
}

const auto by_id = [](const auto& operation) { return operation.id; };
const auto by_listener = [](const auto& operation) { return operation.listener_id; };
const auto by_key = [](const auto& operation) { return operation.key; };
const auto its_value = [](const auto& operation) { return operation.value; };

Result<> apply_run(const Maps& maps, const Run<plan::SetName>& run) {
  return write(maps.names, run, by_key, [](const plan::SetName& operation) { return to_map_name(operation.text); });
}
Result<> apply_run(const Maps& maps, const Run<plan::SetBackend>& run) {
  return write(maps.backends, run, by_id, its_value);
}
Result<> apply_run(const Maps& maps, const Run<plan::SetService>& run) {
  return write(maps.services, run, by_id, its_value);
}
Result<> apply_run(const Maps& maps, const Run<plan::SetSource>& run) {
  return write(maps.sources, run, by_key,
               [](const plan::SetSource& operation) -> std::uint32_t { return operation.verdict; });
}
Result<> apply_run(const Maps& maps, const Run<plan::SetAdmission>& run) {
  return write(maps.admission, run, by_listener, [](const auto&) { return gw_admission{}; });
}
Result<> apply_run(const Maps& maps, const Run<plan::WatchBackend>& run) {
  return write(maps.backend_health, run, by_key, [](const auto&) { return gw_backend_health{}; });
}
Result<> apply_run(const Maps& maps, const Run<plan::UnwatchBackend>& run) {
  return remove(maps.backend_health, run, by_key);
}
Result<> apply_run(const Maps& maps, const Run<plan::RemoveAdmission>& run) {
  return remove(maps.admission, run, by_listener);
}
Result<> apply_run(const Maps& maps, const Run<plan::RemoveSource>& run) { return remove(maps.sources, run, by_key); }
Result<> apply_run(const Maps& maps, const Run<plan::SetListener>& run) {
  return write(maps.listeners, run, by_key, its_value);
}
Result<> apply_run(const Maps& maps, const Run<plan::RemoveListener>& run) {
  return remove(maps.listeners, run, by_key);
}
Result<> apply_run(const Maps& maps, const Run<plan::RemoveService>& run) { return remove(maps.services, run, by_id); }
Result<> apply_run(const Maps& maps, const Run<plan::RemoveBackend>& run) { return remove(maps.backends, run, by_id); }
Result<> apply_run(const Maps& maps, const Run<plan::RemoveName>& run) { return remove(maps.names, run, by_key); }

/// In one syscall: see publish_tables().
Result<> apply_run(const Maps& maps, const Run<plan::RemoveTable>& run) {
  std::vector<std::uint32_t> ids;
  for (const auto* operation : run) ids.push_back(operation->table_id);
  return maps.maglev.erase_many(ids.data(), static_cast<std::uint32_t>(ids.size()));
}

/// The kernel waits for readers once per syscall on the outer map, so a batch costs what one update costs.
Result<> publish_tables(const Maps& maps, std::span<const plan::CreateTable* const> run) {
  std::vector<RawMap> tables;
  Batch<std::uint32_t, int> batch;
  for (const auto* operation : run) {
    auto table = create_table(*operation);
    if (!table) return fail(table.error());
    batch.keys.push_back(operation->table_id);
    batch.values.push_back(table->fd());
    tables.push_back(std::move(*table));
  }
  return maps.maglev.update_many(batch.keys.data(), batch.values.data(), static_cast<std::uint32_t>(batch.keys.size()));
}

Result<> apply_run(const Maps& maps, const Run<plan::CreateTable>& run) {
  for (std::size_t first = 0; first < run.size(); first += kTablesAtOnce) {
    const std::span<const plan::CreateTable* const> part(run.data() + first,
                                                         std::min(kTablesAtOnce, run.size() - first));
    if (auto published = publish_tables(maps, part); !published) return published;
  }
  return {};
}

Result<> apply_run(const Maps& maps, const Run<plan::FillTable>& run) {
  for (const auto* operation : run) {
    const auto table = open_table(maps, operation->table_id);
    if (!table) return fail(table.error());
    if (auto written = write_table(*table, operation->table); !written) return written;
  }
  return {};
}

/// Applies the run of equal operations at `position` and moves it behind them.
template <typename Op>
Result<> apply_next(const Maps& maps, const std::vector<plan::Operation>& operations, std::size_t& position) {
  Run<Op> run;
  for (; position < operations.size(); ++position) {
    const auto* operation = std::get_if<Op>(&operations[position]);
    if (operation == nullptr) break;
    run.push_back(operation);
  }
  return apply_run(maps, run);
}

Result<gw_control> read_control(const Maps& maps) {
  const auto control = maps.control.lookup(0);
  if (!control) return fail(control.error());
  return control->value_or(gw_control{});
}

/// Adds and changes first, then removes.
template <typename Key, typename Value, typename Wanted>
Result<> make_equal(const Map<Key, Value>& map, const Wanted& wanted) {
  std::vector<Key> gone;
  auto read = map.for_each([&](const auto& key, const auto&) {
    if (!wanted.contains(key)) gone.push_back(key);
  });
  if (!read) return read;
  for (const auto& [key, value] : wanted) {
    if (auto updated = map.update(key, value); !updated) return updated;
  }
  for (const Key& key : gone) {
    if (auto erased = map.erase(key); !erased) return erased;
  }
  return {};
}

}  // namespace

Result<plan::Observed> observe(const Maps& maps) {
  plan::Observed observed;
  Result<> read = maps.listeners.for_each([&](const auto& key, const auto& value) { observed.listeners[key] = value; });
  if (!read) return fail(read.error());
  read = maps.services.for_each([&](const auto& id, const auto& value) { observed.services[id] = value; });
  if (!read) return fail(read.error());
  read = maps.backends.for_each([&](const auto& id, const auto& value) { observed.backends[id] = value; });
  if (!read) return fail(read.error());
  read = maps.sources.for_each(
      [&](const auto& key, const auto& verdict) { observed.sources[key] = static_cast<gw_source_verdict>(verdict); });
  if (!read) return fail(read.error());
  read = maps.admission.for_each([&](const auto& id, const auto&) { observed.limited.insert(id); });
  if (!read) return fail(read.error());
  read = maps.backend_health.for_each([&](const auto& key, const auto&) { observed.watched[key] = {}; });
  if (!read) return fail(read.error());
  read = maps.names.for_each([&](const auto& key, const gw_name& name) { observed.names[key] = name.text; });
  if (!read) return fail(read.error());
  read = maps.links.for_each([&](const auto& ifindex, const auto& link) { observed.links[ifindex] = link; });
  if (!read) return fail(read.error());
  read = maps.maglev.for_each([&](const void* key, const void*) {
    std::uint32_t id = 0;
    std::memcpy(&id, key, sizeof(id));
    observed.tables.add(id, 0);
  });
  if (!read) return fail(read.error());
  for (const auto& [id, service] : observed.services) observed.tables.exchange(nullptr, &service);
  return observed;
}

namespace {

/// Reads again what one operation has changed.
class ReadBack {
 public:
  ReadBack(const Maps& maps, plan::Observed& observed) : maps_(maps), observed_(observed) {}

  Result<> operator()(const plan::SetName& op) { return name(op.key); }
  Result<> operator()(const plan::RemoveName& op) { return name(op.key); }
  Result<> operator()(const plan::SetBackend& op) { return entry(maps_.backends, op.id, observed_.backends); }
  Result<> operator()(const plan::RemoveBackend& op) { return entry(maps_.backends, op.id, observed_.backends); }
  Result<> operator()(const plan::SetListener& op) { return entry(maps_.listeners, op.key, observed_.listeners); }
  Result<> operator()(const plan::RemoveListener& op) { return entry(maps_.listeners, op.key, observed_.listeners); }
  Result<> operator()(const plan::SetService& op) { return service(op.id); }
  Result<> operator()(const plan::RemoveService& op) { return service(op.id); }
  Result<> operator()(const plan::SetSource& op) { return source(op.key); }
  Result<> operator()(const plan::RemoveSource& op) { return source(op.key); }
  Result<> operator()(const plan::WatchBackend& op) { return watch(op.key); }
  Result<> operator()(const plan::UnwatchBackend& op) { return watch(op.key); }
  Result<> operator()(const plan::SetAdmission& op) { return admission(op.listener_id); }
  Result<> operator()(const plan::RemoveAdmission& op) { return admission(op.listener_id); }
  Result<> operator()(const plan::CreateTable& op) {
    const auto found = has_table(op.table_id);
    if (!found || !*found) return found ? Result<>{} : fail(found.error());
    observed_.tables.add(op.table_id, op.slots);
    if (!op.table.empty()) observed_.tables.fill(op.table_id, op.table.hash());
    return {};
  }
  Result<> operator()(const plan::FillTable& op) {
    observed_.tables.fill(op.table_id, op.table.hash());
    return {};
  }
  Result<> operator()(const plan::RemoveTable& op) {
    const auto found = has_table(op.table_id);
    if (!found) return fail(found.error());
    if (!*found) observed_.tables.remove(op.table_id);
    return {};
  }

 private:
  /// `note(value)` if the key is there; else it is erased.
  template <typename K, typename V, typename Observed, typename Note>
  static Result<> look(const Map<K, V>& map, const K& key, Observed& observed, Note note) {
    const auto value = map.lookup(key);
    if (!value) return fail(value.error());
    if (*value) {
      note(**value);
    } else {
      observed.erase(key);
    }
    return {};
  }
  template <typename K, typename V, typename Observed>
  static Result<> entry(const Map<K, V>& map, const K& key, Observed& observed) {
    return look(map, key, observed, [&](const V& value) { observed.set(key, value); });
  }

  Result<> service(std::uint32_t id) {
    const gw_service* const known = observed_.services.get(id);
    const std::optional<gw_service> before = known == nullptr ? std::nullopt : std::optional(*known);
    if (auto read = entry(maps_.services, id, observed_.services); !read) return read;
    observed_.tables.exchange(before ? &*before : nullptr, observed_.services.get(id));
    observed_.settled.erase(id);
    return {};
  }
  Result<> name(const gw_name_key& key) {
    return look(maps_.names, key, observed_.names, [&](const gw_name& name) { observed_.names.set(key, name.text); });
  }
  Result<> source(const gw_source_key& key) {
    return look(maps_.sources, key, observed_.sources,
                [&](std::uint32_t verdict) { observed_.sources.set(key, static_cast<gw_source_verdict>(verdict)); });
  }
  Result<> admission(std::uint32_t listener_id) {
    return look(maps_.admission, listener_id, observed_.limited,
                [&](const auto& /*state*/) { observed_.limited.insert(listener_id); });
  }
  Result<> watch(const gw_backend_health_key& key) {
    return look(maps_.backend_health, key, observed_.watched,
                [&](const auto& /*counts*/) { observed_.watched.emplace(key, {}); });
  }
  Result<bool> has_table(std::uint32_t id) {
    std::uint32_t map_id = 0;
    return maps_.maglev.lookup(&id, &map_id);
  }

  const Maps& maps_;
  plan::Observed& observed_;
};

}  // namespace

Result<plan::Observed> read_back(const Maps& maps, plan::Observed before,
                                 const std::vector<plan::Operation>& operations) {
  ReadBack reader(maps, before);
  for (const auto& operation : operations) {
    if (auto read = std::visit(reader, operation); !read) return fail(read.error());
  }
  return before;
}

/// membarrier(2) with MEMBARRIER_CMD_GLOBAL is synchronize_rcu(), but not where CPUs are kept free of ticks
/// (nohz_full); a change of a map of maps waits as well, everywhere.
Result<> wait_for_programs(const Maps& maps) {
  if (::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0) return {};
  constexpr std::uint32_t kNoTable = 0;
  const auto table = create_table({.table_id = kNoTable, .slots = 1, .table = {}});
  if (!table) return fail(table.error());
  const int fd = table->fd();
  if (auto updated = maps.maglev.update(&kNoTable, &fd); !updated) return updated;
  return maps.maglev.erase(&kNoTable);
}

Result<> apply(const Maps& maps, const std::vector<plan::Operation>& operations) {
  for (std::size_t position = 0; position < operations.size();) {
    const auto applied = std::visit([&]<typename Op>(const Op&) { return apply_next<Op>(maps, operations, position); },
                                    operations[position]);
    if (!applied) return applied;
  }
  return {};
}

Result<plan::MaglevTable> read_table(const Maps& maps, std::uint32_t table_id, std::uint32_t slots) {
  auto raw = open_table(maps, table_id);
  if (!raw) return fail(raw.error());
  auto inner = Map<std::uint32_t, gw_maglev_chunk>::from_raw(std::move(*raw));
  if (!inner) return fail(inner.error());
  plan::MaglevTable table(slots);
  auto read = inner->for_each([&table](const std::uint32_t& chunk, const gw_maglev_chunk& value) {
    for (std::size_t i = 0; i < GW_MAGLEV_CHUNK_SLOTS; ++i) {
      const std::size_t slot = static_cast<std::size_t>(chunk) * GW_MAGLEV_CHUNK_SLOTS + i;
      if (slot < table.size()) table[slot] = value.backend[i];
    }
  });
  if (!read) return fail(read.error());
  return table;
}

Result<> set_links(const Maps& maps, const LinkMaps& wanted) {
  if (auto done = make_equal(maps.links, wanted.links); !done) return done;
  return make_equal(maps.vlans, wanted.vlans);
}

Result<> set_nat_ports(const Maps& maps, std::uint16_t first, std::uint16_t last) {
  auto control = read_control(maps);
  if (!control) return fail(control.error());
  control->nat_port_first = first;
  control->nat_port_last = last;
  return maps.control.update(0, *control);
}

Result<> set_netns_cookie(const Maps& maps, std::uint64_t cookie) {
  auto control = read_control(maps);
  if (!control) return fail(control.error());
  control->netns_cookie = cookie;
  return maps.control.update(0, *control);
}

Result<> bump_generation(const Maps& maps, NextHops next_hops) {
  auto control = read_control(maps);
  if (!control) return fail(control.error());
  control->generation = control->generation == UINT32_MAX ? 1 : control->generation + 1;
  control->flags &= ~static_cast<std::uint32_t>(GW_CONTROL_HOPS_BY_DESTINATION);
  if (next_hops == NextHops::ByDestination) control->flags |= GW_CONTROL_HOPS_BY_DESTINATION;
  return maps.control.update(0, *control);
}

}  // namespace gw::datapath
