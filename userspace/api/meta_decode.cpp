// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ctime>
#include <limits>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"

namespace gw::api {
namespace {

/// RFC 3339, as Kubernetes writes it: "2026-11-24T08:00:00Z".
std::optional<std::int64_t> parse_timestamp(const std::string& text) {
  std::tm time{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest) {
    }
  }
  if (std::string_view(rest) == "Z") return timegm(&time);
  int hours = 0;
  int minutes = 0;
  char sign = 0;
  if (std::sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3 || (sign != '+' && sign != '-')) return std::nullopt;
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return timegm(&time) - (sign == '+' ? offset : -offset);
}

std::optional<std::int64_t> decode_timestamp(const Cursor& cursor) {
  // A plain timestamp is a string in YAML's core schema.
  const auto parsed = parse_timestamp(cursor.string());
  if (!parsed) cursor.problem("is not a time (expected RFC 3339, such as 2026-11-24T08:00:00Z)");
  return parsed;
}

LabelSelectorRequirement decode_requirement(const Cursor& cursor) {
  using Operator = LabelSelectorRequirement::Operator;
  LabelSelectorRequirement requirement;
  Fields fields(cursor);
  fields.required("key", requirement.key, checked_by(check_not_empty));
  fields.required("operator", requirement.op,
                  word_of<Operator>({{"In", Operator::In},
                                     {"NotIn", Operator::NotIn},
                                     {"Exists", Operator::Exists},
                                     {"DoesNotExist", Operator::DoesNotExist}}));
  fields.optional("values", requirement.values, list_of(as_string, 0, 1000));
  fields.finish();
  const bool wants_values = requirement.op == Operator::In || requirement.op == Operator::NotIn;
  if (wants_values == requirement.values.empty()) {
    cursor.problem(wants_values ? "values is empty (In and NotIn need some)"
                                : "values is not empty (Exists and DoesNotExist take none)");
  }
  return requirement;
}

/// Annotations are nothing to us; they must be such as a cluster takes. The case of their keys does not matter.
void check_annotations(const Cursor& cursor) {
  constexpr std::size_t kMaxBytes = 256U << 10U;
  std::size_t bytes = 0;
  for (const auto& [key, value] : cursor.string_map()) {
    std::string lower = key;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (auto wrong = check_qualified_name(lower)) cursor.entry(key).problem("has a key that is wrong: " + *wrong);
    bytes += key.size() + value.size();
  }
  if (bytes > kMaxBytes) cursor.problem(fmt::format("has {} bytes (expected at most {})", bytes, kMaxBytes));
}

void decode_namespace_of(Fields& fields, ObjectMeta& meta, Scope scope) {
  const auto ns = fields.find("namespace");
  if (ns) meta.ns = ns->checked(check_dns_label);
  if (ns && scope == Scope::Cluster) ns->problem("is set (this kind is cluster-scoped: leave it out)");
  if (!ns && scope == Scope::Namespaced) meta.ns = kDefaultNamespace;
}

/// Common to RouteNamespaces and ListenerNamespaces.
template <std::size_t N>
RouteNamespaces decode_namespaces(const Cursor& cursor, RouteNamespaces namespaces,
                                  const std::pair<std::string_view, NamespacesFrom> (&words)[N]) {
  Fields fields(cursor);
  fields.optional("from", namespaces.from, word_of(words));
  fields.optional("selector", namespaces.selector, decode_selector);
  fields.finish();
  return namespaces;
}

}  // namespace

ObjectMeta decode_meta(Fields& object, const Cursor& cursor, Scope scope, Check check_name) {
  ObjectMeta meta;
  meta.location = cursor.location();
  meta.generation = 1;
  const auto metadata = object.require("metadata");
  if (!metadata) return meta;
  Fields fields(*metadata);
  fields.required("name", meta.name, checked_by(check_name));
  decode_namespace_of(fields, meta, scope);
  fields.optional("labels", meta.labels, decode_labels);
  if (const auto annotations = fields.find("annotations")) check_annotations(*annotations);
  fields.optional("generation", meta.generation, integer_in<std::int64_t>(0, std::numeric_limits<std::int64_t>::max()));
  fields.optional("creationTimestamp", meta.creation_timestamp, decode_timestamp);
  fields.ignore({"generateName", "selfLink", "uid", "resourceVersion", "deletionTimestamp",
                 "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields"});
  fields.finish();
  return meta;
}

Labels decode_labels(const Cursor& cursor) {
  Labels labels = cursor.string_map();
  for (const auto& [key, value] : labels) {
    if (auto wrong = check_qualified_name(key)) cursor.entry(key).problem("has a key that is wrong: " + *wrong);
    if (auto wrong = check_label_value(value)) cursor.entry(key).problem(std::move(*wrong));
  }
  return labels;
}

LabelSelector decode_selector(const Cursor& cursor) {
  LabelSelector selector;
  Fields fields(cursor);
  fields.optional("matchLabels", selector.match_labels, as_string_map);
  fields.optional("matchExpressions", selector.match_expressions, list_of(decode_requirement, 0, 1000));
  fields.finish();
  return selector;
}

RouteNamespaces decode_route_namespaces(const Cursor& cursor) {
  return decode_namespaces(
      cursor, {},
      {{"All", NamespacesFrom::All}, {"Selector", NamespacesFrom::Selector}, {"Same", NamespacesFrom::Same}});
}

RouteNamespaces decode_listener_namespaces(const Cursor& cursor) {
  return decode_namespaces(cursor, {NamespacesFrom::None, {}},
                           {{"All", NamespacesFrom::All},
                            {"Selector", NamespacesFrom::Selector},
                            {"Same", NamespacesFrom::Same},
                            {"None", NamespacesFrom::None}});
}

}  // namespace gw::api
