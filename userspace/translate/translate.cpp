// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/translate.hpp"

#include <set>
#include <utility>

#include "userspace/translate/assembly.hpp"
#include "userspace/translate/endpoints.hpp"
#include "userspace/translate/graph.hpp"
#include "userspace/translate/route_table.hpp"

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
  index(graph.resources.gateway_class_configs, graph.class_configs);
  graph.grants = GrantIndex(graph.resources.reference_grants);
}

Graph::Graph(const api::ResourceSet& all, const Options& options_, CertificateChecks& certificates_)
    : options(options_), certificates(certificates_) {
  api::ResourceSet::for_each_member([&](auto member) {
    if constexpr (kIsOfGraph<KindOf<decltype(member)>>) resources.*member = all.*member;
  });
}

std::unique_ptr<const Graph> make_graph(const api::ResourceSet& resources, const Options& options,
                                        CertificateChecks& certificates) {
  auto graph = std::make_unique<Graph>(resources, options, certificates);
  certificates.begin_round();
  index_resources(*graph);
  collect_gateways(*graph);
  limit_gateways(*graph);
  assign_addresses(*graph);
  collect_listener_sets(*graph);
  index_legacy_gateways(*graph);
  judge_listeners(*graph);
  limit_listeners(*graph);
  find_conflicts(*graph);
  find_overlaps(*graph);
  claim_policy_targets(*graph);
  attach_backend_tls(*graph);
  return graph;
}

std::shared_ptr<const RouteNode> make_route(const Graph& graph, RouteSource source) {
  auto route = std::make_shared<RouteNode>();
  route->source = std::move(source);
  judge_route(*route);
  if (route->common->is_legacy()) {
    bind_legacy_route(graph, *route);
  } else {
    bind_route(graph, *route);
  }
  bring_legacy_certificates(graph, *route);
  build_services(graph, *route);
  build_http_rules(graph, *route);
  return route;
}

namespace {

/// Whether a graph of the one is right for the other.
bool have_same_graph(const api::ResourceSet& a, const api::ResourceSet& b) {
  bool same = true;
  api::ResourceSet::for_each_member([&](auto member) {
    if constexpr (kIsOfGraph<KindOf<decltype(member)>>) same = same && (a.*member).is_same_object(b.*member);
  });
  return same;
}

}  // namespace

std::string Finding::to_string() const { return location.to_string() + ": " + object.to_string() + ": " + message; }

Output translate(const api::ResourceSet& resources, const Options& options) {
  return Translator(options).translate(resources);
}

/// The graph and the nodes keep alive what they were made of, so an object that is the same one is an equal one.
class Translator::State {
 public:
  explicit State(Options options) : options_(std::move(options)) {}

  const Output& translate(const api::ResourceSet& resources) {
    const std::set<NamespacedName> changed_slices = slices_.update(resources.endpoint_slices);
    if (graph_ == nullptr || !have_same_graph(graph_->resources, resources)) {
      graph_ = make_graph(resources, options_, certificates_);
    }
    const RouteTable::Changes changes = routes_.update(graph_, resources);
    return assembly_.update({graph_, resources, routes_.nodes(), changes, slices_, changed_slices});
  }

 private:
  Options options_;
  SliceIndex slices_;
  CertificateChecks certificates_;
  std::shared_ptr<const Graph> graph_;
  RouteTable routes_;
  Assembly assembly_;
};

Translator::Translator(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;
Translator::~Translator() = default;

const Output& Translator::translate(const api::ResourceSet& resources) { return state_->translate(resources); }

}  // namespace gw::translate
