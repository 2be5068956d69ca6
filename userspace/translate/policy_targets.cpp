// SPDX-License-Identifier: Apache-2.0
// Policies -> which of them hold, where, and what their status says (GEP-713). Of two with one target and one merge
// strategy the older one counts, then the first by name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "userspace/translate/policy.hpp"
#include "userspace/translate/policy_settings.hpp"

namespace gw::translate {
namespace {

/// PolicyStatus.ancestors of the Gateway API.
constexpr std::size_t kMaxAncestors = 16;

std::string describe(const api::PolicyTarget& target, const std::string& ns) {
  const std::string section = target.section_name ? " section " + *target.section_name : "";
  return fmt::format("{} {}/{}{}", target.kind, ns, target.name, section);
}

Verdict not_found(const std::string& what) { return {false, reason::kTargetNotFound, "there is no " + what}; }

/// Sections of a target that is there; nothing if the target is not.
using Sections = std::optional<std::vector<std::string>>;

template <typename Objects, typename Names>
Sections find_sections(const Objects& objects, const std::string& ns, const api::PolicyTarget& target, Names names) {
  const auto candidates = api::named(objects, {ns, target.name});
  const auto found = std::ranges::find_if(candidates, [&names](const auto& object) { return names.is(object); });
  if (found == candidates.end()) return std::nullopt;
  return names.of(*found);
}

struct ServicePorts {
  static bool is(const api::Service&) { return true; }
  static std::vector<std::string> of(const api::Service& service) {
    std::vector<std::string> names;
    for (const auto& port : service.ports) names.push_back(port.name);
    return names;
  }
};

struct RouteRules {
  const api::PolicyTarget& target;
  [[nodiscard]] bool is(const api::Route& route) const {
    return route.group == target.group && route.kind == target.kind;
  }
  template <typename Route>
  static std::vector<std::string> of(const Route& route) {
    std::vector<std::string> names;
    for (const auto& rule : route.rules) names.push_back(rule.name.value_or(""));
    return names;
  }
};

struct GatewayListeners {
  const api::PolicyTarget& target;
  [[nodiscard]] bool is(const api::Gateway& gateway) const { return gateway.group == target.group; }
  [[nodiscard]] bool is(const api::ListenerSet& set) const { return set.group == target.group; }
  template <typename Owner>
  static std::vector<std::string> of(const Owner& owner) {
    std::vector<std::string> names;
    for (const auto& listener : owner.listeners) names.push_back(listener.name);
    return names;
  }
};

Sections sections_of(const Graph& graph, const std::string& ns, const api::PolicyTarget& target) {
  const api::ResourceSet& resources = graph.resources;
  if (target.kind == "Service") return find_sections(resources.services, ns, target, ServicePorts{});
  if (target.kind == "Gateway") return find_sections(resources.gateways, ns, target, GatewayListeners{target});
  if (target.kind == "ListenerSet") return find_sections(resources.listener_sets, ns, target, GatewayListeners{target});
  if (target.kind == "HTTPRoute") return find_sections(resources.http_routes, ns, target, RouteRules{target});
  if (target.kind == "GRPCRoute") return find_sections(resources.grpc_routes, ns, target, RouteRules{target});
  if (target.kind == "TLSRoute") return find_sections(resources.tls_routes, ns, target, RouteRules{target});
  return find_sections(resources.l4_routes, ns, target, RouteRules{target});
}

Verdict judge_target(const Graph& graph, const std::string& ns, const api::PolicyTarget& target) {
  const Sections sections = sections_of(graph, ns, target);
  if (!sections) return not_found(describe({target.group, target.kind, target.name, {}, {}}, ns));
  const bool has_section =
      !target.section_name || std::ranges::find(*sections, *target.section_name) != sections->end();
  return has_section ? Verdict{true, reason::kAccepted, ""} : not_found(describe(target, ns));
}

/// Gateways by what they reach: a route that they serve, a Service that it forwards to. Without sections.
using Reach = std::map<PolicyKey, std::set<const api::Gateway*>>;

Reach find_reach(const Graph& graph) {
  Reach reach;
  for (const auto& node : graph.routes) {
    const api::Route& route = *node.common;
    for (const auto* listener : node.listeners) {
      const api::Gateway* const gateway = listener->owner->gateway->source;
      reach[{route.group, route.kind, route.meta.ns, route.meta.name, "", {}}].insert(gateway);
      for_each_rule(node, [&](const std::string& /*name*/, const auto& refs) {
        for (const auto& ref : refs) {
          reach[{ref.group, ref.kind, ref.ns.value_or(route.meta.ns), ref.name, "", {}}].insert(gateway);
        }
      });
    }
  }
  return reach;
}

api::ParentReference reference_to(const api::Gateway& gateway) {
  return {gateway.group, "Gateway", gateway.meta.ns, gateway.meta.name, std::nullopt, std::nullopt};
}

/// The policies of one kind, their targets and their status.
template <typename Policy>
class Attachment {
 public:
  Attachment(Graph& graph, const Reach& reach, PolicyTargets<Policy>& targets)
      : graph_(graph), reach_(reach), targets_(targets) {}

