// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/translate.hpp"

#include <set>
#include <type_traits>
#include <utility>

#include "userspace/translate/endpoints.hpp"
#include "userspace/translate/graph.hpp"

namespace gw::translate {

bool is_older(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  const std::int64_t created_a = a.creation_timestamp.value_or(0);
  const std::int64_t created_b = b.creation_timestamp.value_or(0);
  if (created_a != created_b) return created_a < created_b;
  return a.namespaced_name() < b.namespaced_name();
}

void index_resources(Graph& graph) {
  for (const auto& service : graph.resources.services) {
    graph.services.add(service.meta.ns, service.meta.name, &service);
  }
  for (const auto& grant : graph.resources.reference_grants) graph.grants[grant.meta.ns].push_back(&grant);
}

Graph make_graph(const api::ResourceSet& resources, const Options& options) {
  return {.resources = resources,
          .options = options,
          .services = {},
          .grants = {},
          .gateways = {},
          .v1_gateways = {},
          .routes = {},
          .policies = {},
          .upstream_policies = {},
          .client_policies = {},
          .findings = {}};
}

void decide(Graph& graph, ir::Config& config) {
  index_resources(graph);
  collect_gateways(graph);
  judge_listeners(graph);
  find_conflicts(graph);
  bind_routes(graph);
  bind_legacy_routes(graph);
  order_routes(graph);
  attach_policies(graph);
  resolve_backends(graph, config);
  build_listeners(graph, config);
}

namespace {

/// Everything but the endpoints.
Output translate_all_else(const api::ResourceSet& resources, const Options& options) {
  Output output;
  api::StatusReport report;
  Graph graph = make_graph(resources, options);
  decide(graph, output.config);
  report.gateway_classes = judge_gateway_classes(resources, options);
  report_gateways(graph, report);
  report_routes(graph, report);
  report_policies(graph, report);
  output.report = std::make_shared<const api::StatusReport>(std::move(report));
  output.findings = std::move(graph.findings);
  return output;
}

/// Whether the two differ in EndpointSlices at most.
bool are_same_but_for_slices(const api::ResourceSet& a, const api::ResourceSet& b) {
  bool same = true;
  api::ResourceSet::for_each_member([&](auto member) {
    if constexpr (!std::is_same_v<decltype(member), decltype(&api::ResourceSet::endpoint_slices)>) {
      same = same && (a.*member).is_same_object(b.*member);
    }
  });
  return same;
}

}  // namespace

Output translate(const api::ResourceSet& resources, const Options& options) {
  return Translator(options).translate(resources);
}

Translator::Translator(Options options) : options_(std::move(options)), slices_(std::make_unique<SliceIndex>()) {}
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;
Translator::~Translator() = default;

const Output& Translator::translate(const api::ResourceSet& resources) {
  const std::set<NamespacedName> changed = slices_->update(resources.endpoint_slices);
  if (resources_ && are_same_but_for_slices(*resources_, resources)) {
    refresh_endpoints(*slices_, changed, output_.config.endpoints);
  } else {
    Output output = translate_all_else(resources, options_);
    output.config.endpoints = endpoints_of_all(*slices_, output.config.services, output_.config.endpoints, changed);
    output_ = std::move(output);
  }
  resources_ = resources;
  return output_;
}

}  // namespace gw::translate
