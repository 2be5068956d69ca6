// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/render.hpp"

#include <map>
#include <nlohmann/json.hpp>

namespace gw::status {
namespace {

using nlohmann::json;

const char* word(api::ConditionStatus status) {
  switch (status) {
    case api::ConditionStatus::True: return "True";
    case api::ConditionStatus::False: return "False";
    case api::ConditionStatus::Unknown: return "Unknown";
  }
  return "Unknown";
}

json render_conditions(const api::Conditions& conditions) {
  json list = json::array();
  for (const auto& condition : conditions.all()) {
    list.push_back({{"type", condition.type},
                    {"status", word(condition.status)},
                    {"reason", condition.reason},
                    {"message", condition.message},
                    {"observedGeneration", condition.observed_generation}});
  }
  return list;
}

json render_addresses(const std::vector<api::GatewayAddress>& addresses) {
  json list = json::array();
  for (const auto& address : addresses) list.push_back({{"type", address.type}, {"value", address.value}});
  return list;
}

json render_listener(const api::ListenerStatus& listener) {
  json kinds = json::array();
  for (const auto& kind : listener.supported_kinds) kinds.push_back({{"group", kind.group}, {"kind", kind.kind}});
  return {{"name", listener.name},
          {"supportedKinds", kinds},
          {"attachedRoutes", listener.attached_routes},
          {"conditions", render_conditions(listener.conditions)}};
}

json render_listeners(const std::vector<api::ListenerStatus>& listeners) {
  json list = json::array();
  for (const auto& listener : listeners) list.push_back(render_listener(listener));
  return list;
}

/// 2021: without supportedKinds and attachedRoutes.
json render_legacy_listener(const api::ListenerStatus& listener) {
  json status = {
      {"port", listener.port}, {"protocol", listener.protocol}, {"conditions", render_conditions(listener.conditions)}};
  if (!listener.hostname.empty()) status["hostname"] = listener.hostname;
  return status;
}

bool is_ready(const api::ListenerStatus& listener) {
  const api::Condition* const ready = listener.conditions.find("Ready");
  return ready == nullptr || ready->status == api::ConditionStatus::True;
}

/// 2021 keys the list by port: of several listeners on one port that is shown which needs attention.
json render_legacy_listeners(const std::vector<api::ListenerStatus>& listeners) {
  std::map<std::uint16_t, const api::ListenerStatus*> by_port;
  for (const auto& listener : listeners) {
    const auto [place, is_new] = by_port.try_emplace(listener.port, &listener);
    if (!is_new && is_ready(*place->second)) place->second = &listener;
  }
  json list = json::array();
  for (const auto& listener : listeners) {
    if (by_port.at(listener.port) == &listener) list.push_back(render_legacy_listener(listener));
  }
  return list;
}

json render_reference(const api::ParentReference& parent) {
  json reference = {{"group", parent.group}, {"kind", parent.kind}, {"name", parent.name}};
  if (parent.ns) reference["namespace"] = *parent.ns;
  if (parent.section_name) reference["sectionName"] = *parent.section_name;
  if (parent.port) reference["port"] = *parent.port;
  return reference;
}

json render_parent(const api::RouteParentStatus& parent) {
  return {{"parentRef", render_reference(parent.parent)},
          {"controllerName", parent.controller_name},
          {"conditions", render_conditions(parent.conditions)}};
}

json render_ancestor(const api::PolicyAncestorStatus& ancestor) {
  return {{"ancestorRef", render_reference(ancestor.ancestor)},
          {"controllerName", ancestor.controller_name},
          {"conditions", render_conditions(ancestor.conditions)}};
}

json render_legacy_parent(const api::RouteParentStatus& parent) {
  const json reference = {{"name", parent.parent.name},
                          {"namespace", parent.parent.ns.value_or("")},
                          {"controller", parent.controller_name}};
  return {{"gatewayRef", reference}, {"conditions", render_conditions(parent.conditions)}};
}

}  // namespace

json render(const api::GatewayClassStatus& status) {
  json rendered = {{"conditions", render_conditions(status.conditions)}};
  for (const auto& feature : status.supported_features) rendered["supportedFeatures"].push_back({{"name", feature}});
  return rendered;
}

json render(const api::GatewayStatus& status) {
  const bool is_legacy = status.ref.group == api::kLegacyGroup;
  json rendered = {
      {"addresses", render_addresses(status.addresses)},
      {"conditions", render_conditions(status.conditions)},
      {"listeners", is_legacy ? render_legacy_listeners(status.listeners) : render_listeners(status.listeners)}};
  if (status.attached_listener_sets) rendered["attachedListenerSets"] = *status.attached_listener_sets;
  return rendered;
}

json render(const api::ListenerSetStatus& status) {
  return {{"conditions", render_conditions(status.conditions)}, {"listeners", render_listeners(status.listeners)}};
}

json render(const api::RouteStatus& status) {
  const bool is_legacy = status.ref.group == api::kLegacyGroup;
  json parents = json::array();
  for (const auto& parent : status.parents)
    parents.push_back(is_legacy ? render_legacy_parent(parent) : render_parent(parent));
  return {{is_legacy ? "gateways" : "parents", parents}};
}

json render(const api::PolicyStatus& status) {
  if (status.ref.group == api::kLegacyGroup) return {{"conditions", render_conditions(status.conditions)}};
  json ancestors = json::array();
  for (const auto& ancestor : status.ancestors) ancestors.push_back(render_ancestor(ancestor));
  return {{"ancestors", ancestors}};
}

json render_object(const api::ObjectRef& ref, json status) {
  json metadata = {{"name", ref.name}};
  if (!ref.ns.empty()) metadata["namespace"] = ref.ns;
  return {{"apiVersion", ref.group.empty() ? ref.version : ref.group + "/" + ref.version},
          {"kind", ref.kind},
          {"metadata", metadata},
          {"status", std::move(status)}};
}

json render(const api::StatusReport& report) {
  json objects = json::array();
  api::StatusReport::for_each_member([&](auto member) {
    for (const auto& status : report.*member) objects.push_back(render_object(status.ref, render(status)));
  });
  return {{"objects", objects}};
}

}  // namespace gw::status
