// SPDX-License-Identifier: Apache-2.0
// A change of manifests: which objects, and what the set is after it.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::analyze {

enum class Action : std::uint8_t {
  Apply,   ///< objects are added, or take the place of those with their kind and name ("kubectl apply")
  Delete,  ///< objects of their kind and name are removed ("kubectl delete")
};

/// `change` put into effect on `before`.
api::ResourceSet put_into_effect(const api::ResourceSet& before, const api::ResourceSet& change, Action action);

/// The same object whatever the version it is written in.
api::ObjectRef identity(api::ObjectRef ref);

struct ObjectChange {
  enum class Kind : std::uint8_t { Added, Changed, Removed };
  Kind kind = Kind::Added;
  api::ObjectRef ref;
  api::SourceLocation location;  ///< of the new object; of the old one if it is removed
  bool operator==(const ObjectChange&) const = default;
};

/// What is different, whatever files it stands in; sorted by ref.
std::vector<ObjectChange> difference(const api::ResourceSet& before, const api::ResourceSet& after);

}  // namespace gw::analyze
