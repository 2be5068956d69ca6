// SPDX-License-Identifier: Apache-2.0
// Policies that hold -> which settings count where.
#include "userspace/translate/policy.hpp"

#include <algorithm>

namespace gw::translate {
namespace {

using api::MergeStrategy;

/// Adds the policies that have a target, and then its section, in the order of rising or of falling nearness.
template <typename Policy>
class LayerStack {
 public:
  explicit LayerStack(const PolicyTargets<Policy>& targets) : targets_(targets) {}

  void add(const PolicyKey& key) {
    const auto found = targets_.find(key);
    if (found != targets_.end()) layers_.push_back(&*found);
  }
  /// `section` empty: there is none.
  void add_section(PolicyKey key, const std::string& section) {
    if (section.empty()) return;
    key.section = section;
    add(key);
  }
  void add_nearest(const PolicyKey& key, const std::string& section) {
    add_section(key, section);
    add(key);
  }
  void add_overrides(PolicyKey key, const std::string& section) {
    key.merge = MergeStrategy::Overrides;
    add(key);
    add_section(std::move(key), section);
  }
  PolicyLayers<Policy> take() { return std::move(layers_); }

 private:
  const PolicyTargets<Policy>& targets_;
  PolicyLayers<Policy> layers_;
};

template <typename Object>
PolicyKey key_of(const Object& object) {
  const api::ObjectRef ref = object.ref();
  return {ref.group, ref.kind, ref.ns, ref.name, "", MergeStrategy::Defaults};
}

/// The name of the listener, if it is the Gateway's own: what a policy of the Gateway calls a section.
std::string section_of(const Entrance& entrance) { return entrance.owner == nullptr ? entrance.listener.name : ""; }

/// The first that says something, and its place.
template <typename Layers, typename Member>
auto first_set(const Layers& layers, Member member) {
  return std::ranges::find_if(layers, [member](const auto* layer) { return (layer->second->*member).has_value(); });
}

template <typename Layers, typename Member>
auto value_of(const Layers& layers, Member member) {
  const auto found = first_set(layers, member);
  return found == layers.end() ? std::remove_cvref_t<decltype((*found)->second->*member)>{} : (*found)->second->*member;
}

ir::SourceAddress to_ir(api::SourceAddress value) {
  switch (value) {
    case api::SourceAddress::Preserve: return ir::SourceAddress::Preserve;
    case api::SourceAddress::Masquerade: return ir::SourceAddress::Masquerade;
    case api::SourceAddress::Auto: break;
  }
  return ir::SourceAddress::Auto;
}

ir::DirectReturn to_ir(api::DirectReturn value) {
  switch (value) {
    case api::DirectReturn::SameSegment: return ir::DirectReturn::SameSegment;
    case api::DirectReturn::Tunnel: return ir::DirectReturn::Tunnel;
    case api::DirectReturn::None: break;
  }
  return ir::DirectReturn::None;
}

HealthCheck health_check_of(const PolicyLayers<api::UpstreamPolicy>& layers) {
  HealthCheck check{
      .active = value_of(layers, &api::UpstreamPolicy::active_check),
      .passive = value_of(layers, &api::UpstreamPolicy::passive_check),
      .panic_threshold = value_of(layers, &api::UpstreamPolicy::panic_threshold).value_or(kDefaultPanicThreshold)};
  if (check.active && check.active->grpc) check.active.reset();
  return check;
}

}  // namespace

Entrance entrance_of(const ListenerNode& node) {
  const auto* const gateway = node.owner->gateway;
  const bool is_of_set = static_cast<const ListenerOwner*>(gateway) != node.owner;
  return {*gateway->source, *node.source,
          is_of_set ? static_cast<const ListenerSetNode*>(node.owner)->source : nullptr};
}

PolicyLayers<api::ClientPolicy> client_layers(const Graph& graph, const Entrance& entrance) {
  if (graph.client_policies.empty()) return {};
  const PolicyKey gateway = key_of(entrance.gateway);
  LayerStack<api::ClientPolicy> stack(graph.client_policies);
  stack.add_overrides(gateway, section_of(entrance));
  if (entrance.owner != nullptr) stack.add_nearest(key_of(*entrance.owner), entrance.listener.name);
  stack.add_nearest(gateway, section_of(entrance));
  return stack.take();
}

PolicyLayers<api::UpstreamPolicy> upstream_layers(const Graph& graph, const Entrance* entrance, const RuleName& rule,
                                                  const Destination& destination) {
  if (graph.upstream_policies.empty()) return {};
  LayerStack<api::UpstreamPolicy> stack(graph.upstream_policies);
  if (entrance != nullptr) stack.add_overrides(key_of(entrance->gateway), section_of(*entrance));
  if (destination.service != nullptr) stack.add_nearest(key_of(*destination.service), destination.port->name);
  stack.add_nearest(key_of(rule.route), std::string(rule.name));
  if (entrance != nullptr) stack.add_nearest(key_of(entrance->gateway), section_of(*entrance));
  return stack.take();
}

OwnServices own_services(const Graph& graph, const Entrance& entrance) {
  if (graph.upstream_policies.empty()) return OwnServices::None;
  const PolicyKey gateway = key_of(entrance.gateway);
  LayerStack<api::UpstreamPolicy> stack(graph.upstream_policies);
  stack.add_overrides(gateway, section_of(entrance));
  stack.add_nearest(gateway, section_of(entrance));
  const auto layers = stack.take();
  if (layers.empty()) return OwnServices::None;
  const bool is_of_listener =
      std::ranges::any_of(layers, [](const auto* layer) { return !layer->first.section.empty(); });
  return is_of_listener ? OwnServices::OfListener : OwnServices::OfGateway;
}

ir::Upstream upstream_of(const PolicyLayers<api::UpstreamPolicy>& layers) {
  const auto source = first_set(layers, &api::UpstreamPolicy::source_address);
  const auto direct = first_set(layers, &api::UpstreamPolicy::direct_return);
  ir::Upstream upstream;
  if (source != layers.end()) upstream.source_address = to_ir(*(*source)->second->source_address);
  if (direct != layers.end()) upstream.direct_return = to_ir(*(*direct)->second->direct_return);
  upstream.drain_timeout = value_of(layers, &api::UpstreamPolicy::drain_timeout);
  upstream.health_check = health_check_of(layers);
  // Two policies may contradict each other as one may not (direct return keeps the client's address).
  if (upstream.source_address == ir::SourceAddress::Masquerade && upstream.direct_return != ir::DirectReturn::None) {
    if (source < direct) upstream.direct_return = ir::DirectReturn::None;
    if (direct < source) upstream.source_address = ir::SourceAddress::Auto;
  }
  return upstream;
}

void add_connection_settings(const PolicyLayers<api::UpstreamPolicy>& layers, ir::Service& service) {
  if (value_of(layers, &api::UpstreamPolicy::session_affinity) == api::SessionAffinity::ClientIP) {
    service.source_affinity = true;
  }
  if (const auto idle = value_of(layers, &api::UpstreamPolicy::idle_timeout)) {
    service.idle_timeout = std::min(service.idle_timeout.value_or(*idle), *idle);
  }
}

ir::Admission admission_of(const Graph& graph, const ListenerNode& listener) {
  const PolicyLayers<api::ClientPolicy> layers = client_layers(graph, entrance_of(listener));
  ir::Admission admission;
  // Ranges are one setting: those of the first policy that has any.
  const auto ranges = std::ranges::find_if(
      layers, [](const auto* layer) { return !layer->second->allow.empty() || !layer->second->deny.empty(); });
  if (ranges != layers.end()) {
    admission.allow = (*ranges)->second->allow;
    admission.deny = (*ranges)->second->deny;
  }
  admission.rate = value_of(layers, &api::ClientPolicy::connections_per_second).value_or(0);
  admission.source_rate = value_of(layers, &api::ClientPolicy::connections_per_second_per_source).value_or(0);
  admission.max_connections = value_of(layers, &api::ClientPolicy::max_connections).value_or(0);
  const api::GatewayClassConfig* const config = listener.owner->gateway->config;
  if (config != nullptr && config->limits.connections_per_listener) {
    const std::uint32_t most = *config->limits.connections_per_listener;
    admission.max_connections = admission.max_connections == 0 ? most : std::min(admission.max_connections, most);
  }
  return admission;
}

}  // namespace gw::translate
