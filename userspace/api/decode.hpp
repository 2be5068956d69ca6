// SPDX-License-Identifier: Apache-2.0
// YAML or JSON text -> typed objects. Strict: an unknown field, a wrong type, a bad enum or range is a
// Problem with its place. Never throws; yaml-cpp stays behind this header.
#pragma once

#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gw::api {

/// A valid object's whole document.
struct RawObject {
  ObjectRef ref;
  std::string json;  ///< compact, keys in the order of the text
  SourceLocation location;
  bool operator==(const RawObject&) const = default;
};

struct Decoded {
  ResourceSet objects;            ///< those that are valid as a whole; in the order of the text
  Objects<RawObject> raw;         ///< of the same objects, in the order of the text
  std::vector<Problem> problems;  ///< in the order of the text
  /// The objects that the problems belong to, where kind and name could be read. Their last good version
  /// should stay in use.
  std::vector<ObjectRef> rejected;
  /// Some document could not be told to be any object: what it was meant to define is unknown.
  bool incomplete = false;
};

/// Decodes every document of `text` (separated by "---"; a `kind: List` counts as its items). `file` is used in
/// locations only. Kinds that are not ours are skipped in silence if they belong to another API group; an unknown kind
/// in one of our groups is a problem.
Decoded decode(std::string_view text, const std::string& file);

/// The objects of an API group that decode() leaves alone, as they are. What is not YAML is decode()'s to report.
std::vector<RawObject> find_documents(std::string_view text, const std::string& file, std::string_view group);

}  // namespace gw::api
