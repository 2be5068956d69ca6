// SPDX-License-Identifier: Apache-2.0
// gwctl describe: everything about one object, in the order of the Gateway API's own gwctl.
#include <fmt/format.h>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/state.hpp"
#include "userspace/cli/table.hpp"
#include "userspace/cli/yaml.hpp"
#include "userspace/translate/effective.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

void section(Env& env, const char* title, const json& value) {
  if (value.is_null() || value.empty()) {
    env.out << title << ": <none>\n";
  } else if (value.is_structured()) {
    env.out << title << ":\n" << to_yaml(value, 2);
  } else {
    env.out << title << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  }
}

json member(const json& object, const char* pointer) {
  const json::json_pointer at(pointer);
  return object.contains(at) ? object.at(at) : json();
}

bool is_route(const json& object) { return text_at(object, "/kind").ends_with("Route"); }

/// Routes with a parent that names this Gateway.
void attached_routes(Env& env, const json& gateway, const std::vector<json>& objects) {
  Table table({"KIND", "NAME", "ACCEPTED"});
  for (const json& entry : objects) {
    const json& route = entry["object"];
    if (!is_route(route) || is_legacy(route) != is_legacy(gateway)) continue;
    const json parents = member(route, is_legacy(route) ? "/status/gateways" : "/status/parents");
    for (const json& parent : parents) {
      const json reference = member(parent, is_legacy(route) ? "/gatewayRef" : "/parentRef");
      const std::string ns = text_at(reference, "/namespace");
      if (text_at(reference, "/name") != text_at(gateway, "/metadata/name")) continue;
      if ((ns.empty() ? text_at(route, "/metadata/namespace") : ns) != text_at(gateway, "/metadata/namespace"))
        continue;
      table.add({text_at(route, "/kind"),
                 text_at(route, "/metadata/namespace") + "/" + text_at(route, "/metadata/name"),
                 condition_status(member(parent, "/conditions"), {"Accepted", "Admitted"})});
    }
  }
  env.out << "AttachedRoutes:" << (table.empty() ? " <none>\n" : "\n" + table.to_string());
}

/// "Kind namespace/name", as findings and events name objects.
std::string object_name(const json& object) {
  const std::string ns = text_at(object, "/metadata/namespace");
  return text_at(object, "/kind") + " " + (ns.empty() ? "" : ns + "/") + text_at(object, "/metadata/name");
}

/// What the daemon has to say of this object beyond its status.
void analysis(Env& env, const json& object) {
  const auto document = fetch_status(env);
  const std::string name = object_name(object);
  std::string lines;
  if (document && document->contains("findings")) {
    for (const json& finding : document->at("findings")) {
      if (text_at(finding, "/object") == name) lines += "  - " + text_at(finding, "/message") + "\n";
    }
  }
  env.out << "Analysis:" << (lines.empty() ? " <none>\n" : "\n" + lines);
}

/// Whether a policy's targetRef names the object.
bool is_target(const json& reference, const json& policy, const json& object) {
  const std::string api_version = text_at(object, "/apiVersion");
  const auto slash = api_version.find('/');
  const std::string group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  return text_at(reference, "/group") == group && text_at(reference, "/kind") == text_at(object, "/kind") &&
         text_at(reference, "/name") == text_at(object, "/metadata/name") &&
         text_at(policy, "/metadata/namespace") == text_at(object, "/metadata/namespace");
}

/// Policies with a targetRef that names this object.
void attached_policies(Env& env, const json& object, const std::vector<json>& objects) {
  Table table({"KIND", "NAME", "SECTION", "MERGE STRATEGY", "ACCEPTED"});
  for (const json& entry : objects) {
    const json& policy = entry["object"];
    const json references = member(policy, "/spec/targetRefs");
    if (!text_at(policy, "/kind").ends_with("Policy") || !references.is_array()) continue;
    for (const json& reference : references) {
      if (!is_target(reference, policy, object)) continue;
      const std::string section = text_at(reference, "/sectionName");
      const std::string merge = text_at(policy, "/spec/mergeStrategy");
      table.add({text_at(policy, "/kind"),
                 text_at(policy, "/metadata/namespace") + "/" + text_at(policy, "/metadata/name"),
                 section.empty() ? "-" : section, merge.empty() ? "Defaults" : merge,
                 over_entries(member(policy, "/status/ancestors"), {"Accepted"})});
    }
  }
  env.out << "Policies:" << (table.empty() ? " <none>\n" : "\n" + table.to_string());
}

