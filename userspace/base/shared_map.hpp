// SPDX-License-Identifier: Apache-2.0
// A sorted map as a value: copies are cheap, since they share what is equal in them, and two that come from one another
// are compared at the cost of their difference (docs/design/0017). Entries are in blocks of at most 128, in order; a
// change copies the one block that it touches, unless nobody else has it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace gw {

/// Equality of values, and of plain structs without one (those of the BPF maps) that of their bytes.
template <typename T>
bool is_same_value(const T& a, const T& b) {
  if constexpr (std::equality_comparable<T>) {
    return a == b;
  } else {
    static_assert(std::has_unique_object_representations_v<T>);
    return std::memcmp(&a, &b, sizeof(T)) == 0;
  }
}

namespace detail {

/// Makes `pointer` the only one to its object, by a copy if need be. The fence pairs with the release of the last
/// other owner, who may have been another thread. ThreadSanitizer knows no fences; an increment of the same counter is
/// as good to it.
template <typename T>
T& own(std::shared_ptr<T>& pointer) {
  if (pointer.use_count() != 1) pointer = std::make_shared<T>(*pointer);
#ifdef __SANITIZE_THREAD__
  const std::shared_ptr<T> counted = pointer;
#else
  std::atomic_thread_fence(std::memory_order_acquire);
#endif
  return *pointer;
}

}  // namespace detail

/// The part of std::map's interface that is used, and `visit_differences`. Different objects may be used by different
/// threads, whatever they share. References and iterators are valid until the map is changed or assigned to.
template <typename Key, typename Value, typename Less = std::less<Key>>
class SharedMap {
 public:
  using Entry = std::pair<Key, Value>;
  using key_type = Key;
  using mapped_type = Value;
  using value_type = Entry;
  using size_type = std::size_t;

  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const Entry*;
    using reference = const Entry&;

    const_iterator() = default;
    reference operator*() const { return (*blocks_)[block_]->operator[](at_); }
    pointer operator->() const { return &**this; }
    const_iterator& operator++() {
      if (++at_ == (*blocks_)[block_]->size()) {
        ++block_;
        at_ = 0;
      }
      return *this;
    }
    const_iterator operator++(int) {
      const const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const { return block_ == other.block_ && at_ == other.at_; }

   private:
    friend class SharedMap;
    using Blocks = std::vector<std::shared_ptr<std::vector<Entry>>>;
    const_iterator(const Blocks* blocks, std::size_t block, std::size_t at) : blocks_(blocks), block_(block), at_(at) {}
    [[nodiscard]] const std::vector<Entry>* whole_block() const {
      return at_ == 0 && block_ < blocks_->size() ? (*blocks_)[block_].get() : nullptr;
    }
    void skip_block() { ++block_; }

    const Blocks* blocks_ = nullptr;
    std::size_t block_ = 0;
    std::size_t at_ = 0;
  };
  using iterator = const_iterator;

