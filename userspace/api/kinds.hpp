// SPDX-License-Identifier: Apache-2.0
// Private to api/: one decoder for each kind. Each is given the cursor of the whole object and the metadata that was
// read already, and reports problems to the cursor's context.
#pragma once

#include "userspace/api/cursor.hpp"
#include "userspace/api/resource_set.hpp"

namespace gw::api {

/// Reads `metadata`; `is_namespaced` decides on the default namespace.
enum class Scope : std::uint8_t { Namespaced, Cluster };
ObjectMeta decode_meta(Fields& object, const Cursor& cursor, Scope scope);

LabelSelector decode_selector(const Cursor& cursor);
/// {from, selector}, the same in both generations.
RouteNamespaces decode_route_namespaces(const Cursor& cursor, std::initializer_list<std::string_view> from_words);

void decode_gateway_class(const Cursor& spec, GatewayClass& gateway_class);
void decode_gateway(const Cursor& spec, Gateway& gateway);
void decode_l4_route(const Cursor& spec, L4Route& route);
void decode_reference_grant(const Cursor& spec, ReferenceGrant& grant);

void decode_legacy_gateway_class(const Cursor& spec, GatewayClass& gateway_class);
void decode_legacy_gateway(const Cursor& spec, Gateway& gateway);
void decode_legacy_l4_route(const Cursor& spec, L4Route& route);

void decode_service(const Cursor& spec, Service& service);
/// An EndpointSlice has no spec: its fields stand beside the metadata.
void decode_endpoint_slice(Fields& object, EndpointSlice& slice);

}  // namespace gw::api
