// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/tls_refs.hpp"

#include <fmt/format.h>

namespace gw::translate {
namespace {

std::string describe(const api::ObjectReference& ref, const std::string& ns) {
  return fmt::format("{}{}{} {}/{}", ref.group, ref.group.empty() ? "" : "/", ref.kind, ns, ref.name);
}

ResolvedTls refused(std::string_view reason, std::string message) {
  return {"", refusal(reason, std::move(message)), nullptr};
}

ResolvedTls resolve_authority(const Graph& graph, const Referrer& from, const api::ObjectReference& ref,
                              const AuthorityRules& rules, ir::Config& config) {
  if (ref.group == "certificates.k8s.io" && ref.kind == "ClusterTrustBundle") {
    return refused(rules.invalid_kind,
                   fmt::format("ClusterTrustBundle {} is of a kind that this version does not read: "
                               "put its trustBundle into a ConfigMap, as {}",
                               ref.name, kAuthoritiesKey));
  }
  const std::string ns = ref.ns.value_or(std::string(from.ns));
  const bool is_secret = rules.takes_secrets && ref.kind == "Secret";
  if (!ref.group.empty() || (ref.kind != "ConfigMap" && !is_secret)) {
    return refused(rules.invalid_kind, fmt::format("{} cannot hold certificate authorities (a core ConfigMap{} can)",
                                                   describe(ref, ns), rules.takes_secrets ? " or Secret" : ""));
  }
  if (Verdict verdict = permit(graph, from, {ref.group, ref.kind, ns, ref.name}); !verdict.ok)
    return {"", verdict, nullptr};
  const api::Secret* const secret = is_secret ? graph.secrets.find(ns, ref.name) : nullptr;
  const api::ConfigMap* const map = is_secret ? nullptr : graph.config_maps.find(ns, ref.name);
  if (secret == nullptr && map == nullptr) {
    return refused(rules.invalid_ref, fmt::format("there is no {}", describe(ref, ns)));
  }
  const auto& data = secret != nullptr ? secret->data : map->data;
  const std::string& problem = graph.certificates.authorities_problem(data);
  if (!problem.empty()) return refused(rules.invalid_ref, fmt::format("{} {}", describe(ref, ns), problem));
  ResolvedTls resolved{fmt::format("{}/{}/{}", ref.kind, ns, ref.name), {true, reason::kResolvedRefs, ""}, secret};
  config.ca_bundles.emplace(resolved.key, data.at(kAuthoritiesKey));
  return resolved;
}

}  // namespace

Verdict permit(const Graph& graph, const Referrer& from, const Referent& to) {
  if (graph.grants.allows(from, to)) return {true, reason::kResolvedRefs, ""};
  return refusal(reason::kRefNotPermitted,
                 fmt::format("{} {}/{} is in another namespace, and no ReferenceGrant in {} lets {}s of {} refer to it",
                             to.kind, to.ns, to.name, to.ns, from.kind, from.ns));
}

ResolvedTls resolve_key_pair(const Graph& graph, const Referrer& from, const api::ObjectReference& ref,
                             std::string_view invalid, ir::Config& config) {
  const std::string ns = ref.ns.value_or(std::string(from.ns));
  if (!ref.group.empty() || ref.kind != "Secret") {
    return refused(invalid, fmt::format("{} cannot hold a certificate (a core Secret can)", describe(ref, ns)));
  }
  if (Verdict verdict = permit(graph, from, {ref.group, ref.kind, ns, ref.name}); !verdict.ok)
    return {"", verdict, nullptr};
  const api::Secret* const secret = graph.secrets.find(ns, ref.name);
  if (secret == nullptr) return refused(invalid, fmt::format("there is no {}", describe(ref, ns)));
  if (secret->type != api::Secret::kTlsType) {
    return refused(invalid, fmt::format("{} is of type {} (type {} is needed)", describe(ref, ns), secret->type,
                                        api::Secret::kTlsType));
  }
  const std::string& problem = graph.certificates.key_pair_problem(secret->data);
  if (!problem.empty()) return refused(invalid, fmt::format("{} {}", describe(ref, ns), problem));
  ResolvedTls resolved{ns + "/" + ref.name, {true, reason::kResolvedRefs, ""}, secret};
  config.key_pairs.emplace(resolved.key, {secret->data.at(kCertificateKey), secret->data.at(kPrivateKeyKey)});
  return resolved;
}

ResolvedAuthorities resolve_authorities(const Graph& graph, const Referrer& from,
                                        const std::vector<api::ObjectReference>& refs, const AuthorityRules& rules,
                                        ir::Config& config) {
  ResolvedAuthorities resolved;
  for (const auto& ref : refs) {
    ResolvedTls one = resolve_authority(graph, from, ref, rules, config);
    add_verdict(resolved.verdict, one.verdict);
    if (one.verdict.ok) resolved.keys.push_back(std::move(one.key));
  }
  return resolved;
}

}  // namespace gw::translate
