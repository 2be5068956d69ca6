// SPDX-License-Identifier: Apache-2.0
// Makes a set of objects that fails smaller, so that a person can see why.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace gw::property {

/// Leaves out one object after another for as long as `fails(set)` stays true.
template <typename Fails>
api::ResourceSet shrink(api::ResourceSet set, Fails fails) {
  bool is_smaller = true;
  const auto drop_what_is_not_needed = [&](auto member) {
    using List = std::remove_cvref_t<decltype(api::ResourceSet().*member)>;
    for (std::size_t i = 0; i < (set.*member).size();) {
      auto pointers = (set.*member).pointers();
      pointers.erase(pointers.begin() + static_cast<std::ptrdiff_t>(i));
      api::ResourceSet candidate = set;
      candidate.*member = List(std::move(pointers));
      if (fails(candidate)) {
        set = std::move(candidate);
        is_smaller = true;
      } else {
        ++i;
      }
    }
  };
  while (std::exchange(is_smaller, false)) api::ResourceSet::for_each_member(drop_what_is_not_needed);
  return set;
}

/// The objects' names, one a line.
inline std::string list(const api::ResourceSet& set) {
  std::string text;
  api::ResourceSet::for_each_member([&](auto member) {
    for (const auto& object : set.*member) text += object.ref().group + "/" + object.ref().to_string() + "\n";
  });
  return text;
}

}  // namespace gw::property
