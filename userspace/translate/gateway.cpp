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
                          fmt::format("spec.infrastructure.parametersRef names {}/{} {}, but there is no kind of "
                                      "parameters for Gateways: remove it",
                                      ref.group, ref.kind, ref.name));
}

/// Ours if the class names our controller, or, with files, if there is no such class at all.
bool is_ours(const api::Gateway& gateway, Graph& graph, Verdict& accepted) {
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
  if (const Verdict verdict = judge_gateway_class(*gateway_class); !verdict.ok) {
    accepted = refusal(reason::kInvalidParameters,
                       fmt::format("its GatewayClass {} is not accepted: {}", gateway.class_name, verdict.message));
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

GatewayNode make_node(const api::Gateway& gateway, Verdict accepted) {
  GatewayNode node;
  node.source = &gateway;
  node.meta = &gateway.meta;
  node.ref = gateway.ref();
  node.accepted = std::move(accepted);
  take_addresses(node);
  judge_parameters(node);
  note_insecure_validation(node);
  return node;
}

}  // namespace

void collect_gateways(Graph& graph) {
  for (const auto& gateway : graph.resources.gateways) {
    Verdict accepted{true, reason::kAccepted, ""};
    if (is_ours(gateway, graph, accepted)) graph.gateways.push_back(make_node(gateway, std::move(accepted)));
  }
  std::ranges::stable_sort(graph.gateways,
                           [](const GatewayNode& a, const GatewayNode& b) { return is_older(*a.meta, *b.meta); });
  for (auto& node : graph.gateways) {
    node.gateway = &node;
    add_listeners(node, node.source->listeners);
    if (!node.is_legacy()) graph.v1_gateways.add(node.meta->ns, node.meta->name, &node);
  }
}

}  // namespace gw::translate
