// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/objects.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gw::cli {

using nlohmann::json;

const std::vector<Kind>& known_kinds() {
  static const std::vector<Kind> kinds = {
      {"GatewayClass", "gatewayclasses", {"gatewayclass", "gc"}, false},
      {"Gateway", "gateways", {"gateway", "gtw"}, true},
      {"ListenerSet", "listenersets", {"listenerset", "lset"}, true},
      {"HTTPRoute", "httproutes", {"httproute"}, true},
      {"GRPCRoute", "grpcroutes", {"grpcroute"}, true},
      {"TLSRoute", "tlsroutes", {"tlsroute"}, true},
      {"TCPRoute", "tcproutes", {"tcproute"}, true},
      {"UDPRoute", "udproutes", {"udproute"}, true},
      {"ReferenceGrant", "referencegrants", {"referencegrant", "refgrant"}, true},
      {"BackendTLSPolicy", "backendtlspolicies", {"backendtlspolicy", "btlspolicy"}, true},
      {"BackendPolicy", "backendpolicies", {"backendpolicy", "bp"}, true},
      {"UpstreamPolicy", "upstreampolicies", {"upstreampolicy"}, true},
      {"ClientPolicy", "clientpolicies", {"clientpolicy"}, true},
      {"GatewayClassConfig", "gatewayclassconfigs", {"gatewayclassconfig"}, true},
      {"Service", "services", {"service", "svc"}, true},
      {"EndpointSlice", "endpointslices", {"endpointslice"}, true},
      {"Secret", "secrets", {"secret"}, true},
      {"ConfigMap", "configmaps", {"configmap", "cm"}, true},
      {"Namespace", "namespaces", {"namespace", "ns"}, false},
  };
  return kinds;
}

Result<Kind> find_kind(const std::string& name) {
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::string all;
  for (const auto& kind : known_kinds()) {
    if (lower == kind.plural || std::ranges::find(kind.aliases, lower) != kind.aliases.end()) return kind;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", kind.plural);
  }
  return fail(fmt::format("unknown kind \"{}\" (there are: {})", name, all));
}

Result<std::vector<json>> fetch_objects(Env& env) {
  const auto body = env.ask("/v1/objects");
  if (!body) return fail(body.error());
  const json document = json::parse(*body, nullptr, false);
  if (!document.is_object() || !document.contains("objects")) return fail("the daemon's answer is not understood");
  return document["objects"].get<std::vector<json>>();
}

Result<json> fetch_status(Env& env) {
  const auto body = env.ask("/v1/status");
  if (!body) return fail(body.error());
  json document = json::parse(*body, nullptr, false);
  if (!document.is_object()) return fail("the daemon's answer is not understood");
  return document;
}

std::vector<json> select(const std::vector<json>& objects, const Kind& kind, const Selection& selection) {
  std::vector<json> chosen;
  for (const json& entry : objects) {
    const json& object = entry["object"];
    if (text_at(object, "/kind") != kind.kind) continue;
    const bool in_namespace =
        !kind.is_namespaced || selection.all_namespaces || text_at(object, "/metadata/namespace") == selection.ns;
    if (!in_namespace) continue;
    if (!selection.name.empty() && text_at(object, "/metadata/name") != selection.name) continue;
    chosen.push_back(entry);
  }
  std::ranges::sort(chosen, {}, [](const json& entry) {
    const json& object = entry["object"];
    return std::tuple(text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name"),
                      text_at(object, "/apiVersion"));
  });
  return chosen;
}

std::string text_at(const json& value, const char* pointer) {
  const json::json_pointer at(pointer);
  if (!value.contains(at)) return {};
  const json& found = value.at(at);
  return found.is_string() ? found.get<std::string>() : found.is_null() ? std::string() : found.dump();
}

std::string condition_status(const json& conditions, const std::vector<std::string>& types) {
  if (!conditions.is_array()) return "Unknown";
  for (const json& condition : conditions) {
    if (std::ranges::find(types, text_at(condition, "/type")) != types.end()) return text_at(condition, "/status");
  }
  return "Unknown";
}

std::string over_entries(const json& entries, const std::vector<std::string>& types) {
  if (!entries.is_array()) return "Unknown";
  std::string verdict;
  for (const json& entry : entries) {
    const json conditions = entry.value("conditions", json());
    const std::string status = condition_status(conditions, types);
    if (verdict.empty()) verdict = status;
    if (verdict != status) return "Partial";
  }
  return verdict.empty() ? "Unknown" : verdict;
}

bool is_legacy(const json& object) { return text_at(object, "/apiVersion").starts_with("networking.x-k8s.io/"); }

}  // namespace gw::cli