std::string source_text(const translate::PolicyValue& value) {
  return fmt::format("{} of {}{}", value.policy.to_string(), value.target,
                     value.merge == api::MergeStrategy::Overrides ? ", which overrides" : "");
}

/// Which settings of policies hold here, and which policy each is from.
void effective_settings(Env& env, const json& object, const std::vector<json>& objects) {
  const std::string api_version = text_at(object, "/apiVersion");
  const auto slash = api_version.find('/');
  const api::ObjectRef ref{slash == std::string::npos ? "" : api_version.substr(0, slash), "", text_at(object, "/kind"),
                           text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name")};
  const auto places = translate::effective_settings(to_resources(env, objects).objects, {}, ref);
  env.out << "EffectiveSettings:" << (places.empty() ? " <none>\n" : "\n");
  for (const auto& place : places) {
    env.out << "  " << place.where << ":\n";
    for (const auto& setting : place.settings) {
      env.out << fmt::format("    {}: {} ({})\n", setting.field, setting.in_effect.value,
                             source_text(setting.in_effect));
      for (const auto& other : setting.replaced) {
        env.out << fmt::format("      instead of {} ({})\n", other.value, source_text(other));
      }
    }
  }
}

bool can_have_policies(const std::string& kind) {
  return kind == "Gateway" || kind == "ListenerSet" || kind == "Service" || kind.ends_with("Route");
}

/// What the daemon has seen happen to this object since it started.
void events(Env& env, const json& object) {
  const auto body = env.ask("/v1/events");
  const json document = body ? json::parse(*body, nullptr, false) : json();
  Table table({"TYPE", "AGE", "COUNT", "MESSAGE"});
  for (const json& event : document.is_object() ? document.value("events", json::array()) : json::array()) {
    if (text_at(event, "/object") != object_name(object)) continue;
    table.add({text_at(event, "/type"), age_text(env.now - event.value("lastSeen", std::int64_t{0})),
               text_at(event, "/count"), text_at(event, "/message")});
  }
  env.out << "Events:" << (table.empty() ? " <none>\n" : "\n" + table.to_string());
}

void describe_one(Env& env, const json& entry, const std::vector<json>& objects) {
  const json& object = entry["object"];
  json metadata = member(object, "/metadata");
  section(env, "Name", member(object, "/metadata/name"));
  if (metadata.contains("namespace")) section(env, "Namespace", metadata["namespace"]);
  section(env, "Labels", member(object, "/metadata/labels"));
  section(env, "Annotations", member(object, "/metadata/annotations"));
  section(env, "APIVersion", member(object, "/apiVersion"));
  section(env, "Kind", member(object, "/kind"));
  for (const char* shown : {"name", "namespace", "labels", "annotations"}) metadata.erase(shown);
  section(env, "Metadata", metadata);
  env.out << fmt::format("Source: {}:{}\n", text_at(entry, "/file"), text_at(entry, "/line"));
  for (const char* body : {"spec", "addressType", "ports", "endpoints"}) {
    if (!object.contains(body)) continue;
    std::string title = body;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    section(env, title.c_str(), object[body]);
  }
  if (entry.contains("dataPath")) section(env, "DataPath", entry["dataPath"]);
  if (object.contains("status")) section(env, "Status", object["status"]);
  if (text_at(object, "/kind") == "Gateway") attached_routes(env, object, objects);
  if (can_have_policies(text_at(object, "/kind"))) {
    attached_policies(env, object, objects);
    effective_settings(env, object, objects);
  }
  analysis(env, object);
  events(env, object);
}

}  // namespace

int describe(Env& env, const std::string& kind_name, const Selection& selection) {
  const auto kind = find_kind(kind_name);
  if (!kind) return report(env, kind.error());
  const auto objects = fetch_objects(env);
  if (!objects) return report(env, objects.error());
  const auto chosen = select(*objects, *kind, selection);
  if (chosen.empty()) {
    const std::string where = kind->is_namespaced ? selection.ns + "/" : "";
    return report(env, {fmt::format("{} {}{} not found", kind->kind, where, selection.name), 0});
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    if (i > 0) env.out << "\n";
    describe_one(env, chosen[i], *objects);
  }
  return kOk;
}

}  // namespace gw::cli
