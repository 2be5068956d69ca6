// SPDX-License-Identifier: Apache-2.0
// gwctl get: one row an object, with the columns of the Gateway API's own gwctl.
#include <fmt/format.h>

#include <sstream>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/table.hpp"
#include "userspace/cli/yaml.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

struct View {
  Env& env;
  bool with_namespace;
  bool wide;
};

std::vector<std::string> texts(const json& list, const char* pointer) {
  std::vector<std::string> found;
  if (!list.is_array()) return found;
  for (const json& item : list) found.push_back(text_at(item, pointer));
  return found;
}

const json& at(const json& value, const char* pointer) {
  static const json nothing;
  const json::json_pointer where(pointer);
  return value.contains(where) ? value.at(where) : nothing;
}

std::string age(const View& view, const json& entry) {
  const std::string created = text_at(entry, "/object/metadata/creationTimestamp");
  std::tm time{};
  if (created.empty() || strptime(created.c_str(), "%Y-%m-%dT%H:%M:%S", &time) == nullptr) return "<unknown>";
  return age_text(view.env.now - timegm(&time));
}

std::string or_none(const std::string& text) { return text.empty() ? "<none>" : text; }

std::string over_parents(const json& object, const std::vector<std::string>& types) {
  return over_entries(at(object, is_legacy(object) ? "/status/gateways" : "/status/parents"), types);
}

/// "Gateway/web/http" for each of a policy's targetRefs.
std::vector<std::string> targets_of(const json& object) {
  std::vector<std::string> targets;
  const json& references = at(object, "/spec/targetRefs");
  if (!references.is_array()) return targets;
  for (const json& reference : references) {
    const std::string section = text_at(reference, "/sectionName");
    targets.push_back(fmt::format("{}/{}{}{}", text_at(reference, "/kind"), text_at(reference, "/name"),
                                  section.empty() ? "" : "/", section));
  }
  return targets;
}

std::vector<std::string> parents_of(const json& object) {
  std::vector<std::string> parents;
  const json& references = is_legacy(object) ? at(object, "/status/gateways") : at(object, "/spec/parentRefs");
  if (!references.is_array()) return parents;
  for (const json& item : references) {
    const json& reference = is_legacy(object) ? at(item, "/gatewayRef") : item;
    const std::string section = text_at(reference, "/sectionName");
    parents.push_back(text_at(reference, "/name") + (section.empty() ? "" : "/" + section));
  }
  return parents;
}

std::vector<std::string> backends_of(const json& object) {
  std::vector<std::string> backends;
  const json& rules = at(object, "/spec/rules");
  if (!rules.is_array()) return backends;
  for (const json& rule : rules) {
    const json& refs = is_legacy(object) ? at(rule, "/forwardTo") : at(rule, "/backendRefs");
    if (!refs.is_array()) continue;
    for (const json& ref : refs) {
      const std::string name = is_legacy(object) ? text_at(ref, "/serviceName") : text_at(ref, "/name");
      const std::string weight = text_at(ref, "/weight");
      backends.push_back(fmt::format("{}:{}={}", name, text_at(ref, "/port"), weight.empty() ? "1" : weight));
    }
  }
  return backends;
}

void add_row(const View& view, Table& table, const json& entry, std::vector<std::string> columns) {
  std::vector<std::string> row;
  if (view.with_namespace) row.push_back(text_at(entry, "/object/metadata/namespace"));
  row.push_back(text_at(entry, "/object/metadata/name"));
  row.insert(row.end(), columns.begin(), columns.end());
  table.add(std::move(row));
}

std::vector<std::string> headings(const View& view, std::vector<std::string> columns) {
  columns.insert(columns.begin(), "NAME");
  if (view.with_namespace) columns.insert(columns.begin(), "NAMESPACE");
  return columns;
}

Table gateways(const View& view, const std::vector<json>& entries) {
  std::vector<std::string> columns = {"CLASS", "ADDRESSES", "PORTS", "PROGRAMMED", "AGE"};
  if (view.wide) columns.insert(columns.end(), {"APIVERSION", "DATA PATH"});
  Table table(headings(view, columns));
  for (const json& entry : entries) {
    const json& object = entry["object"];
    std::vector<std::string> row = {
        text_at(object, "/spec/gatewayClassName"),
        or_none(shorten(texts(at(object, "/status/addresses"), "/value"), view.wide ? 100 : 2)),
        shorten(texts(at(object, "/spec/listeners"), "/port"), view.wide ? 100 : 3),
        condition_status(at(object, "/status/conditions"), {"Programmed", "Ready"}), age(view, entry)};
    if (view.wide) row.insert(row.end(), {text_at(object, "/apiVersion"), or_none(text_at(entry, "/dataPath"))});
    add_row(view, table, entry, row);
  }
  return table;
}

/// The names that a route is for; a TLSRoute of 2021 has them in its rules.
std::vector<std::string> hostnames_of(const json& object) {
  std::vector<std::string> names;
  for (const json& name : at(object, "/spec/hostnames")) {
    if (name.is_string()) names.push_back(name);
  }
  return names;
}

Table routes(const View& view, const Kind& kind, const std::vector<json>& entries) {
  const std::string_view name = kind.kind;
  const bool has_hostnames = name != "TCPRoute" && name != "UDPRoute";
  std::vector<std::string> columns = {"PARENT REFS", "ACCEPTED", "RESOLVED", "AGE"};
  if (has_hostnames) columns.insert(columns.begin(), "HOSTNAMES");
  if (view.wide) columns.insert(columns.end(), {"APIVERSION", "BACKENDS"});
  Table table(headings(view, columns));
  for (const json& entry : entries) {
    const json& object = entry["object"];
    std::vector<std::string> row = {or_none(shorten(parents_of(object), view.wide ? 100 : 2)),
                                    over_parents(object, {"Accepted", "Admitted"}),
                                    over_parents(object, {"ResolvedRefs"}), age(view, entry)};
    if (has_hostnames) row.insert(row.begin(), or_none(shorten(hostnames_of(object), view.wide ? 100 : 2)));
    if (view.wide) row.insert(row.end(), {text_at(object, "/apiVersion"), shorten(backends_of(object), 100)});
    add_row(view, table, entry, row);
  }
  return table;
}

