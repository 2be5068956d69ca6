// SPDX-License-Identifier: Apache-2.0
// Which classes are ours, and what they say of us.
#include "userspace/translate/gateway_class.hpp"

#include <fmt/format.h>

#include <array>

#include "userspace/translate/assembly.hpp"

namespace gw::translate {
namespace {

/// Of the names of gateway-api pkg/features those that traffic can be sent through today, sorted ("MUST be sorted in
/// ascending alphabetical order"). Those of HTTP, gRPC and TLS come with the proxy.
constexpr std::array kSupportedFeatures = {"Gateway",     "GatewayAddressEmpty", "GatewayStaticAddresses",
                                           "ListenerSet", "ReferenceGrant",      "TCPRoute",
                                           "UDPRoute"};
/// The release whose CRDs we decode.
constexpr const char* kBundleVersion = "v1.7.0";

api::GatewayClassStatus report(const Graph& graph, const api::GatewayClass& gateway_class) {
  const bool is_legacy = gateway_class.group == api::kLegacyGroup;
  const std::int64_t generation = gateway_class.meta.generation;
  const Verdict verdict = resolve_parameters(graph, gateway_class).verdict;
  api::GatewayClassStatus status;
  status.ref = gateway_class.ref();
  const std::string_view healthy = is_legacy ? reason::kAdmitted : reason::kAccepted;
  status.conditions.set(condition(is_legacy ? type::kAdmitted : type::kAccepted, to_status(verdict.ok),
                                  verdict.ok ? healthy : verdict.reason, verdict.message, generation));
  if (is_legacy) return status;
  status.conditions.set(condition(type::kSupportedVersion, api::ConditionStatus::True, reason::kSupportedVersion,
                                  kBundleVersion, generation));
  status.supported_features.assign(kSupportedFeatures.begin(), kSupportedFeatures.end());
  return status;
}

}  // namespace

ClassParameters resolve_parameters(const Graph& graph, const api::GatewayClass& gateway_class) {
  if (!gateway_class.parameters_ref) return {};
  const api::ObjectReference& ref = *gateway_class.parameters_ref;
  if (ref.group != api::kPolicyGroup || ref.kind != api::GatewayClassConfig::kKind) {
    return {refusal(reason::kInvalidParameters,
                    fmt::format("spec.parametersRef names {}/{} {}, which holds no parameters "
                                "of classes (a {}/{} does)",
                                ref.group, ref.kind, ref.name, api::kPolicyGroup, api::GatewayClassConfig::kKind)),
            nullptr};
  }
  if (!ref.ns) {
    return {refusal(reason::kInvalidParameters,
                    fmt::format("spec.parametersRef names no namespace: a {} is in one", ref.kind)),
            nullptr};
  }
  const api::GatewayClassConfig* const config = graph.class_configs.find(*ref.ns, ref.name);
  if (config != nullptr) return {{true, reason::kAccepted, ""}, config};
  return {refusal(reason::kInvalidParameters,
                  fmt::format("there is no {} {}/{}, which spec.parametersRef names", ref.kind, *ref.ns, ref.name)),
          nullptr};
}

std::vector<api::GatewayClassStatus> judge_gateway_classes(const Graph& graph) {
  std::vector<api::GatewayClassStatus> statuses;
  for (const auto& gateway_class : graph.resources.gateway_classes) {
    if (gateway_class.controller_name == graph.options.controller_name)
      statuses.push_back(report(graph, gateway_class));
  }
  return statuses;
}

}  // namespace gw::translate
