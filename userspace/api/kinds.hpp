// SPDX-License-Identifier: Apache-2.0
// Private to api/: one decoder for each kind. Each is given the cursor of the object's spec, or of the whole object if
// the kind has no spec, and reports problems to the cursor's context. Group, version, kind and metadata are set before.
#pragma once

#include "userspace/api/cursor.hpp"
#include "userspace/api/readers.hpp"
#include "userspace/api/resource_set.hpp"

namespace gw::api {

/// Whether objects of a kind are in a namespace.
enum class Scope : std::uint8_t { Namespaced, Cluster };
/// Reads `metadata`: `scope` decides on the default namespace, `check_name` what names there may be.
ObjectMeta decode_meta(Fields& object, const Cursor& cursor, Scope scope, Check check_name);

void decode_gateway_class(const Cursor& spec, GatewayClass& gateway_class);
void decode_gateway(const Cursor& spec, Gateway& gateway);
void decode_listener_set(const Cursor& spec, ListenerSet& listener_set);
void decode_http_route(const Cursor& spec, HttpRoute& route);
void decode_grpc_route(const Cursor& spec, GrpcRoute& route);
void decode_tls_route(const Cursor& spec, TlsRoute& route);
void decode_l4_route(const Cursor& spec, L4Route& route);
void decode_reference_grant(const Cursor& spec, ReferenceGrant& grant);
void decode_backend_tls_policy(const Cursor& spec, BackendTlsPolicy& policy);

void decode_legacy_gateway_class(const Cursor& spec, GatewayClass& gateway_class);
void decode_legacy_gateway(const Cursor& spec, Gateway& gateway);
void decode_legacy_http_route(const Cursor& spec, HttpRoute& route);
void decode_legacy_tls_route(const Cursor& spec, TlsRoute& route);
void decode_legacy_l4_route(const Cursor& spec, L4Route& route);
void decode_backend_policy(const Cursor& spec, BackendPolicy& policy);

void decode_service(const Cursor& spec, Service& service);
void decode_upstream_policy(const Cursor& spec, UpstreamPolicy& policy);
void decode_gateway_class_config(const Cursor& spec, GatewayClassConfig& config);
void decode_client_policy(const Cursor& spec, ClientPolicy& policy);

// These have no spec: their fields stand beside the metadata.
void decode_endpoint_slice(const Cursor& object, Fields& fields, EndpointSlice& slice);
void decode_secret(const Cursor& object, Fields& fields, Secret& secret);
void decode_config_map(const Cursor& object, Fields& fields, ConfigMap& config_map);
void decode_namespace(const Cursor& object, Fields& fields, Namespace& ns);

}  // namespace gw::api
