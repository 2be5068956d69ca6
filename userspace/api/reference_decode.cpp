// SPDX-License-Identifier: Apache-2.0
// References between objects, with the CEL rules that the CRDs have for them.
#include <algorithm>
#include <set>
#include <tuple>

#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

constexpr const char* kExperimentalGroup = "gateway.networking.x-k8s.io";

ObjectReference begin_reference(const Cursor& cursor) {
  ObjectReference ref;
  ref.location = cursor.location();
  return ref;
}

void decode_parent_fields(Fields& fields, ParentReference& parent) {
  fields.optional("group", parent.group, as_group);
  fields.optional("kind", parent.kind, as_kind);
  fields.optional("namespace", parent.ns, as_namespace);
  fields.required("name", parent.name, as_object_name);
}

ParentReference decode_parent(const Cursor& cursor) {
  ParentReference parent;
  Fields fields(cursor);
  decode_parent_fields(fields, parent);
  fields.optional("sectionName", parent.section_name, as_section_name);
  fields.optional("port", parent.port, as_port);
  fields.finish();
  return parent;
}

bool is_same_parent(const ParentReference& a, const ParentReference& b) {
  return std::tie(a.group, a.kind, a.ns, a.name) == std::tie(b.group, b.kind, b.ns, b.name);
}

/// References to one parent differ in sectionName or port, and all of them have the same of the two.
void check_parents(const Cursor& cursor, const std::vector<ParentReference>& parents) {
  report_repeated(
      cursor, parents, [](const ParentReference& parent) { return parent; },
      "repeats another parentRef (sectionName or port must tell them apart)");
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const auto differs = [&](const ParentReference& other) {
      return is_same_parent(other, parents[i]) &&
             (other.section_name.has_value() != parents[i].section_name.has_value() ||
              other.port.has_value() != parents[i].port.has_value());
    };
    if (std::any_of(parents.begin(), parents.begin() + static_cast<std::ptrdiff_t>(i), differs)) {
      cursor.item(i).problem(
          "names a parent that another parentRef names too (then each needs a sectionName, or each a port)");
    }
  }
}

PolicyTarget decode_target(const Cursor& cursor) {
  PolicyTarget target;
  target.location = cursor.location();
  Fields fields(cursor);
  fields.required("group", target.group, as_group);
  fields.required("kind", target.kind, as_kind);
  fields.required("name", target.name, as_object_name);
  fields.optional("sectionName", target.section_name, as_section_name);
  fields.finish();
  return target;
}

}  // namespace

ObjectReference decode_local_reference(const Cursor& cursor) {
  ObjectReference ref = begin_reference(cursor);
  Fields fields(cursor);
  fields.required("group", ref.group, as_group);
  fields.required("kind", ref.kind, as_kind);
  fields.required("name", ref.name, as_object_name);
  fields.finish();
  return ref;
}

ObjectReference decode_object_reference(const Cursor& cursor) {
  ObjectReference ref = begin_reference(cursor);
  Fields fields(cursor);
  fields.required("group", ref.group, as_group);
  fields.required("kind", ref.kind, as_kind);
  fields.required("name", ref.name, as_object_name);
  fields.optional("namespace", ref.ns, as_namespace);
  fields.finish();
  return ref;
}

ObjectReference decode_secret_reference(const Cursor& cursor) {
  ObjectReference ref = begin_reference(cursor);
  ref.kind = "Secret";
  Fields fields(cursor);
  fields.optional("group", ref.group, as_group);
  fields.optional("kind", ref.kind, as_kind);
  fields.required("name", ref.name, as_object_name);
  fields.optional("namespace", ref.ns, as_namespace);
  fields.finish();
  return ref;
}

ObjectReference decode_legacy_reference(const Cursor& cursor) {
  ObjectReference ref = begin_reference(cursor);
  Fields fields(cursor);
  fields.required("group", ref.group, as_object_name);
  fields.required("kind", ref.kind, as_object_name);
  fields.required("name", ref.name, as_object_name);
  fields.finish();
  if (ref.group == "core") ref.group.clear();
  return ref;
}

ParentReference decode_listener_set_parent(const Cursor& cursor) {
  ParentReference parent;
  Fields fields(cursor);
  decode_parent_fields(fields, parent);
  fields.finish();
  return parent;
}

std::vector<ParentReference> decode_parents(const Cursor& cursor) {
  auto parents = list_of(decode_parent, 0, 32)(cursor);
  check_parents(cursor, parents);
  return parents;
}

void decode_backend_fields(const Cursor& cursor, Fields& fields, BackendRef& ref) {
  ref.location = cursor.location();
  fields.optional("group", ref.group, as_group);
  fields.optional("kind", ref.kind, as_kind);
  fields.optional("namespace", ref.ns, as_namespace);
  fields.required("name", ref.name, as_object_name);
  fields.optional("port", ref.port, as_port);
  if (ref.group.empty() && ref.kind == "Service" && !ref.port) {
    cursor.problem("port is missing (a reference to a Service needs the Service's port)");
  }
  if (ref.group == kExperimentalGroup && ref.kind == "XBackend" && ref.port) {
    cursor.problem("port is set (an XBackend has its own: leave it out)");
  }
}

void decode_weight(Fields& fields, BackendRef& ref) { fields.optional("weight", ref.weight, integer_in(0, 1'000'000)); }

BackendRef decode_backend(const Cursor& cursor) {
  BackendRef ref;
  Fields fields(cursor);
  decode_backend_fields(cursor, fields, ref);
  fields.finish();
  return ref;
}

BackendRef decode_weighted_backend(const Cursor& cursor) {
  BackendRef ref;
  Fields fields(cursor);
  decode_backend_fields(cursor, fields, ref);
  decode_weight(fields, ref);
  fields.finish();
  return ref;
}

std::vector<PolicyTarget> decode_policy_targets(const Cursor& cursor) {
  auto targets = list_of(decode_target, 1, 16)(cursor);
  report_repeated(
      cursor, targets, [](const auto& t) { return std::tuple(t.group, t.kind, t.name, t.section_name); },
      "repeats another targetRef (sectionName must tell them apart)");
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const PolicyTarget& target = targets[i];
    const auto differs = [&](const PolicyTarget& other) {
      return std::tie(other.group, other.kind, other.name) == std::tie(target.group, target.kind, target.name) &&
             other.section_name.has_value() != target.section_name.has_value();
    };
    if (std::any_of(targets.begin(), targets.begin() + static_cast<std::ptrdiff_t>(i), differs)) {
      cursor.item(i).problem("names a target that another targetRef names too (then each needs a sectionName)");
    }
  }
  return targets;
}

}  // namespace gw::api