  void attach(const api::Objects<Policy>& policies) {
    std::vector<const Policy*> by_age;
    for (const Policy& policy : policies) by_age.push_back(&policy);
    std::ranges::stable_sort(by_age, [](const auto* a, const auto* b) { return is_older(a->meta, b->meta); });
    std::vector<std::vector<Verdict>> verdicts;
    for (const Policy* policy : by_age) {
      std::vector<Verdict>& of_policy = verdicts.emplace_back();
      for (const auto& target : policy->targets) of_policy.push_back(claim(*policy, target));
    }
    // What overrides a policy is only known once all of them have their targets.
    for (std::size_t i = 0; i < by_age.size(); ++i) report(*by_age[i], verdicts[i]);
  }

 private:
  static PolicyKey key_of(const Policy& policy, const api::PolicyTarget& target) {
    return {target.group, target.kind, policy.meta.ns, target.name, target.section_name.value_or(""), policy.merge};
  }

  Verdict claim(const Policy& policy, const api::PolicyTarget& target) {
    Verdict verdict = judge_target(graph_, policy.meta.ns, target);
    if (!verdict.ok) return verdict;
    const auto [place, is_first] = targets_.emplace(key_of(policy, target), &policy);
    if (is_first) return verdict;
    return {false, reason::kConflicted,
            fmt::format("{} {}, which is older or first by name, has this target already", Policy::kKind,
                        place->second->meta.namespaced_name().to_string())};
  }

  [[nodiscard]] const GatewayNode* gateway(const NamespacedName& name, const std::string& group) const {
    const auto found = std::ranges::find_if(graph_.gateways, [&](const GatewayNode& node) {
      return node.source->meta.namespaced_name() == name && node.source->group == group;
    });
    return found == graph_.gateways.end() ? nullptr : &*found;
  }

  /// The Gateways that the target is served through. Where there is none the target stands for itself: its status
  /// needs a place. None at all for a Gateway of another controller.
  [[nodiscard]] std::vector<api::ParentReference> ancestors_of(const Policy& policy, const api::PolicyTarget& target,
                                                               const Verdict& verdict) const {
    const api::ParentReference itself{target.group, target.kind,         policy.meta.ns,
                                      target.name,  target.section_name, std::nullopt};
    if (target.kind == "Gateway") {
      const bool is_ours = gateway({policy.meta.ns, target.name}, target.group) != nullptr;
      const bool is_there = verdict.reason != std::string_view(reason::kTargetNotFound) || target.section_name;
      if (is_there && !is_ours) return {};
      return {itself};
    }
    const auto reached = reach_.find({target.group, target.kind, policy.meta.ns, target.name, "", {}});
    if (reached == reach_.end()) return {itself};
    std::vector<api::ParentReference> references;
    for (const auto* gateway : reached->second) references.push_back(reference_to(*gateway));
    return references;
  }

  void report(const Policy& policy, const std::vector<Verdict>& verdicts) {
    PolicyNode node{policy.ref(), policy.meta.generation, {}};
    std::map<api::ParentReference, Verdict> ancestors;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const api::PolicyTarget& target = policy.targets[i];
      for (const auto& ancestor : ancestors_of(policy, target, verdicts[i])) {
        Verdict verdict = verdicts[i].ok ? accept(policy, target, ancestor) : verdicts[i];
        name_target(policy, target, verdict);
        merge(ancestors, ancestor, verdict);
      }
    }
    for (const auto& [reference, verdict] : ancestors) {
      if (node.ancestors.size() < kMaxAncestors) node.ancestors.push_back({reference, verdict});
    }
    if (ancestors.size() > kMaxAncestors) {
      graph_.findings.push_back(
          {policy.ref(), policy.meta.location,
           fmt::format("its status has no place for {} of {} ancestors (the Gateway API allows {})",
                       ancestors.size() - kMaxAncestors, ancestors.size(), kMaxAncestors)});
    }
    graph_.policies.push_back(std::move(node));
  }

