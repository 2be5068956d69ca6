// SPDX-License-Identifier: Apache-2.0
// A list of immutable objects of one kind, as a value: copies share the list and the objects, so an object that a
// change leaves alone stays the same one, and every stage can tell at the cost of comparing two pointers.
#pragma once

#include "userspace/base/shared_map.hpp"

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

namespace gw::api {

/// Iterates as `const Kind&`, with random access.
template <typename Kind>
class Objects {
 public:
  using Pointer = std::shared_ptr<const Kind>;
  using value_type = Kind;
  using const_reference = const Kind&;

  class const_iterator {
   public:
    using iterator_category = std::random_access_iterator_tag;
    using value_type = Kind;
    using difference_type = std::ptrdiff_t;
    using pointer = const Kind*;
    using reference = const Kind&;

    const_iterator() = default;
    explicit const_iterator(const Pointer* at) : at_(at) {}
    reference operator*() const { return **at_; }
    pointer operator->() const { return at_->get(); }
    reference operator[](difference_type offset) const { return *at_[offset]; }
    const_iterator& operator+=(difference_type offset) {
      at_ += offset;
      return *this;
    }
    const_iterator& operator-=(difference_type offset) { return *this += -offset; }
    const_iterator& operator++() { return *this += 1; }
    const_iterator& operator--() { return *this -= 1; }
    const_iterator operator++(int) { return const_iterator(at_++); }
    const_iterator operator--(int) { return const_iterator(at_--); }
    friend const_iterator operator+(const_iterator it, difference_type offset) { return it += offset; }
    friend const_iterator operator+(difference_type offset, const_iterator it) { return it += offset; }
    friend const_iterator operator-(const_iterator it, difference_type offset) { return it -= offset; }
    friend difference_type operator-(const_iterator a, const_iterator b) { return a.at_ - b.at_; }
    auto operator<=>(const const_iterator&) const = default;

   private:
    const Pointer* at_ = nullptr;
  };
  using iterator = const_iterator;

  Objects() = default;
  Objects(std::initializer_list<Kind> objects) {
    for (const Kind& object : objects) push_back(object);
  }
  explicit Objects(std::vector<Pointer> pointers)
      : pointers_(std::make_shared<std::vector<Pointer>>(std::move(pointers))) {}

  void push_back(Kind object) { push_back(std::make_shared<const Kind>(std::move(object))); }
  void push_back(Pointer object) { own().push_back(std::move(object)); }
  void append(const Objects& more) { own().insert(own().end(), more.pointers().begin(), more.pointers().end()); }
  template <typename Before>
  void stable_sort(Before before) {
    const auto is_before = [&before](const Pointer& a, const Pointer& b) { return before(*a, *b); };
    if (!std::ranges::is_sorted(pointers(), is_before)) std::ranges::stable_sort(own(), is_before);
  }

  [[nodiscard]] const std::vector<Pointer>& pointers() const {
    static const std::vector<Pointer> none;
    return pointers_ == nullptr ? none : *pointers_;
  }
  [[nodiscard]] std::size_t size() const { return pointers().size(); }
  [[nodiscard]] bool empty() const { return pointers().empty(); }
  [[nodiscard]] const_iterator begin() const { return const_iterator(pointers().data()); }
  [[nodiscard]] const_iterator end() const { return begin() + static_cast<std::ptrdiff_t>(size()); }
  const Kind& operator[](std::size_t index) const { return *pointers()[index]; }
  [[nodiscard]] const Kind& at(std::size_t index) const { return *pointers().at(index); }
  [[nodiscard]] const Kind& front() const { return *pointers().front(); }
  [[nodiscard]] const Kind& back() const { return *pointers().back(); }

  /// The same list: equal, and told so without a look at the objects.
  [[nodiscard]] bool is_same_object(const Objects& other) const { return pointers_ == other.pointers_; }
  bool operator==(const Objects& other) const {
    const auto same = [](const Pointer& a, const Pointer& b) { return a == b || *a == *b; };
    return is_same_object(other) || std::ranges::equal(pointers(), other.pointers(), same);
  }

 private:
  std::vector<Pointer>& own() {
    if (pointers_ == nullptr) pointers_ = std::make_shared<std::vector<Pointer>>();
    return detail::own(pointers_);
  }
  std::shared_ptr<std::vector<Pointer>> pointers_;
};

}  // namespace gw::api
