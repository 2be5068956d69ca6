// SPDX-License-Identifier: Apache-2.0
// Private to translate/: things by name. What is looked up once for each route must not be searched for.
#pragma once

#include "userspace/base/object_name.hpp"

#include <cstddef>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gw::translate {

/// Things by namespace and name. Names are those of the things themselves, which stay where they are.
template <typename Thing>
class ByName {
 public:
  /// The first of a name stays.
  void add(std::string_view ns, std::string_view name, Thing* thing) { things_.try_emplace({ns, name}, thing); }
  /// Null if there is none.
  [[nodiscard]] Thing* find(std::string_view ns, std::string_view name) const {
    const auto found = things_.find({ns, name});
    return found == things_.end() ? nullptr : found->second;
  }
  [[nodiscard]] Thing* find(const NamespacedName& name) const { return find(name.ns, name.name); }

 private:
  using Name = std::pair<std::string_view, std::string_view>;
  struct Hash {
    std::size_t operator()(const Name& name) const {
      const std::hash<std::string_view> hash;
      return hash(name.first) * 31 + hash(name.second);
    }
  };
  std::unordered_map<Name, Thing*, Hash> things_;
};

}  // namespace gw::translate
