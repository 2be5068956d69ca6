// SPDX-License-Identifier: Apache-2.0
// HTTPRoute and GRPCRoute of gateway.networking.k8s.io. Bounds, patterns and rules are those of the CRDs of v1.7,
// experimental channel.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

constexpr std::size_t kMaxRules = 16;
constexpr std::size_t kMaxMatches = 64;
constexpr std::size_t kMaxMatchesOfRoute = 128;

StringMatchType as_match_type(const Cursor& cursor) {
  return word_of<StringMatchType>(
      {{"Exact", StringMatchType::Exact}, {"RegularExpression", StringMatchType::RegularExpression}})(cursor);
}

/// The CEL rules of paths that are compared as they are.
std::optional<std::string> wrong_path(std::string_view path) {
  if (!path.starts_with('/')) return "does not begin with / (paths are absolute)";
  for (const std::string_view part : {"//", "/./", "/../", "%2f", "%2F", "#"}) {
    if (path.find(part) != std::string_view::npos) return fmt::format("contains {} (no request's path does)", part);
  }
  if (path.ends_with("/..") || path.ends_with("/.")) return "ends with a dot segment (no request's path does)";
  if (!is_path_text(path)) return "has characters that a path cannot have (write them as %XX)";
  return std::nullopt;
}

HttpPathMatch decode_path_match(const Cursor& cursor) {
  using Type = HttpPathMatch::Type;
  HttpPathMatch path;
  Fields fields(cursor);
  fields.optional(
      "type", path.type,
      word_of<Type>(
          {{"Exact", Type::Exact}, {"PathPrefix", Type::PathPrefix}, {"RegularExpression", Type::RegularExpression}}));
  fields.optional("value", path.value, text_of(0, 1024));
  fields.finish();
  const bool is_text = path.type == Type::Exact || path.type == Type::PathPrefix;
  if (is_text) {
    if (const auto wrong = wrong_path(path.value)) {
      cursor.problem(fmt::format("\"{}\" {}", std::string_view(path.value).substr(0, 80), *wrong));
    }
  }
  return path;
}

template <auto ReadValue>
NamedValueMatch decode_named_value(const Cursor& cursor) {
  NamedValueMatch match;
  Fields fields(cursor);
  fields.optional("type", match.type, as_match_type);
  fields.required("name", match.name, as_header_name);
  fields.required("value", match.value, ReadValue);
  fields.finish();
  return match;
}

std::string as_grpc_header_value(const Cursor& cursor) { return cursor.text(1, 4096); }
std::string as_query_value(const Cursor& cursor) { return cursor.text(1, 1024); }

template <auto ReadValue>
std::vector<NamedValueMatch> decode_named_values(const Cursor& cursor) {
  auto matches = list_of(decode_named_value<ReadValue>, 0, 16)(cursor);
  report_repeated(
      cursor, matches, [](const NamedValueMatch& match) { return match.name; },
      "another item has this name (names are unique)");
  return matches;
}

