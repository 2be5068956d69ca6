// SPDX-License-Identifier: Apache-2.0
// Private to api/: decoders of what several kinds have in common. They are readers for Fields.
#pragma once

#include "userspace/api/cursor.hpp"
#include "userspace/api/resource_set.hpp"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gw::api {

/// Keys and values as labels must be.
Labels decode_labels(const Cursor& cursor);
LabelSelector decode_selector(const Cursor& cursor);
/// {from, selector}, the same in both generations.
RouteNamespaces decode_route_namespaces(const Cursor& cursor);
/// {from, selector} of ListenerSets, where `from` may be None, which is the default.
RouteNamespaces decode_listener_namespaces(const Cursor& cursor);

/// {group, kind, name}, all required.
ObjectReference decode_local_reference(const Cursor& cursor);
/// {group, kind, name, namespace}, all but the namespace required.
ObjectReference decode_object_reference(const Cursor& cursor);
/// {group = "", kind = Secret, name, namespace}
ObjectReference decode_secret_reference(const Cursor& cursor);
/// {group, kind, name} of 2021: the group `core` is that of Service and Secret.
ObjectReference decode_legacy_reference(const Cursor& cursor);

/// {group, kind, namespace, name}, and for routes sectionName and port.
ParentReference decode_listener_set_parent(const Cursor& cursor);
std::vector<ParentReference> decode_parents(const Cursor& cursor);
/// BackendObjectReference, without weight.
BackendRef decode_backend(const Cursor& cursor);
BackendRef decode_weighted_backend(const Cursor& cursor);
/// The fields of a weighted backend, and the rules that they obey, for a decoder that knows more fields.
void decode_backend_fields(const Cursor& cursor, Fields& fields, BackendRef& ref);
void decode_weight(Fields& fields, BackendRef& ref);
std::vector<PolicyTarget> decode_policy_targets(const Cursor& cursor);
void decode_health_check(const Cursor& cursor, UpstreamPolicy& policy);

/// A type of filter: its word, the field that goes with it, and who decodes the field.
struct FilterType {
  std::string_view type;
  std::string_view field;
  void (*decode)(const Cursor&, RouteFilter&);
};

template <auto Decode>
void into_filter(const Cursor& cursor, RouteFilter& filter) {
  filter.value = Decode(cursor);
}

/// A list of filters of these types, each with its own field and no other.
std::vector<RouteFilter> decode_typed_filters(const Cursor& cursor, std::span<const FilterType> types);
/// The filters of an HTTPRoute's rule or backend, a GRPCRoute's, a listener's.
std::vector<RouteFilter> decode_http_filters(const Cursor& cursor);
std::vector<RouteFilter> decode_grpc_filters(const Cursor& cursor);
std::vector<RouteFilter> decode_listener_filters(const Cursor& cursor);

/// parentRefs and useDefaultGateways.
void decode_route_head(Fields& fields, Route& route);
DefaultScope decode_default_scope(const Cursor& cursor);
SessionPersistence decode_session_persistence(const Cursor& cursor);
/// At most 16 options, whose keys are an implementation's own.
std::map<std::string, std::string> decode_tls_options(const Cursor& cursor);

/// The CEL rule of routes' rules: names are unique.
template <typename Rule>
void report_repeated_names(const Cursor& cursor, const std::vector<Rule>& rules) {
  for (std::size_t i = 1; i < rules.size(); ++i) {
    const auto has_name = [&](const Rule& other) { return rules[i].name && other.name == rules[i].name; };
    if (std::ranges::any_of(std::span(rules).first(i), has_name)) {
      cursor.item(i).problem("name: another rule has this name (names are unique within a route)");
    }
  }
}

}  // namespace gw::api
