// SPDX-License-Identifier: Apache-2.0
// Policies -> which of them count, where, and what their status says (GEP-713). Of two with one target and one merge
// strategy the older one counts, then the first by name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "userspace/translate/assembly.hpp"
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
    names.reserve(service.ports.size());
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
    names.reserve(route.rules.size());
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
    names.reserve(owner.listeners.size());
    for (const auto& listener : owner.listeners) names.push_back(listener.name);
    return names;
  }
};

Sections sections_of(const api::ResourceSet& resources, const std::string& ns, const api::PolicyTarget& target) {
  if (target.kind == "Service") return find_sections(resources.services, ns, target, ServicePorts{});
  if (target.kind == "Gateway") return find_sections(resources.gateways, ns, target, GatewayListeners{target});
  if (target.kind == "ListenerSet") return find_sections(resources.listener_sets, ns, target, GatewayListeners{target});
  if (target.kind == "HTTPRoute") return find_sections(resources.http_routes, ns, target, RouteRules{target});
  if (target.kind == "GRPCRoute") return find_sections(resources.grpc_routes, ns, target, RouteRules{target});
  if (target.kind == "TLSRoute") return find_sections(resources.tls_routes, ns, target, RouteRules{target});
  return find_sections(resources.l4_routes, ns, target, RouteRules{target});
}

Verdict judge_target(const api::ResourceSet& resources, const std::string& ns, const api::PolicyTarget& target) {
  const Sections sections = sections_of(resources, ns, target);
  if (!sections) return not_found(describe({target.group, target.kind, target.name, {}, {}}, ns));
  const bool has_section =
      !target.section_name || std::ranges::find(*sections, *target.section_name) != sections->end();
  return has_section ? Verdict{true, reason::kAccepted, ""} : not_found(describe(target, ns));
}

/// Which of two policies with one target counts.
template <typename Policy>
std::vector<const Policy*> by_age(const api::Objects<Policy>& policies) {
  std::vector<const Policy*> sorted;
  for (const Policy& policy : policies) sorted.push_back(&policy);
  std::ranges::stable_sort(sorted, [](const auto* a, const auto* b) { return is_older(a->meta, b->meta); });
  return sorted;
}

template <typename Policy>
PolicyKey key_of(const Policy& policy, const api::PolicyTarget& target) {
  return {target.group, target.kind, policy.meta.ns, target.name, target.section_name.value_or(""), policy.merge};
}

template <typename Policy>
void claim(const api::Objects<Policy>& policies, PolicyTargets<Policy>& targets) {
  for (const Policy* policy : by_age(policies)) {
    for (const auto& target : policy->targets) targets.try_emplace(key_of(*policy, target), policy);
  }
}

/// Gateways by what they reach of the targets: a route that they serve, a Service that it forwards to.
class Reach {
 public:
  explicit Reach(const Graph& graph) {
    const auto add = [this](const auto& targets) {
      for (const auto& [key, policy] : targets) {
        names_.insert(key.name);
        gateways_.try_emplace({key.group, key.kind, key.ns, key.name, "", {}});
      }
    };
    add(graph.upstream_policies);
    add(graph.client_policies);
  }

  void add(const RouteNode& node) {
    const api::Route& route = *node.common;
    note(node, route.group, route.kind, route.meta.ns, route.meta.name);
    for_each_rule(node, [&](const std::string& /*name*/, const auto& refs) {
      for (const auto& ref : refs) note(node, ref.group, ref.kind, ref.ns.value_or(route.meta.ns), ref.name);
    });
  }

  /// None that reaches it: null.
  [[nodiscard]] const std::set<const api::Gateway*>* find(const PolicyKey& target) const {
    const auto found = gateways_.find(target);
    return found == gateways_.end() || found->second.empty() ? nullptr : &found->second;
  }

 private:
  void note(const RouteNode& node, const std::string& group, const std::string& kind, const std::string& ns,
            const std::string& name) {
    if (!names_.contains(name)) return;  // most have no policy: that is told without a key
    const auto found = gateways_.find({group, kind, ns, name, "", {}});
    if (found == gateways_.end()) return;
    for (const auto& binding : node.bindings) found->second.insert(binding.listener->owner->gateway->source);
  }