  /// Which of several targets a message is about.
  static void name_target(const Policy& policy, const api::PolicyTarget& target, Verdict& verdict) {
    const std::string name = describe(target, policy.meta.ns);
    const bool is_clear = policy.targets.size() == 1 || verdict.message.find(name) != std::string::npos;
    if (!is_clear && !verdict.message.empty()) verdict.message = name + ": " + verdict.message;
  }

  /// An ancestor that several targets are served through: the first thing that is wrong is its reason.
  static void merge(std::map<api::ParentReference, Verdict>& ancestors, const api::ParentReference& reference,
                    const Verdict& verdict) {
    const auto [place, is_new] = ancestors.emplace(reference, verdict);
    if (is_new) return;
    Verdict& known = place->second;
    if (known.ok && !verdict.ok) {
      known.ok = false;
      known.reason = verdict.reason;
    }
    if (verdict.message.empty() || known.message.find(verdict.message) != std::string::npos) return;
    known.message += (known.message.empty() ? "" : "; ") + verdict.message;
  }

  /// Accepted, with what has no effect said.
  [[nodiscard]] Verdict accept(const Policy& policy, const api::PolicyTarget& target,
                               const api::ParentReference& ancestor) const {
    std::vector<std::string_view> for_proxy;
    for (const auto& setting : settings_of(&policy)) {
      if (setting.by == CarriedOutBy::Proxy && setting.value(policy)) for_proxy.push_back(setting.field);
    }
    Verdict verdict{true, reason::kAccepted, ""};
    if (!for_proxy.empty()) {
      verdict.message = fmt::format("these settings are not in effect in this version: {}", fmt::join(for_proxy, ", "));
    }
    add_overridden(policy, target, ancestor, verdict);
    return verdict;
  }

  /// What the Gateway's overrides take from the policy.
  void add_overridden(const Policy& policy, const api::PolicyTarget& target, const api::ParentReference& ancestor,
                      Verdict& verdict) const {
    if (ancestor.kind != "Gateway") return;
    PolicyKey key{ancestor.group,
                  ancestor.kind,
                  ancestor.ns.value_or(policy.meta.ns),
                  ancestor.name,
                  "",
                  api::MergeStrategy::Overrides};
    add_overridden_by(policy, key, verdict);
    if (target.kind != "Gateway" || !target.section_name || policy.merge == api::MergeStrategy::Overrides) return;
    key.section = *target.section_name;
    add_overridden_by(policy, key, verdict);
  }

  void add_overridden_by(const Policy& policy, const PolicyKey& key, Verdict& verdict) const {
    const auto found = targets_.find(key);
    if (found == targets_.end() || found->second == &policy) return;
    const Policy& winner = *found->second;
    std::vector<std::string_view> fields;
    for (const auto& setting : settings_of(&policy)) {
      if (setting.value(policy) && setting.value(winner)) fields.push_back(setting.field);
    }
    if (fields.empty()) return;
    verdict.message +=
        fmt::format("{}overridden by {} {} of {}: {}", verdict.message.empty() ? "" : "; ", Policy::kKind,
                    winner.meta.namespaced_name().to_string(), translate::describe(key), fmt::join(fields, ", "));
  }

  Graph& graph_;
  const Reach& reach_;
  PolicyTargets<Policy>& targets_;
};

}  // namespace

std::string describe(const PolicyKey& key) {
  return fmt::format("{} {}/{}{}{}", key.kind, key.ns, key.name, key.section.empty() ? "" : " section ", key.section);
}

void attach_policies(Graph& graph) {
  if (graph.resources.upstream_policies.empty() && graph.resources.client_policies.empty()) return;
  const Reach reach = find_reach(graph);
  Attachment(graph, reach, graph.upstream_policies).attach(graph.resources.upstream_policies);
  Attachment(graph, reach, graph.client_policies).attach(graph.resources.client_policies);
}

}  // namespace gw::translate
