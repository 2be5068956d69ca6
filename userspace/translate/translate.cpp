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

namespace {

template <typename Kind>
void index(const api::Objects<Kind>& objects, ByName<const Kind>& by_name) {
  for (const auto& object : objects) by_name.add(object.meta.ns, object.meta.name, &object);
}

}  // namespace

void index_resources(Graph& graph) {
  index(graph.resources.services, graph.services);
  index(graph.resources.secrets, graph.secrets);
  index(graph.resources.config_maps, graph.config_maps);
  graph.grants = GrantIndex(graph.resources.reference_grants);
}

void decide(Graph& graph, ir::Config& config) {
  graph.certificates.begin_round();
  index_resources(graph);
  collect_gateways(graph);
  collect_listener_sets(graph);
  judge_listeners(graph, config);
  find_conflicts(graph);
  find_overlaps(graph);
  collect_routes(graph);
  bind_routes(graph);
  bind_legacy_routes(graph);
  note_superseded_routes(graph);
  bring_legacy_certificates(graph, config);
  attach_policies(graph);
  attach_backend_tls(graph, config);
  build_services(graph, config);
  build_http_rules(graph, config);
  build_l4_listeners(graph, config);
  build_l7_listeners(graph, config);
}

namespace {

/// Everything but the endpoints.
Output translate_all_else(const api::ResourceSet& resources, const Options& options, CertificateChecks& certificates) {
  Output output;
  api::StatusReport report;
  Graph graph(resources, options, certificates);
  decide(graph, output.config);
  report.gateway_classes = judge_gateway_classes(resources, options);
  report_gateways(graph, report);
  report_listener_sets(graph, report);
  report_routes(graph, report);
  report_policies(graph, report);
  note_idle_backend_tls(graph);
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

std::string Finding::to_string() const { return location.to_string() + ": " + object.to_string() + ": " + message; }

Output translate(const api::ResourceSet& resources, const Options& options) {
  return Translator(options).translate(resources);
}

Translator::Translator(Options options)
    : options_(std::move(options)),
      slices_(std::make_unique<SliceIndex>()),
      certificates_(std::make_unique<CertificateChecks>()) {}
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;
Translator::~Translator() = default;

const Output& Translator::translate(const api::ResourceSet& resources) {
  const std::set<NamespacedName> changed = slices_->update(resources.endpoint_slices);
  if (resources_ && are_same_but_for_slices(*resources_, resources)) {
    refresh_endpoints(*slices_, changed, output_.config.endpoints);
  } else {
    Output output = translate_all_else(resources, options_, *certificates_);
    output.config.endpoints = endpoints_of_all(*slices_, output.config, output_.config.endpoints, changed);
    output_ = std::move(output);
  }
  resources_ = resources;
  return output_;
}

}  // namespace gw::translate