std::string as_method(const Cursor& cursor) {
  return cursor.one_of({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"});
}

HttpRouteMatch decode_match(const Cursor& cursor) {
  HttpRouteMatch match;
  Fields fields(cursor);
  fields.optional("path", match.path, decode_path_match);
  fields.optional("headers", match.headers, decode_named_values<as_header_value>);
  fields.optional("queryParams", match.query_params, decode_named_values<as_query_value>);
  fields.optional("method", match.method, as_method);
  fields.finish();
  return match;
}

template <auto DecodeFilters>
HttpBackendRef decode_backend_ref(const Cursor& cursor) {
  HttpBackendRef ref;
  Fields fields(cursor);
  decode_backend_fields(cursor, fields, ref);
  decode_weight(fields, ref);
  fields.optional("filters", ref.filters, DecodeFilters);
  fields.finish();
  return ref;
}

HttpTimeouts decode_timeouts(const Cursor& cursor) {
  HttpTimeouts timeouts;
  Fields fields(cursor);
  fields.optional("request", timeouts.request, as_duration);
  fields.optional("backendRequest", timeouts.backend_request, as_duration);
  fields.finish();
  const bool is_limited = timeouts.request && timeouts.request->count() != 0;
  if (is_limited && timeouts.backend_request && *timeouts.backend_request > *timeouts.request) {
    cursor.problem("backendRequest is longer than request (expected at most as long)");
  }
  return timeouts;
}

HttpRetry decode_retry(const Cursor& cursor) {
  HttpRetry retry;
  Fields fields(cursor);
  fields.optional("codes", retry.codes, set_of(integer_in<std::uint16_t>(400, 599), 0, 200));
  fields.optional("attempts", retry.attempts, integer_in(0, std::numeric_limits<std::uint32_t>::max()));
  fields.optional("backoff", retry.backoff, as_duration);
  fields.finish();
  return retry;
}

/// Whether the filter replaces the prefix that a match has found.
bool replaces_prefix(const RouteFilter& filter) {
  using Type = HttpPathModifier::Type;
  const auto* redirect = filter.as<RequestRedirect>();
  const auto* rewrite = filter.as<UrlRewrite>();
  const auto& path = redirect != nullptr ? redirect->path : rewrite != nullptr ? rewrite->path : std::nullopt;
  return path && path->type == Type::ReplacePrefixMatch;
}

/// The rules ask whether "exactly one" backendRef has such a filter: with two of them they say nothing.
bool one_backend_replaces_prefix(const std::vector<HttpBackendRef>& refs) {
  const auto replaces = [](const HttpBackendRef& ref) { return std::ranges::any_of(ref.filters, replaces_prefix); };
  return std::ranges::count_if(refs, replaces) == 1;
}

/// The CEL rules of one rule of an HTTPRoute.
void check_rule(const Cursor& cursor, const HttpRouteRule& rule) {
  const auto is_redirect = [](const RouteFilter& filter) { return filter.as<RequestRedirect>() != nullptr; };
  if (!rule.backend_refs.empty() && std::ranges::any_of(rule.filters, is_redirect)) {
    cursor.problem("has both backendRefs and a RequestRedirect filter (leave one out)");
  }
  const bool has_one_prefix =
      rule.matches.size() == 1 && rule.matches.front().path.type == HttpPathMatch::Type::PathPrefix;
  const bool needs_prefix =
      std::ranges::any_of(rule.filters, replaces_prefix) || one_backend_replaces_prefix(rule.backend_refs);
  if (needs_prefix && !has_one_prefix) {
    cursor.problem("has a filter with replacePrefixMatch (then expected exactly one match, with a PathPrefix)");
  }
}

HttpRouteRule decode_rule(const Cursor& cursor) {
  HttpRouteRule rule;
  rule.location = cursor.location();
  rule.matches.emplace_back();
  Fields fields(cursor);
  fields.optional("name", rule.name, as_section_name);
  fields.optional("matches", rule.matches, list_of(decode_match, 0, kMaxMatches));
  fields.optional("filters", rule.filters, decode_http_filters);
  fields.optional("backendRefs", rule.backend_refs, list_of(decode_backend_ref<decode_http_filters>, 0, 16));
  fields.optional("timeouts", rule.timeouts, decode_timeouts);
  fields.optional("retry", rule.retry, decode_retry);
  fields.optional("sessionPersistence", rule.session_persistence, decode_session_persistence);
  fields.finish();
  check_rule(cursor, rule);
  return rule;
}

template <typename Rule>
void check_rules(const Cursor& cursor, const std::vector<Rule>& rules) {
  report_repeated_names(cursor, rules);
  const auto add = [](std::size_t sum, const Rule& rule) { return sum + rule.matches.size(); };
  const std::size_t matches = std::accumulate(rules.begin(), rules.end(), std::size_t{0}, add);
  if (matches > kMaxMatchesOfRoute) {
    cursor.problem(fmt::format("has {} matches in all (expected at most {})", matches, kMaxMatchesOfRoute));
  }
}

std::vector<HttpRouteRule> decode_rules(const Cursor& cursor) {
  auto rules = list_of(decode_rule, 1, kMaxRules)(cursor);
  check_rules(cursor, rules);
  return rules;
}

/// [A-Za-z_][A-Za-z_0-9]*
bool is_identifier(std::string_view text) {
  return !text.empty() && !(text.front() >= '0' && text.front() <= '9') && is_made_of_alnum_and("_", text);
}

/// Identifiers between dots; one dot may stand in front.
bool is_service_name(std::string_view text) {
  if (text.starts_with('.')) text.remove_prefix(1);
  for (;;) {
    const std::size_t dot = text.find('.');
    if (!is_identifier(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

GrpcMethodMatch decode_method_match(const Cursor& cursor) {
  GrpcMethodMatch match;
  Fields fields(cursor);
  fields.optional("type", match.type, as_match_type);
  fields.optional("service", match.service, text_of(0, 1024));
  fields.optional("method", match.method, text_of(0, 1024));
  fields.finish();
  if (!match.service && !match.method) cursor.problem("has neither service nor method (expected one of them, or both)");
  if (match.type != StringMatchType::Exact) return match;
  if (match.service && !is_service_name(*match.service)) {
    cursor.field("service").problem(
        fmt::format("\"{}\" is not a service (expected such as foo.bar.Greeter)", match.service->substr(0, 80)));
  }
  if (match.method && !is_identifier(*match.method)) {
    cursor.field("method").problem(
        fmt::format("\"{}\" is not a method (expected such as SayHello)", match.method->substr(0, 80)));
  }
  return match;
}

GrpcRouteMatch decode_grpc_match(const Cursor& cursor) {
  GrpcRouteMatch match;
  Fields fields(cursor);
  fields.optional("method", match.method, decode_method_match);
  fields.optional("headers", match.headers, decode_named_values<as_grpc_header_value>);
  fields.finish();
  return match;
}

GrpcRouteRule decode_grpc_rule(const Cursor& cursor) {
  GrpcRouteRule rule;
  rule.location = cursor.location();
  Fields fields(cursor);
  fields.optional("name", rule.name, as_section_name);
  fields.optional("matches", rule.matches, list_of(decode_grpc_match, 0, kMaxMatches));
  fields.optional("filters", rule.filters, decode_grpc_filters);
  fields.optional("backendRefs", rule.backend_refs, list_of(decode_backend_ref<decode_grpc_filters>, 0, 16));
  fields.optional("sessionPersistence", rule.session_persistence, decode_session_persistence);
  fields.finish();
  return rule;
}

std::vector<GrpcRouteRule> decode_grpc_rules(const Cursor& cursor) {
  auto rules = list_of(decode_grpc_rule, 0, kMaxRules)(cursor);
  check_rules(cursor, rules);
  return rules;
}

}  // namespace

void decode_http_route(const Cursor& spec, HttpRoute& route) {
  route.rules.emplace_back().matches.emplace_back();
  Fields fields(spec);
  decode_route_head(fields, route);
  fields.optional("hostnames", route.hostnames, list_of(as_hostname, 0, 16));
  fields.optional("rules", route.rules, decode_rules);
  fields.finish();
}

void decode_grpc_route(const Cursor& spec, GrpcRoute& route) {
  Fields fields(spec);
  decode_route_head(fields, route);
  fields.optional("hostnames", route.hostnames, list_of(as_hostname, 0, 16));
  fields.optional("rules", route.rules, decode_grpc_rules);
  fields.finish();
}

}  // namespace gw::api
