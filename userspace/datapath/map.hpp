// SPDX-License-Identifier: Apache-2.0
// Typed handles on BPF maps. libbpf stays in the .cpp; keys and values are the structs of maps/.
#pragma once

#include "maps/schema.hpp"
#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gw::datapath {

/// One BPF map, untyped. Owns a file descriptor, not the map: a pinned map outlives it. Each call is one or a
/// few syscalls and may be made from any thread.
class RawMap {
 public:
  /// Opens a pin. An error with code ENOENT if nothing is pinned there.
  static Result<RawMap> open_pinned(const std::string& path);
  /// Opens the map with that kernel-wide id: how an inner map is reached from its outer one.
  static Result<RawMap> from_id(std::uint32_t map_id);
  /// Takes over an open map file descriptor.
  static Result<RawMap> adopt(Fd fd);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint32_t key_size() const { return key_size_; }
  /// As userspace sees it: for a per-CPU map, that of one CPU.
  [[nodiscard]] std::uint32_t value_size() const { return value_size_; }
  [[nodiscard]] std::uint32_t max_entries() const { return max_entries_; }

  /// False if there is no such key. `value` has room for what the syscall writes.
  Result<bool> lookup(const void* key, void* value) const;
  /// Adds or replaces.
  Result<> update(const void* key, const void* value) const;
  /// As one batched syscall where the kernel has it (5.6), one by one where it does not. Not atomic.
  Result<> update_many(const void* keys, const void* values, std::uint32_t count) const;
  /// Removing what is not there is no error.
  Result<> erase(const void* key) const;
  /// As update_many().
  Result<> erase_many(const void* keys, std::uint32_t count) const;
  using Visitor = std::function<void(const void* key, const void* value)>;
  /// Calls `visit` with each pair that stays put while we walk; what is added or removed meanwhile may be missed.
  Result<> for_each(const Visitor& visit) const;

  /// How far a walk has come. Begins at the first pair.
  struct Position {
    std::vector<std::byte> bytes;  ///< empty at the beginning; a bucket number or a key, as the kernel likes it
    bool done = false;
  };
  /// Visits the next few thousand pairs, in one syscall where the kernel can, and moves `position` on.
  Result<> visit_some(Position& position, const Visitor& visit) const;

 private:
  RawMap() = default;
  Result<> visit_by_key(Position& position, const Visitor& visit) const;

  Fd fd_;
  std::string name_;
  std::uint32_t key_size_ = 0;
  std::uint32_t value_size_ = 0;
  std::uint32_t max_entries_ = 0;
};

/// A hash, LRU or array map with keys of K and values of V.
template <typename K, typename V>
class Map {
 public:
  /// Fails if the map's sizes are not those of K and V.
  static Result<Map> open_pinned(const std::string& path) {
    auto raw = RawMap::open_pinned(path);
    if (!raw) return fail(std::move(raw).error());
    return from_raw(std::move(*raw));
  }

  static Result<Map> from_raw(RawMap raw) {
    if (raw.key_size() != sizeof(K) || raw.value_size() != sizeof(V)) {
      return fail("map " + raw.name() + " has another layout than this version (run its own version's gwctl)");
    }
    return Map(std::move(raw));
  }

  Result<std::optional<V>> lookup(const K& key) const {
    V value{};
    const auto found = raw_.lookup(&key, &value);
    if (!found) return fail(found.error());
    return *found ? std::optional<V>(value) : std::nullopt;
  }
  Result<> update(const K& key, const V& value) const { return raw_.update(&key, &value); }
  Result<> update_many(const std::vector<K>& keys, const std::vector<V>& values) const {
    return raw_.update_many(keys.data(), values.data(), static_cast<std::uint32_t>(keys.size()));
  }
  Result<> erase(const K& key) const { return raw_.erase(&key); }
  Result<> erase_many(const std::vector<K>& keys) const {
    return raw_.erase_many(keys.data(), static_cast<std::uint32_t>(keys.size()));
  }
  using Visitor = std::function<void(const K&, const V&)>;
  Result<> for_each(const Visitor& visit) const { return raw_.for_each(typed(visit)); }
  Result<> visit_some(RawMap::Position& position, const Visitor& visit) const {
    return raw_.visit_some(position, typed(visit));
  }
  [[nodiscard]] const RawMap& raw() const { return raw_; }

 private:
  explicit Map(RawMap raw) : raw_(std::move(raw)) {}
  static RawMap::Visitor typed(const Visitor& visit) {
    return [&visit](const void* key, const void* value) {
      K typed_key;
      V typed_value;
      std::memcpy(&typed_key, key, sizeof(K));
      std::memcpy(&typed_value, value, sizeof(V));
      visit(typed_key, typed_value);
    };
  }
  RawMap raw_;
};

/// A per-CPU array of 64-bit counters.
class CounterMap {
 public:
  static Result<CounterMap> open_pinned(const std::string& path);
  static Result<CounterMap> from_raw(RawMap raw);
  /// Each counter, summed over the CPUs; index is the key.
  Result<std::vector<std::uint64_t>> sum() const;

 private:
  explicit CounterMap(RawMap raw) : raw_(std::move(raw)) {}
  RawMap raw_;
};

}  // namespace gw::datapath
