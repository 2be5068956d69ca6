// SPDX-License-Identifier: Apache-2.0
// Something wrong in a manifest, as a value.
#pragma once

#include "userspace/api/meta.hpp"

#include <string>

namespace gw::api {

struct Problem {
  SourceLocation location;
  std::string object;   ///< ObjectRef::to_string(), or empty where no object could be made out
  std::string field;    ///< "spec.listeners[0].port"; empty for the object as a whole
  std::string message;  ///< what is wrong, then in brackets what would be right

  /// "file:line:column: Kind namespace/name field.path: message", on one line
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Problem&) const = default;
};

}  // namespace gw::api
