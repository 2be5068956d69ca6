// SPDX-License-Identifier: Apache-2.0
// Private to translate/: the routes as nodes. What is decided of a route depends on its object and the graph alone, so
// a node is good for as long as both are the same objects (docs/design/0026).
#pragma once

#include "userspace/translate/graph.hpp"

#include <memory>
#include <unordered_map>
#include <vector>

namespace gw::translate {

using RouteNodes = std::vector<std::shared_ptr<const RouteNode>>;

class RouteTable {
 public:
  struct Changes {
    RouteNodes gone;
    RouteNodes fresh;
  };

  /// Takes over the routes of `resources`. All of them are fresh if the graph is another one than the last time.
  Changes update(const std::shared_ptr<const Graph>& graph, const api::ResourceSet& resources);
  /// By precedence.
  [[nodiscard]] const RouteNodes& nodes() const { return nodes_; }

 private:
  template <typename Kind>
  void update(api::Objects<Kind> api::ResourceSet::* member, const api::ResourceSet& resources, Changes& changes);

  std::shared_ptr<const Graph> graph_;
  api::ResourceSet resources_;  ///< routes alone
  std::unordered_map<const void*, std::shared_ptr<const RouteNode>> by_object_;
  RouteNodes nodes_;
};

}  // namespace gw::translate
