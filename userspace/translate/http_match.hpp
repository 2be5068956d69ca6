// SPDX-License-Identifier: Apache-2.0
// Private to translate/: matches of HTTPRoutes and GRPCRoutes, and which of them goes first.
#pragma once

#include "userspace/api/grpc_route.hpp"
#include "userspace/api/http_route.hpp"
#include "userspace/ir/http.hpp"

#include <string>
#include <vector>

namespace gw::translate {

/// Why no request can be matched by the rule, or not as it says; empty if all is well.
std::string match_problem(const api::HttpRouteRule& rule);
std::string match_problem(const api::GrpcRouteRule& rule);

/// At least one; a gRPC method is a path ("/service/method", RFC of gRPC over HTTP/2).
std::vector<ir::HttpMatch> to_ir(const api::HttpRouteRule& rule);
std::vector<ir::HttpMatch> to_ir(const api::GrpcRouteRule& rule);

/// HTTPRoute rules.matches: "Exact" path > longest "Prefix" > method > most headers > most query parameters. A gRPC
/// method counts as its path does. What is left to us: regular expressions follow prefixes.
bool goes_first(const ir::HttpMatch& a, const ir::HttpMatch& b);

}  // namespace gw::translate
