// SPDX-License-Identifier: Apache-2.0
// Which classes, and so which Gateways, are ours.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

Verdict judge(const api::GatewayClass& gateway_class) {
  if (!gateway_class.parameters_ref) return {true, reason::kAccepted, ""};
  return {false, reason::kInvalidParameters,
          "spec.parametersRef is set, but this version serves no parameters kind: remove it"};
}

api::GatewayClassStatus report(const api::GatewayClass& gateway_class) {
  const bool is_legacy = gateway_class.group == api::kLegacyGroup;
  const Verdict verdict = judge(gateway_class);
  api::GatewayClassStatus status;
  status.ref = {gateway_class.group, gateway_class.version, "GatewayClass", "", gateway_class.meta.name};
  const char* healthy = is_legacy ? reason::kAdmitted : reason::kAccepted;
  status.conditions.set(condition(is_legacy ? type::kAdmitted : type::kAccepted, to_status(verdict.ok),
                                  verdict.ok ? healthy : verdict.reason, verdict.message,
                                  gateway_class.meta.generation));
  return status;
}

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
    node.accepted = {false, reason::kUnsupportedAddress,
                     fmt::format("the address {} \"{}\" {} (use type IPAddress with an IPv4 or IPv6 address)",
                                 address.type, address.value, what)};
  }
  std::ranges::sort(node.addresses);
  node.addresses.erase(std::ranges::unique(node.addresses).begin(), node.addresses.end());
}

/// Ours if the class names our controller, or, with files, if there is no such class at all.
bool is_ours(const api::Gateway& gateway, Graph& graph, Verdict& accepted) {
  const auto& classes = graph.resources.gateway_classes;
  const auto of_gateway = [&gateway](const auto& candidate) {
    return candidate.group == gateway.group && candidate.meta.name == gateway.class_name;
  };
  const auto gateway_class = std::ranges::find_if(classes, of_gateway);
  if (gateway_class == classes.end()) {
    if (graph.options.adopt_unknown_classes) return true;
    graph.findings.push_back(
        {gateway.ref(), gateway.meta.location,
         fmt::format("no GatewayClass is named \"{}\": nobody serves this Gateway", gateway.class_name)});
    return false;
  }
  if (gateway_class->controller_name != graph.options.controller_name) return false;
  if (const Verdict verdict = judge(*gateway_class); !verdict.ok) {
    accepted = {false, reason::kInvalidParameters,
                fmt::format("its GatewayClass {} is not accepted: {}", gateway.class_name, verdict.message)};
  }
  return true;
}

}  // namespace

std::vector<api::GatewayClassStatus> judge_gateway_classes(const api::ResourceSet& resources, const Options& options) {
  std::vector<api::GatewayClassStatus> statuses;
  for (const auto& gateway_class : resources.gateway_classes) {
    if (gateway_class.controller_name == options.controller_name) statuses.push_back(report(gateway_class));
  }
  std::ranges::sort(statuses, {}, &api::GatewayClassStatus::ref);
  return statuses;
}

void collect_gateways(Graph& graph) {
  for (const auto& gateway : graph.resources.gateways) {
    GatewayNode node;
    node.source = &gateway;
    if (!is_ours(gateway, graph, node.accepted)) continue;
    take_addresses(node);
    for (const auto& listener : gateway.listeners) node.listeners.emplace_back().source = &listener;
    graph.gateways.push_back(std::move(node));
  }
  std::ranges::stable_sort(graph.gateways, [](const GatewayNode& a, const GatewayNode& b) {
    return is_older(a.source->meta, b.source->meta);
  });
  for (auto& node : graph.gateways) {
    const api::ObjectMeta& meta = node.source->meta;
    if (!node.source->is_legacy()) graph.v1_gateways.add(meta.ns, meta.name, &node);
  }
}

}  // namespace gw::translate