Table gateway_classes(const View& view, const std::vector<json>& entries) {
  Table table({"NAME", "CONTROLLER", "ACCEPTED", "AGE"});
  for (const json& entry : entries) {
    const json& object = entry["object"];
    const std::string controller = text_at(object, is_legacy(object) ? "/spec/controller" : "/spec/controllerName");
    table.add({text_at(object, "/metadata/name"), controller,
               condition_status(at(object, "/status/conditions"), {"Accepted", "Admitted"}), age(view, entry)});
  }
  return table;
}

/// Policies: what they are attached to, and whether they hold there.
Table policies(const View& view, const std::vector<json>& entries) {
  Table table(headings(view, {"TARGETS", "ACCEPTED", "AGE"}));
  for (const json& entry : entries) {
    const json& object = entry["object"];
    add_row(view, table, entry,
            {or_none(shorten(targets_of(object), view.wide ? 100 : 2)),
             over_entries(at(object, "/status/ancestors"), {"Accepted"}), age(view, entry)});
  }
  return table;
}

Table services(const View& view, const std::vector<json>& entries) {
  Table table(headings(view, {"TYPE", "PORTS", "AGE"}));
  for (const json& entry : entries) {
    const std::string type = text_at(entry, "/object/spec/type");
    add_row(view, table, entry,
            {type.empty() ? "ClusterIP" : type, or_none(shorten(texts(at(entry, "/object/spec/ports"), "/port"), 5)),
             age(view, entry)});
  }
  return table;
}

Table endpoint_slices(const View& view, const std::vector<json>& entries) {
  Table table(headings(view, {"SERVICE", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"}));
  for (const json& entry : entries) {
    const json& object = entry["object"];
    const json& endpoints = at(object, "/endpoints");
    add_row(view, table, entry,
            {or_none(text_at(object, "/metadata/labels/kubernetes.io~1service-name")), text_at(object, "/addressType"),
             or_none(shorten(texts(at(object, "/ports"), "/port"), 3)),
             or_none(shorten(texts(endpoints, "/addresses/0"), view.wide ? 1000 : 3)), age(view, entry)});
  }
  return table;
}

Table others(const View& view, const std::vector<json>& entries, bool is_namespaced) {
  const View narrowed{view.env, view.with_namespace && is_namespaced, view.wide};
  Table table(headings(narrowed, {"AGE"}));
  for (const json& entry : entries) add_row(narrowed, table, entry, {age(view, entry)});
  return table;
}

Table make_table(const View& view, const Kind& kind, const std::vector<json>& entries) {
  const std::string_view name = kind.kind;
  if (name == "Gateway") return gateways(view, entries);
  if (name.ends_with("Route")) return routes(view, kind, entries);
  if (name == "GatewayClass") return gateway_classes(view, entries);
  if (name == "UpstreamPolicy" || name == "ClientPolicy" || name == "BackendTLSPolicy") return policies(view, entries);
  if (name == "Service") return services(view, entries);
  if (name == "EndpointSlice") return endpoint_slices(view, entries);
  return others(view, entries, kind.is_namespaced);
}

Result<std::vector<Kind>> parse_kinds(const std::string& text) {
  if (text == "all") return known_kinds();
  std::vector<Kind> kinds;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    auto kind = find_kind(word);
    if (!kind) return fail(kind.error());
    kinds.push_back(std::move(*kind));
  }
  return kinds;
}

/// kubectl's shape: the object itself when a name was given, a List otherwise.
json as_document(const std::vector<json>& chosen, const Selection& selection) {
  if (!selection.name.empty() && chosen.size() == 1) return chosen[0]["object"];
  json items = json::array();
  for (const json& entry : chosen) items.push_back(entry["object"]);
  return {{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}};
}

}  // namespace

int get(Env& env, const std::string& kinds_text, const Selection& selection, Output output) {
  const auto kinds = parse_kinds(kinds_text);
  if (!kinds) return report(env, kinds.error());
  const auto objects = fetch_objects(env);
  if (!objects) return report(env, objects.error());
  const View view{env, selection.all_namespaces, output == Output::Wide};
  std::vector<json> everything;
  bool printed = false;
  for (const Kind& kind : *kinds) {
    const std::vector<json> chosen = select(*objects, kind, selection);
    everything.insert(everything.end(), chosen.begin(), chosen.end());
    if (chosen.empty() || (output != Output::Table && output != Output::Wide)) continue;
    env.out << (printed ? "\n" : "") << make_table(view, kind, chosen).to_string();
    printed = true;
  }
  if (everything.empty() && !selection.name.empty()) {
    const Kind& kind = kinds->front();
    return report(
        env,
        {fmt::format("{} {}{} not found", kind.kind, kind.is_namespaced ? selection.ns + "/" : "", selection.name), 0});
  }
  if (output == Output::Json) env.out << as_document(everything, selection).dump(2) << "\n";
  if (output == Output::Yaml) env.out << to_yaml(as_document(everything, selection));
  if (everything.empty() && (output == Output::Table || output == Output::Wide)) {
    const std::string where = selection.all_namespaces ? "any namespace" : "namespace " + selection.ns;
    env.err << "No resources found in " << where << ".\n";
  }
  return kOk;
}

}  // namespace gw::cli