  std::unordered_set<std::string_view> names_;
  std::map<PolicyKey, std::set<const api::Gateway*>> gateways_;
};

api::ParentReference reference_to(const api::Gateway& gateway) {
  return {gateway.group, "Gateway", gateway.meta.ns, gateway.meta.name, std::nullopt, std::nullopt};
}

/// The status of the policies of one kind.
template <typename Policy>
class Attachment {
 public:
  Attachment(const Graph& graph, const api::ResourceSet& resources, const Reach& reach,
             const PolicyTargets<Policy>& targets, PolicyReport& made)
      : graph_(graph), resources_(resources), reach_(reach), targets_(targets), made_(made) {}

  void report_all(const api::Objects<Policy>& policies) {
    for (const Policy* policy : by_age(policies)) report(*policy);
  }

 private:
  [[nodiscard]] Verdict judge(const Policy& policy, const api::PolicyTarget& target) const {
    Verdict verdict = judge_target(resources_, policy.meta.ns, target);
    const Policy& first = *targets_.at(key_of(policy, target));
    if (!verdict.ok || &first == &policy) return verdict;
    return {false, reason::kConflicted,
            fmt::format("{} {}, which is older or first by name, has this target already", Policy::kKind,
                        first.meta.namespaced_name().to_string())};
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
      const bool is_there = verdict.reason != reason::kTargetNotFound || target.section_name;
      if (is_there && !is_ours) return {};
      return {itself};
    }
    const auto* const reached = reach_.find({target.group, target.kind, policy.meta.ns, target.name, "", {}});
    if (reached == nullptr) return {itself};
    std::vector<api::ParentReference> references;
    for (const auto* gateway : *reached) references.push_back(reference_to(*gateway));
    return references;
  }

  void report(const Policy& policy) {
    std::map<api::ParentReference, Verdict> ancestors;
    for (const auto& target : policy.targets) {
      const Verdict of_target = judge(policy, target);
      for (const auto& ancestor : ancestors_of(policy, target, of_target)) {
        Verdict verdict = of_target.ok ? accept(policy, target, ancestor) : of_target;
        name_target(policy, target, verdict);
        merge(ancestors, ancestor, verdict);
      }
    }
    if (ancestors.size() > kMaxAncestors) {
      made_.findings.push_back(
          {policy.ref(), policy.meta.location,
           fmt::format("its status has no place for {} of {} ancestors (the Gateway API allows {})",
                       ancestors.size() - kMaxAncestors, ancestors.size(), kMaxAncestors)});
    }
    made_.statuses.push_back(status_of(policy, ancestors));
  }

  static api::PolicyStatus status_of(const Policy& policy, const std::map<api::ParentReference, Verdict>& ancestors) {
    api::PolicyStatus status;
    status.ref = policy.ref();
    for (const auto& [reference, verdict] : ancestors) {
      if (status.ancestors.size() == kMaxAncestors) break;
      api::PolicyAncestorStatus& ancestor = status.ancestors.emplace_back();
      ancestor.ancestor = reference;
      ancestor.conditions.set(condition(type::kAccepted, verdict, policy.meta.generation));
    }
    return status;
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

  const Graph& graph_;
  const api::ResourceSet& resources_;
  const Reach& reach_;
  const PolicyTargets<Policy>& targets_;
  PolicyReport& made_;
};

}  // namespace

std::string describe(const PolicyKey& key) {
  return fmt::format("{} {}/{}{}{}", key.kind, key.ns, key.name, key.section.empty() ? "" : " section ", key.section);
}

void claim_policy_targets(Graph& graph) {
  claim(graph.resources.upstream_policies, graph.upstream_policies);
  claim(graph.resources.client_policies, graph.client_policies);
}

PolicyReport report_policies(const Graph& graph, const api::ResourceSet& resources, const RouteNodes& routes) {
  PolicyReport made;
  if (graph.resources.upstream_policies.empty() && graph.resources.client_policies.empty()) return made;
  Reach reach(graph);
  for (const auto& route : routes) reach.add(*route);
  Attachment(graph, resources, reach, graph.upstream_policies, made).report_all(resources.upstream_policies);
  Attachment(graph, resources, reach, graph.client_policies, made).report_all(resources.client_policies);
  return made;
}

}  // namespace gw::translate
