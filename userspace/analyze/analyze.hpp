// SPDX-License-Identifier: Apache-2.0
// What a change of manifests does: which routes, listeners, backends and policies it breaks or brings into effect, and
// why something is not attached. Pure: two sets of objects in, sentences with places out.
#pragma once

#include "userspace/analyze/change.hpp"
#include "userspace/analyze/explain.hpp"
#include "userspace/translate/translate.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace gw::analyze {

struct Effect {
  api::ObjectRef object;
  api::SourceLocation location;
  std::string message;
  bool operator==(const Effect&) const = default;
};

/// A route that some parent does not have.
struct Unattached {
  api::ObjectRef route;
  api::SourceLocation location;
  std::string parent;               ///< "Gateway demo1/web"; empty for 2021, where a Gateway selects
  std::string message;              ///< of its status; empty if the status says nothing
  std::vector<Obstacle> obstacles;  ///< all of them must go
  bool operator==(const Unattached&) const = default;
};

struct Analysis {
  std::vector<ObjectChange> changes;
  std::vector<Effect> breaks;          ///< worked before, does not after
  std::vector<Effect> stillborn;       ///< is new, and does not work
  std::vector<Effect> attaches;        ///< works after, and did not before
  std::vector<Effect> moves;           ///< works before and after, but otherwise
  std::vector<Unattached> unattached;  ///< after the change

  /// Whether somebody should look at it before it is made.
  [[nodiscard]] bool has_findings() const {
    return !breaks.empty() || !stillborn.empty() || !moves.empty() || !unattached.empty();
  }
};

/// `before` and `after` may be the same: then only what is not attached is told, of all routes. Otherwise of those that
/// the change is about.
Analysis analyze(const api::ResourceSet& before, const api::ResourceSet& after, const translate::Options& options);

/// For people, without a line if there is nothing to say.
std::string to_text(const Analysis& analysis);
nlohmann::json to_json(const Analysis& analysis);

}  // namespace gw::analyze
