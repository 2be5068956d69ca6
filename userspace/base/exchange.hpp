// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace gw {

/// A sorted list of pointers, without those of which `is_gone(pointer)` is true and with the objects of `fresh` where
/// `is_before(object, object)` says. It looks at few of the objects that stay.
template <typename Pointer, typename IsGone, typename IsBefore>
std::vector<Pointer> exchange(const std::vector<Pointer>& from, IsGone is_gone, std::vector<Pointer> fresh,
                              IsBefore is_before) {
  const auto before = [&is_before](const Pointer& a, const Pointer& b) { return is_before(*a, *b); };
  std::ranges::sort(fresh, before);
  std::vector<Pointer> all;
  all.reserve(from.size() + fresh.size());
  auto rest = from.begin();
  const auto take_until = [&](auto end) {
    std::copy_if(rest, end, std::back_inserter(all), [&is_gone](const Pointer& pointer) { return !is_gone(pointer); });
    rest = end;
  };
  for (Pointer& pointer : fresh) {
    take_until(std::upper_bound(rest, from.end(), pointer, before));
    all.push_back(std::move(pointer));
  }
  take_until(from.end());
  return all;
}

}  // namespace gw
