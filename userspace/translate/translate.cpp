// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/translate.hpp"

#include <algorithm>

#include "userspace/translate/graph.hpp"

namespace gw::translate {

bool is_older(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  const std::int64_t created_a = a.creation_timestamp.value_or(0);
  const std::int64_t created_b = b.creation_timestamp.value_or(0);
  if (created_a != created_b) return created_a < created_b;
  return a.namespaced_name() < b.namespaced_name();
}

Output translate(const api::ResourceSet& resources, const Options& options) {
  Output output;
  Graph graph{.resources = resources,
              .options = options,
              .gateways = {},
              .routes = {},
              .policies = {},
              .upstream_policies = {},
              .client_policies = {},
              .findings = {}};
  output.report.gateway_classes = judge_gateway_classes(resources, options);
  collect_gateways(graph);
  judge_listeners(graph);
  find_conflicts(graph);
  bind_routes(graph);
  bind_legacy_routes(graph);
  order_routes(graph);
  attach_policies(graph);
  resolve_backends(graph, output.config);
  build_listeners(graph, output.config);
  report_gateways(graph, output.report);
  report_routes(graph, output.report);
  report_policies(graph, output.report);
  output.findings = std::move(graph.findings);
  return output;
}

}  // namespace gw::translate
