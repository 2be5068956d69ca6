// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/map.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace gw::datapath {
namespace {

constexpr std::uint32_t kBatch = 4096;

/// The kernels and map types without batch operations answer with one of these.
bool is_unsupported(int code) {
  return code == ENOTSUP || code == EINVAL || code == 524 /* ENOTSUPP, not in errno.h */;
}

}  // namespace

Result<RawMap> RawMap::adopt(Fd fd) {
  bpf_map_info info{};
  __u32 length = sizeof(info);
  if (bpf_obj_get_info_by_fd(fd.get(), &info, &length) != 0) return fail_errno(errno, "read a map's description");
  RawMap map;
  map.fd_ = std::move(fd);
  map.name_ = info.name;
  map.key_size_ = info.key_size;
  map.value_size_ = info.value_size;
  map.max_entries_ = info.max_entries;
  return map;
}

Result<RawMap> RawMap::open_pinned(const std::string& path) {
  Fd fd(bpf_obj_get(path.c_str()));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("open the pinned map {}", path));
  return adopt(std::move(fd));
}

Result<RawMap> RawMap::from_id(std::uint32_t map_id) {
  Fd fd(bpf_map_get_fd_by_id(map_id));
  if (!fd.is_open()) return fail_errno(errno, fmt::format("open map id {}", map_id));
  return adopt(std::move(fd));
}

Result<bool> RawMap::lookup(const void* key, void* value) const {
  if (bpf_map_lookup_elem(fd_.get(), key, value) == 0) return true;
  if (errno == ENOENT) return false;
  return fail_errno(errno, fmt::format("look up in map {}", name_));
}

Result<> RawMap::update(const void* key, const void* value) const {
  if (bpf_map_update_elem(fd_.get(), key, value, BPF_ANY) == 0) return {};
  return fail_errno(errno, fmt::format("update map {}", name_));
}

Result<> RawMap::update_many(const void* keys, const void* values, std::uint32_t count) const {
  if (count == 0) return {};
  std::uint32_t done = count;
  if (bpf_map_update_batch(fd_.get(), keys, values, &done, nullptr) == 0) return {};
  if (!is_unsupported(errno)) return fail_errno(errno, fmt::format("update map {} in a batch", name_));
  const auto* key = static_cast<const std::byte*>(keys);
  const auto* value = static_cast<const std::byte*>(values);
  for (std::uint32_t i = 0; i < count; ++i, key += key_size_, value += value_size_) {
    if (auto updated = update(key, value); !updated) return updated;
  }
  return {};
}

Result<> RawMap::erase(const void* key) const {
  if (bpf_map_delete_elem(fd_.get(), key) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("delete from map {}", name_));
}

/// The kernel's batch ends at a key that is not there.
Result<> RawMap::erase_many(const void* keys, std::uint32_t count) const {
  if (count == 0) return {};
  std::uint32_t done = count;
  if (bpf_map_delete_batch(fd_.get(), keys, &done, nullptr) == 0) return {};
  if (!is_unsupported(errno) && errno != ENOENT)
    return fail_errno(errno, fmt::format("delete from map {} in a batch", name_));
  const auto* key = static_cast<const std::byte*>(keys);
  for (std::uint32_t i = 0; i < count; ++i, key += key_size_) {
    if (auto erased = erase(key); !erased) return erased;
  }
  return {};
}

Result<> RawMap::for_each(const Visitor& visit) const {
  for (Position position; !position.done;) {
    if (auto visited = visit_some(position, visit); !visited) return visited;
  }
  return {};
}

Result<> RawMap::visit_some(Position& position, const Visitor& visit) const {
  const bool first = position.bytes.empty();
  std::vector<std::byte> next(std::max<std::size_t>(key_size_, sizeof(std::uint32_t)));
  for (std::uint32_t capacity = std::min(kBatch, max_entries_);; capacity = std::min(capacity * 2, max_entries_)) {
    std::vector<std::byte> keys(static_cast<std::size_t>(capacity) * key_size_);
    std::vector<std::byte> values(static_cast<std::size_t>(capacity) * value_size_);
    std::uint32_t count = capacity;
    const int result = bpf_map_lookup_batch(fd_.get(), first ? nullptr : position.bytes.data(), next.data(),
                                            keys.data(), values.data(), &count, nullptr);
    const int code = result == 0 ? 0 : errno;
    if (code == ENOSPC && capacity < max_entries_) continue;  // one hash bucket holds more than the buffer
    if (is_unsupported(code)) return visit_by_key(position, visit);
    if (code != 0 && code != ENOENT) return fail_errno(code, fmt::format("read map {} in a batch", name_));
    for (std::size_t i = 0; i < count; ++i) visit(keys.data() + i * key_size_, values.data() + i * value_size_);
    position.bytes = std::move(next);
    position.done = code == ENOENT;
    return {};
  }
}

Result<> RawMap::visit_by_key(Position& position, const Visitor& visit) const {
  std::vector<std::byte> next(key_size_);
  std::vector<std::byte> value(value_size_);
  for (std::uint32_t i = 0; i < kBatch; ++i) {
    if (bpf_map_get_next_key(fd_.get(), position.bytes.empty() ? nullptr : position.bytes.data(), next.data()) != 0) {
      if (errno != ENOENT) return fail_errno(errno, fmt::format("walk map {}", name_));
      position.done = true;
      return {};
    }
    position.bytes = next;
    const auto found = lookup(next.data(), value.data());
    if (!found) return fail(found.error());
    if (*found) visit(next.data(), value.data());
  }
  return {};
}

Result<CounterMap> CounterMap::open_pinned(const std::string& path) {
  auto raw = RawMap::open_pinned(path);
  if (!raw) return fail(std::move(raw).error());
  return from_raw(std::move(*raw));
}

Result<CounterMap> CounterMap::from_raw(RawMap raw) {
  if (raw.key_size() != sizeof(std::uint32_t) || raw.value_size() != sizeof(std::uint64_t)) {
    return fail("map " + raw.name() + " does not hold 64-bit counters");
  }
  return CounterMap(std::move(raw));
}

Result<std::vector<std::uint64_t>> CounterMap::sum() const {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus < 0) return fail_errno(-cpus, "count the possible CPUs");
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(cpus));
  std::vector<std::uint64_t> sums(raw_.max_entries());
  for (std::uint32_t index = 0; index < raw_.max_entries(); ++index) {
    if (auto found = raw_.lookup(&index, per_cpu.data()); !found) return fail(found.error());
    for (const std::uint64_t value : per_cpu) sums[index] += value;
  }
  return sums;
}

}  // namespace gw::datapath
