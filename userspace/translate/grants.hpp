// SPDX-License-Identifier: Apache-2.0
// Private to translate/: ReferenceGrants. They are additive, and gone with their object.
#pragma once

#include "userspace/api/core.hpp"
#include "userspace/api/objects.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gw::translate {

/// Who refers.
struct Referrer {
  std::string_view group;
  std::string_view kind;
  std::string_view ns;
};

/// What is referred to.
struct Referent {
  std::string_view group;
  std::string_view kind;
  std::string_view ns;
  std::string_view name;
};

class GrantIndex {
 public:
  GrantIndex() = default;
  explicit GrantIndex(const api::Objects<api::ReferenceGrant>& grants);

  /// Within one namespace everything is allowed.
  [[nodiscard]] bool allows(const Referrer& from, const Referent& to) const;

 private:
  std::unordered_map<std::string, std::vector<const api::ReferenceGrant::To*>> by_namespaces_and_kind_;
};

}  // namespace gw::translate
