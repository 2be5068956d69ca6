// SPDX-License-Identifier: Apache-2.0
// An immutable list as a value: copies are one pointer, and two that are the same object are known to be equal at once.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace gw {

template <typename T>
class SharedList {
 public:
  SharedList() = default;
  SharedList(std::vector<T> items)  // NOLINT(google-explicit-constructor): a list by another means
      : items_(items.empty() ? nullptr : std::make_shared<const std::vector<T>>(std::move(items))) {}
  SharedList(std::initializer_list<T> items) : SharedList(std::vector<T>(items)) {}

  [[nodiscard]] const std::vector<T>& items() const {
    static const std::vector<T> none;
    return items_ == nullptr ? none : *items_;
  }
  [[nodiscard]] auto begin() const { return items().begin(); }
  [[nodiscard]] auto end() const { return items().end(); }
  [[nodiscard]] std::size_t size() const { return items().size(); }
  [[nodiscard]] bool empty() const { return items_ == nullptr; }
  const T& operator[](std::size_t index) const { return items()[index]; }

  /// The same object: equal, and told so without a look at the items. Unequal ones may still have equal items.
  [[nodiscard]] bool is_same_object(const SharedList& other) const { return items_ == other.items_; }
  bool operator==(const SharedList& other) const { return is_same_object(other) || items() == other.items(); }

 private:
  std::shared_ptr<const std::vector<T>> items_;
};

}  // namespace gw