  SharedMap() = default;
  SharedMap(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) (*this)[entry.first] = entry.second;
  }

  [[nodiscard]] std::size_t size() const { return root_ == nullptr ? 0 : root_->size; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] const_iterator begin() const { return {&blocks(), 0, 0}; }
  [[nodiscard]] const_iterator end() const { return {&blocks(), blocks().size(), 0}; }
  void clear() { root_.reset(); }

  [[nodiscard]] const_iterator find(const Key& key) const {
    const Place place = locate(key);
    return place.found ? const_iterator(&blocks(), place.block, place.at) : end();
  }
  /// The first entry that is not before the key.
  [[nodiscard]] const_iterator lower_bound(const Key& key) const {
    const Place place = locate(key);
    const bool is_behind_block = !empty() && place.at == blocks()[place.block]->size();
    return is_behind_block ? const_iterator(&blocks(), place.block + 1, 0)
                           : const_iterator(&blocks(), place.block, place.at);
  }
  [[nodiscard]] bool contains(const Key& key) const { return locate(key).found; }
  /// Null if there is no such key.
  [[nodiscard]] const Value* get(const Key& key) const {
    const Place place = locate(key);
    return place.found ? &(*blocks()[place.block])[place.at].second : nullptr;
  }
  [[nodiscard]] const Value& at(const Key& key) const {
    const Value* const value = get(key);
    if (value == nullptr) throw std::out_of_range("SharedMap::at");
    return *value;
  }

  /// The key's value, to be changed; made by default if there is none.
  Value& operator[](const Key& key) {
    const Place place = locate(key);
    return place.found ? detail::own(own_blocks()[place.block])[place.at].second : insert(place, {key, Value{}});
  }
  /// False, and no change, if the key is there.
  bool emplace(const Key& key, Value value) {
    const Place place = locate(key);
    if (!place.found) insert(place, {key, std::move(value)});
    return !place.found;
  }
  /// Adds or replaces; nothing is copied if the value is there already.
  void set(const Key& key, Value value) {
    const Place place = locate(key);
    if (!place.found) {
      insert(place, {key, std::move(value)});
    } else if (!is_same_value((*blocks()[place.block])[place.at].second, value)) {
      detail::own(own_blocks()[place.block])[place.at].second = std::move(value);
    }
  }
  /// How many were removed: 0 or 1.
  std::size_t erase(const Key& key) {
    const Place place = locate(key);
    if (!place.found) return 0;
    Blocks& blocks = own_blocks();
    --root_->size;
    if (blocks[place.block]->size() == 1) {
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(place.block));
      return 1;
    }
    Block& block = detail::own(blocks[place.block]);
    block.erase(block.begin() + static_cast<std::ptrdiff_t>(place.at));
    merge_with_next(place.block);
    return 1;
  }

  bool operator==(const SharedMap& other) const {
    bool same = size() == other.size();
    if (same) visit_differences(*this, other, [&same](const Key&, const Value*, const Value*) { same = false; });
    return same;
  }

  /// Calls `visit(key, in_a, in_b)` for each key whose values differ, in order; null where a side has no such key. What
  /// both share is skipped a block at a time.
  template <typename Visit>
  friend void visit_differences(const SharedMap& a, const SharedMap& b, Visit visit) {
    if (a.root_ != b.root_) walk_differences(a, b, visit);
  }

 private:
  static constexpr std::size_t kBlock = 128;
  using Block = std::vector<Entry>;  ///< sorted, never empty
  using Blocks = std::vector<std::shared_ptr<Block>>;
  struct Root {
    Blocks blocks;
    std::size_t size = 0;
  };
  /// Where a key is, or else would be inserted.
  struct Place {
    std::size_t block = 0;
    std::size_t at = 0;
    bool found = false;
  };

  [[nodiscard]] const Blocks& blocks() const {
    static const Blocks none;
    return root_ == nullptr ? none : root_->blocks;
  }
  Blocks& own_blocks() {
    if (root_ == nullptr) root_ = std::make_shared<Root>();
    return detail::own(root_).blocks;
  }

  [[nodiscard]] Place locate(const Key& key) const {
    const Less less{};
    const Blocks& all = blocks();
    if (all.empty()) return {};
    const auto behind =
        std::ranges::upper_bound(all, key, less, [](const auto& block) { return block->front().first; });
    const std::size_t index = behind == all.begin() ? 0 : static_cast<std::size_t>(behind - all.begin()) - 1;
    const Block& block = *all[index];
    const auto entry = std::ranges::lower_bound(block, key, less, &Entry::first);
    return {index, static_cast<std::size_t>(entry - block.begin()), entry != block.end() && !less(key, entry->first)};
  }

  Value& insert(Place place, Entry entry) {
    Blocks& blocks = own_blocks();
    ++root_->size;
    if (blocks.empty()) blocks.push_back(std::make_shared<Block>());
    if (blocks[place.block]->size() >= kBlock) split(place);
    Block& block = detail::own(blocks[place.block]);
    return block.insert(block.begin() + static_cast<std::ptrdiff_t>(place.at), std::move(entry))->second;
  }

  /// Makes room at `place`, which follows its entries. Behind all others a new block begins: keys that come in order
  /// leave full blocks.
  void split(Place& place) {
    Blocks& blocks = root_->blocks;
    const bool is_behind_all = place.block + 1 == blocks.size() && place.at == kBlock;
    const std::size_t middle = is_behind_all ? kBlock : kBlock / 2;
    auto rest = std::make_shared<Block>();
    if (!is_behind_all) {
      Block& full = detail::own(blocks[place.block]);
      const auto from = full.begin() + static_cast<std::ptrdiff_t>(middle);
      rest->assign(std::make_move_iterator(from), std::make_move_iterator(full.end()));
      full.erase(from, full.end());
    }
    blocks.insert(blocks.begin() + static_cast<std::ptrdiff_t>(place.block) + 1, std::move(rest));
    if (place.at < middle || (place.at == middle && !is_behind_all)) return;
    ++place.block;
    place.at -= middle;
  }

  void merge_with_next(std::size_t index) {
    Blocks& blocks = root_->blocks;
    if (index + 1 == blocks.size() || blocks[index]->size() + blocks[index + 1]->size() > kBlock / 2) return;
    Block& block = detail::own(blocks[index]);
    block.insert(block.end(), blocks[index + 1]->begin(), blocks[index + 1]->end());
    blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  }

  template <typename Visit>
  static void walk_differences(const SharedMap& a, const SharedMap& b, Visit& visit) {
    constexpr const Value* kNone = nullptr;
    const Less less{};
    const_iterator left = a.begin();
    const_iterator right = b.begin();
    while (left != a.end() && right != b.end()) {
      if (left.whole_block() != nullptr && left.whole_block() == right.whole_block()) {
        left.skip_block();
        right.skip_block();
      } else if (less(left->first, right->first)) {
        visit(left->first, &left->second, kNone);
        ++left;
      } else if (less(right->first, left->first)) {
        visit(right->first, kNone, &right->second);
        ++right;
      } else {
        if (!is_same_value(left->second, right->second)) visit(left->first, &left->second, &right->second);
        ++left;
        ++right;
      }
    }
    for (; left != a.end(); ++left) visit(left->first, &left->second, kNone);
    for (; right != b.end(); ++right) visit(right->first, kNone, &right->second);
  }

  std::shared_ptr<Root> root_;
};

