// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <ctime>
#include <limits>

#include "userspace/api/kinds.hpp"

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
  if (const auto key = fields.require("key")) requirement.key = key->checked(check_not_empty);
  if (const auto op = fields.require("operator")) {
    const std::string word = op->one_of({"In", "NotIn", "Exists", "DoesNotExist"});
    requirement.op = word == "NotIn"    ? Operator::NotIn
                     : word == "Exists" ? Operator::Exists
                     : word == "In"     ? Operator::In
                                        : Operator::DoesNotExist;
  }
  if (const auto values = fields.find("values")) {
    for (const auto& value : values->items(0, 1000)) requirement.values.push_back(value.string());
  }
  const bool wants_values = requirement.op == Operator::In || requirement.op == Operator::NotIn;
  if (wants_values == requirement.values.empty()) {
    cursor.problem(wants_values ? "values is empty (In and NotIn need some)"
                                : "values is not empty (Exists and DoesNotExist take none)");
  }
  fields.finish();
  return requirement;
}

}  // namespace

ObjectMeta decode_meta(Fields& object, const Cursor& cursor, Scope scope) {
  ObjectMeta meta;
  meta.location = cursor.location();
  meta.generation = 1;
  const auto metadata = object.require("metadata");
  if (!metadata) return meta;
  Fields fields(*metadata);
  if (const auto name = fields.require("name")) meta.name = name->checked(check_dns_subdomain);
  if (const auto ns = fields.find("namespace")) {
    meta.ns = ns->checked(check_dns_label);
    if (scope == Scope::Cluster) ns->problem("is set (this kind is cluster-scoped: leave it out)");
  } else if (scope == Scope::Namespaced) {
    meta.ns = kDefaultNamespace;
  }
  if (const auto labels = fields.find("labels")) meta.labels = labels->string_map();
  if (const auto annotations = fields.find("annotations")) (void)annotations->string_map();
  if (const auto generation = fields.find("generation")) {
    meta.generation = generation->integer(0, std::numeric_limits<std::int64_t>::max());
  }
  if (const auto created = fields.find("creationTimestamp")) meta.creation_timestamp = decode_timestamp(*created);
  fields.ignore({"generateName", "selfLink", "uid", "resourceVersion", "deletionTimestamp",
                 "deletionGracePeriodSeconds", "ownerReferences", "finalizers", "managedFields"});
  fields.finish();
  return meta;
}

LabelSelector decode_selector(const Cursor& cursor) {
  LabelSelector selector;
  Fields fields(cursor);
  if (const auto labels = fields.find("matchLabels")) selector.match_labels = labels->string_map();
  if (const auto expressions = fields.find("matchExpressions")) {
    for (const auto& item : expressions->items(0, 1000)) selector.match_expressions.push_back(decode_requirement(item));
  }
  fields.finish();
  return selector;
}

RouteNamespaces decode_route_namespaces(const Cursor& cursor, std::initializer_list<std::string_view> from_words) {
  RouteNamespaces namespaces;
  Fields fields(cursor);
  if (const auto from = fields.find("from")) {
    const std::string word = from->one_of(from_words);
    namespaces.from = word == "All"        ? NamespacesFrom::All
                      : word == "Selector" ? NamespacesFrom::Selector
                      : word == "None"     ? NamespacesFrom::None
                                           : NamespacesFrom::Same;
  }
  if (const auto selector = fields.find("selector")) namespaces.selector = decode_selector(*selector);
  fields.finish();
  return namespaces;
}

}  // namespace gw::api
