// SPDX-License-Identifier: Apache-2.0
// Which Gateways are ours, and what they ask for as a whole: addresses, parameters, a certificate for backends.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "userspace/translate/binding.hpp"
#include "userspace/translate/gateway_class.hpp"
#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

/// Addresses that a Gateway asks for: only IP addresses can be served.
void take_addresses(GatewayNode& node) {
  for (const auto& address : node.source->addresses) {
    if (!address.routability.empty()) {
      node.accepted =
          refusal(reason::kUnsupportedAddress,
                  fmt::format("the address \"{}\" is to be reachable by \"{}\" (routability), but who reaches "
                              "an address is not decided here: leave routability out",
                              address.value, address.routability));
    }
    if (address.value.empty()) continue;  // any address: the node's
    const auto parsed = address.type == "IPAddress" ? IpAddress::parse(address.value) : std::nullopt;
    if (parsed) {
      node.addresses.push_back(*parsed);
      continue;
    }
    const std::string what = address.type == "IPAddress" ? "is not an IP address" : "is of a type that is not served";
    node.accepted = refusal(reason::kUnsupportedAddress,
                            fmt::format("the address {} \"{}\" {} (use type IPAddress with an IPv4 or IPv6 address)",
                                        address.type, address.value, what));
  }
  std::ranges::sort(node.addresses);
  node.addresses.erase(std::ranges::unique(node.addresses).begin(), node.addresses.end());
}

void judge_parameters(GatewayNode& node) {
  const auto& infrastructure = node.source->infrastructure;
  if (!infrastructure || !infrastructure->parameters_ref) return;
  const api::ObjectReference& ref = *infrastructure->parameters_ref;
  node.accepted = refusal(reason::kInvalidParameters,
                          fmt::format("spec.infrastructure.parametersRef names {}/{} {}, but parameters are the "
                                      "GatewayClass's alone: remove it, or set the GatewayClass's spec.parametersRef",
                                      ref.group, ref.kind, ref.name));
}

/// Ours if the class names our controller, or, with files, if there is no such class at all.
bool is_ours(const api::Gateway& gateway, Graph& graph, ClassParameters& parameters) {
  const auto& classes = graph.resources.gateway_classes;
  const auto candidates = api::named(classes, {"", gateway.class_name});
  const auto gateway_class =
      std::ranges::find_if(candidates, [&gateway](const auto& candidate) { return candidate.group == gateway.group; });
  if (gateway_class == candidates.end()) {
    if (graph.options.adopt_unknown_classes) return true;
    graph.findings.push_back(
        {gateway.ref(), gateway.meta.location,
         fmt::format("no GatewayClass is named \"{}\": nobody serves this Gateway", gateway.class_name)});
    return false;
  }
  if (gateway_class->controller_name != graph.options.controller_name) return false;
  parameters = resolve_parameters(graph, *gateway_class);
  if (!parameters.verdict.ok) {
    parameters.verdict.message =
        fmt::format("its GatewayClass {} is not accepted: {}", gateway.class_name, parameters.verdict.message);
  }
  return true;
}

void note_insecure_validation(GatewayNode& node) {
  using Mode = api::FrontendValidation::Mode;
  const auto note = [&node](const std::string& where) {
    node.insecure_validation += (node.insecure_validation.empty() ? "" : ", ") + where;
  };
  if (!node.source->tls) return;
  const auto& tls = *node.source->tls;
  if (tls.frontend_default && tls.frontend_default->mode == Mode::AllowInsecureFallback) note("by default");
  for (const auto& port : tls.frontend_per_port) {
    if (port.validation && port.validation->mode == Mode::AllowInsecureFallback)
      note(fmt::format("port {}", port.port));
  }
}

GatewayNode make_node(const api::Gateway& gateway, ClassParameters parameters) {
  GatewayNode node;
  node.source = &gateway;
  node.meta = &gateway.meta;
  node.ref = gateway.ref();
  node.accepted = std::move(parameters.verdict);
  node.config = parameters.config;
  take_addresses(node);
  judge_parameters(node);
  note_insecure_validation(node);
  return node;
}

}  // namespace

void collect_gateways(Graph& graph) {
  for (const auto& gateway : graph.resources.gateways) {
    ClassParameters parameters;
    if (is_ours(gateway, graph, parameters)) graph.gateways.push_back(make_node(gateway, std::move(parameters)));
  }
  std::ranges::stable_sort(graph.gateways,
                           [](const GatewayNode& a, const GatewayNode& b) { return is_older(*a.meta, *b.meta); });
  for (auto& node : graph.gateways) {
    node.gateway = &node;
    add_listeners(node, node.source->listeners);
    if (node.is_legacy()) continue;
    graph.v1_gateways.add(node.meta->ns, node.meta->name, &node);
    if (node.source->default_scope == api::DefaultScope::All) graph.default_gateways.push_back(&node);
  }
}

}  // namespace gw::translate