/// Makes `map` equal to `wanted`, and goes on sharing what is the same already.
template <typename Key, typename Value, typename Less>
void become(SharedMap<Key, Value, Less>& map, const SharedMap<Key, Value, Less>& wanted) {
  std::vector<std::pair<Key, const Value*>> changes;
  visit_differences(map, wanted,
                    [&changes](const Key& key, const Value*, const Value* value) { changes.emplace_back(key, value); });
  for (const auto& [key, value] : changes) {
    if (value == nullptr) {
      map.erase(key);
    } else {
      map.set(key, *value);
    }
  }
}

/// A sorted set in the same manner.
template <typename Key, typename Less = std::less<Key>>
class SharedSet {
  struct Nothing {
    bool operator==(const Nothing&) const = default;
  };
  using Map = SharedMap<Key, Nothing, Less>;

 public:
  using value_type = Key;
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Key;
    using difference_type = std::ptrdiff_t;
    using pointer = const Key*;
    using reference = const Key&;

    const_iterator() = default;
    explicit const_iterator(typename Map::const_iterator at) : at_(at) {}
    reference operator*() const { return at_->first; }
    pointer operator->() const { return &at_->first; }
    const_iterator& operator++() {
      ++at_;
      return *this;
    }
    const_iterator operator++(int) { return const_iterator(at_++); }
    bool operator==(const const_iterator&) const = default;

   private:
    typename Map::const_iterator at_;
  };
  using iterator = const_iterator;

  SharedSet() = default;
  SharedSet(std::initializer_list<Key> keys) {
    for (const Key& key : keys) insert(key);
  }

  [[nodiscard]] const_iterator begin() const { return const_iterator(map_.begin()); }
  [[nodiscard]] const_iterator end() const { return const_iterator(map_.end()); }
  [[nodiscard]] std::size_t size() const { return map_.size(); }
  [[nodiscard]] bool empty() const { return map_.empty(); }
  [[nodiscard]] bool contains(const Key& key) const { return map_.contains(key); }
  /// False if it was there.
  bool insert(const Key& key) { return map_.emplace(key, {}); }
  std::size_t erase(const Key& key) { return map_.erase(key); }
  bool operator==(const SharedSet&) const = default;

  /// Calls `visit(key, is_in_a)` for each key that is in one of them.
  template <typename Visit>
  friend void visit_differences(const SharedSet& a, const SharedSet& b, Visit visit) {
    visit_differences(a.map_, b.map_,
                      [&visit](const Key& key, const Nothing* in_a, const Nothing*) { visit(key, in_a != nullptr); });
  }
  friend void become(SharedSet& set, const SharedSet& wanted) { become(set.map_, wanted.map_); }

 private:
  Map map_;
};

}  // namespace gw
