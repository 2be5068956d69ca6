// SPDX-License-Identifier: Apache-2.0
// What is different in two versions of a list of ResourceSet, told by the identity of the objects.
#pragma once

#include "userspace/api/resource_set.hpp"

namespace gw::api {

/// Calls `visit(before, now)`, pointers to objects, for each object that is another one or only in one of the lists;
/// null where a list has none of that name. Both are sorted by is_before().
template <typename Kind, typename Visit>
void visit_differences(const Objects<Kind>& before, const Objects<Kind>& now, Visit visit) {
  if (before.is_same_object(now)) return;
  const typename Objects<Kind>::Pointer none;
  auto old = before.pointers().begin();
  auto fresh = now.pointers().begin();
  const auto old_end = before.pointers().end();
  const auto fresh_end = now.pointers().end();
  while (old != old_end || fresh != fresh_end) {
    if (old != old_end && fresh != fresh_end && *old == *fresh) {
      ++old;
      ++fresh;
    } else if (fresh == fresh_end || (old != old_end && is_before(**old, **fresh))) {
      visit(*old++, none);
    } else if (old == old_end || is_before(**fresh, **old)) {
      visit(none, *fresh++);
    } else {
      visit(*old++, *fresh++);
    }
  }
}

}  // namespace gw::api
