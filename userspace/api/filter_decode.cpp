// SPDX-License-Identifier: Apache-2.0
// The filters of routes and listeners. Each has a `type`, and the one field that the type names.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

constexpr std::size_t kMaxFilters = 16;

HeaderValue decode_header(const Cursor& cursor) {
  HeaderValue header;
  Fields fields(cursor);
  fields.required("name", header.name, as_header_name);
  fields.required("value", header.value, as_header_value);
  fields.finish();
  return header;
}

std::vector<HeaderValue> decode_headers(const Cursor& cursor) {
  auto headers = list_of(decode_header, 0, 16)(cursor);
  report_repeated(
      cursor, headers, [](const HeaderValue& header) { return header.name; },
      "another item has this name (names are unique)");
  return headers;
}

HeaderModifier decode_header_modifier(const Cursor& cursor) {
  HeaderModifier modifier;
  Fields fields(cursor);
  fields.optional("set", modifier.set, decode_headers);
  fields.optional("add", modifier.add, decode_headers);
  fields.optional("remove", modifier.remove, set_of(as_string, 0, 16));
  fields.finish();
  return modifier;
}

RequestHeaderModifier decode_request_headers(const Cursor& cursor) { return {decode_header_modifier(cursor)}; }
ResponseHeaderModifier decode_response_headers(const Cursor& cursor) { return {decode_header_modifier(cursor)}; }

void decode_fraction(const Cursor& cursor, RequestMirror& mirror) {
  mirror.denominator = 100;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  Fields fields(cursor);
  fields.required("numerator", mirror.numerator, integer_in(0, kMost));
  fields.optional("denominator", mirror.denominator, integer_in(1, kMost));
  fields.finish();
  if (mirror.numerator > mirror.denominator) {
    cursor.problem(fmt::format("is more than one: {}/{} (the numerator must not exceed the denominator)",
                               mirror.numerator, mirror.denominator));
  }
}

RequestMirror decode_mirror(const Cursor& cursor) {
  RequestMirror mirror;
  Fields fields(cursor);
  fields.required("backendRef", mirror.backend, decode_backend);
  std::optional<std::uint32_t> percent;
  fields.optional("percent", percent, integer_in(0, 100));
  if (percent) {
    mirror.numerator = *percent;
    mirror.denominator = 100;
  }
  if (const auto fraction = fields.find("fraction")) {
    decode_fraction(*fraction, mirror);
    if (percent) cursor.problem("has both percent and fraction (leave one out)");
  }
  fields.finish();
  return mirror;
}

HttpPathModifier decode_path_modifier(const Cursor& cursor) {
  using Type = HttpPathModifier::Type;
  HttpPathModifier path;
  Fields fields(cursor);
  fields.required(
      "type", path.type,
      word_of<Type>({{"ReplaceFullPath", Type::ReplaceFullPath}, {"ReplacePrefixMatch", Type::ReplacePrefixMatch}}));
  std::optional<std::string> full;
  std::optional<std::string> prefix;
  fields.optional("replaceFullPath", full, text_of(0, 1024));
  fields.optional("replacePrefixMatch", prefix, text_of(0, 1024));
  fields.finish();
  const bool is_full = path.type == Type::ReplaceFullPath;
  if (full.has_value() != is_full || prefix.has_value() == is_full) {
    cursor.problem(is_full ? "needs replaceFullPath, and nothing but it, for the type ReplaceFullPath"
                           : "needs replacePrefixMatch, and nothing but it, for the type ReplacePrefixMatch");
  }
  path.value = (is_full ? full : prefix).value_or("");
  return path;
}

std::uint16_t as_redirect_status(const Cursor& cursor) {
  const std::size_t before = cursor.context().problems.size();
  const auto code = static_cast<std::uint16_t>(cursor.integer(0, 999));
  constexpr std::array<std::uint16_t, 5> kCodes = {301, 302, 303, 307, 308};
  if (cursor.context().problems.size() == before && std::ranges::find(kCodes, code) == kCodes.end()) {
    cursor.problem(fmt::format("{} is not supported (expected one of 301, 302, 303, 307, 308)", code));
  }
  return code;
}

RequestRedirect decode_redirect(const Cursor& cursor) {
  RequestRedirect redirect;
  Fields fields(cursor);
  fields.optional("scheme", redirect.scheme, [](const Cursor& scheme) { return scheme.one_of({"http", "https"}); });
  fields.optional("hostname", redirect.hostname, as_precise_hostname);
  fields.optional("path", redirect.path, decode_path_modifier);
  fields.optional("port", redirect.port, as_port);
  fields.optional("statusCode", redirect.status_code, as_redirect_status);
  fields.finish();
  return redirect;
}

UrlRewrite decode_rewrite(const Cursor& cursor) {
  UrlRewrite rewrite;
  Fields fields(cursor);
  fields.optional("hostname", rewrite.hostname, as_precise_hostname);
  fields.optional("path", rewrite.path, decode_path_modifier);
  fields.finish();
  return rewrite;
}

bool is_port_text(std::string_view text) {
  return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// ((\*\.)?([a-zA-Z0-9\-]+\.)*[a-zA-Z0-9-]+|\*)
bool is_origin_host(std::string_view host) {
  if (host == "*") return true;
  if (host.starts_with("*.")) host.remove_prefix(2);
  return !host.empty() && host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos &&
         is_made_of_alnum_and("-.", host);
}

/// "*", or http(s)://HOST[:PORT] whose host may be "*" or begin with "*.".
std::optional<std::string> check_origin(std::string_view text) {
  constexpr const char* kWrong =
      "is not an origin (expected *, or such as https://example.com or http://*.example.com:8080)";
  if (text == "*") return std::nullopt;
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  std::string_view host = text.substr(scheme);
  const std::size_t colon = host.find(':');
  const bool has_wrong_port = colon != std::string_view::npos && !is_port_text(host.substr(colon + 1));
  if (scheme == 0 || text.size() > 253 || has_wrong_port || !is_origin_host(host.substr(0, colon))) return kWrong;
  return std::nullopt;
}

/// A set of words, or "*" alone.
template <typename Reader>
auto wildcard_or(Reader read, std::size_t at_most) {
  return [set = set_of(read, 0, at_most)](const Cursor& cursor) {
    std::vector<std::string> words = set(cursor);
    if (words.size() > 1 && std::ranges::find(words, "*") != words.end()) {
      cursor.problem(R"(has "*" beside others ("*" stands alone))");
    }
    return words;
  };
}

std::string as_cors_method(const Cursor& cursor) {
  return cursor.one_of({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"});
}

Cors decode_cors(const Cursor& cursor) {
  Cors cors;
  Fields fields(cursor);
  fields.optional("allowOrigins", cors.allow_origins, wildcard_or(checked_by(check_origin), 64));
  fields.optional("allowCredentials", cors.allow_credentials, as_boolean);
  fields.optional("allowMethods", cors.allow_methods, wildcard_or(as_cors_method, 9));
  fields.optional("allowHeaders", cors.allow_headers, wildcard_or(as_header_name, 64));
  fields.optional("exposeHeaders", cors.expose_headers, set_of(as_header_name, 0, 64));
  fields.optional("maxAge", cors.max_age_seconds, integer_in(1, std::numeric_limits<std::int32_t>::max()));
  fields.finish();
  return cors;
}

std::optional<std::string> check_auth_path(std::string_view text) {
  if (is_path_text(text) && text.size() <= 1024) return std::nullopt;
  return fmt::format("\"{}\" is not a path (expected such as /auth, at most 1024 characters)", text.substr(0, 80));
}

void decode_http_auth(const Cursor& cursor, ExternalAuth& auth) {
  Fields fields(cursor);
  fields.optional("path", auth.path, checked_by(check_auth_path));
  fields.optional("allowedHeaders", auth.allowed_headers, set_of(as_string, 0, 64));
  fields.optional("allowedResponseHeaders", auth.allowed_response_headers, set_of(as_string, 0, 64));
  fields.finish();
}

void decode_grpc_auth(const Cursor& cursor, ExternalAuth& auth) {
  Fields fields(cursor);
  fields.optional("allowedHeaders", auth.allowed_headers, set_of(as_string, 0, 64));
  fields.finish();
}

std::optional<std::uint32_t> decode_forward_body(const Cursor& cursor) {
  std::optional<std::uint32_t> size;
  Fields fields(cursor);
  fields.optional("maxSize", size, integer_in(0, std::numeric_limits<std::int32_t>::max()));
  fields.finish();
  return size;
}

ExternalAuth decode_external_auth(const Cursor& cursor) {
  using Protocol = ExternalAuth::Protocol;
  ExternalAuth auth;
  Fields fields(cursor);
  fields.required("protocol", auth.protocol, word_of<Protocol>({{"HTTP", Protocol::Http}, {"GRPC", Protocol::Grpc}}));
  fields.required("backendRef", auth.backend, decode_backend);
  fields.optional("forwardBody", auth.forward_body_bytes, decode_forward_body);
  const auto http = fields.find("http");
  const auto grpc = fields.find("grpc");
  if (http) decode_http_auth(*http, auth);
  if (grpc) decode_grpc_auth(*grpc, auth);
  fields.finish();
  const bool is_http = auth.protocol == Protocol::Http;
  if (http.has_value() != is_http || grpc.has_value() == is_http) {
    cursor.problem(is_http ? "needs http, and not grpc, for the protocol HTTP"
                           : "needs grpc, and not http, for the protocol GRPC");
  }
  return auth;
}

ExtensionFilter decode_extension(const Cursor& cursor) { return {decode_local_reference(cursor)}; }

constexpr FilterType kRequestHeaders = {"RequestHeaderModifier", "requestHeaderModifier",
                                        into_filter<decode_request_headers>};
constexpr FilterType kResponseHeaders = {"ResponseHeaderModifier", "responseHeaderModifier",
                                         into_filter<decode_response_headers>};
constexpr FilterType kMirror = {"RequestMirror", "requestMirror", into_filter<decode_mirror>};
constexpr FilterType kRedirect = {"RequestRedirect", "requestRedirect", into_filter<decode_redirect>};
constexpr FilterType kRewrite = {"URLRewrite", "urlRewrite", into_filter<decode_rewrite>};
constexpr FilterType kCors = {"CORS", "cors", into_filter<decode_cors>};
constexpr FilterType kExternalAuth = {"ExternalAuth", "externalAuth", into_filter<decode_external_auth>};
constexpr FilterType kExtension = {"ExtensionRef", "extensionRef", into_filter<decode_extension>};

constexpr std::array kHttpTypes = {kRequestHeaders, kResponseHeaders, kMirror, kRedirect,
                                   kRewrite,        kExtension,       kCors,   kExternalAuth};
constexpr std::array kGrpcTypes = {kResponseHeaders, kRequestHeaders, kMirror, kExtension};
constexpr std::array kListenerTypes = {kExternalAuth, kExtension};

RouteFilter decode_filter(const Cursor& cursor, std::span<const FilterType> types) {
  RouteFilter filter;
  filter.location = cursor.location();
  Fields fields(cursor);
  std::vector<std::string_view> words;
  for (const FilterType& type : types) words.push_back(type.type);
  const auto word = fields.require("type");
  const std::size_t before = cursor.context().problems.size();
  const FilterType& chosen = types[word ? word->index_in(words) : 0];
  const bool is_known = word && cursor.context().problems.size() == before;
  for (const FilterType& type : types) {
    const auto field = fields.find(type.field);
    const bool is_chosen = &type == &chosen;
    if (field) type.decode(*field, filter);
    if (field.has_value() == is_chosen || !is_known) continue;
    cursor.problem(is_chosen ? fmt::format("{} is missing (the type {} needs it)", type.field, chosen.type)
                             : fmt::format("{} is set, but the type is {} (leave it out)", type.field, chosen.type));
  }
  fields.finish();
  return filter;
}

/// The CEL rules: at most one of each of these types.
template <typename Filter>
void report_repeated_type(const Cursor& cursor, const std::vector<RouteFilter>& filters, const FilterType& type) {
  bool is_there = false;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i].as<Filter>() == nullptr) continue;
    if (is_there) cursor.item(i).problem(fmt::format("is a second {} filter (one is allowed)", type.type));
    is_there = true;
  }
}

template <typename Filter>
bool has_filter(const std::vector<RouteFilter>& filters) {
  return std::ranges::any_of(filters, [](const RouteFilter& filter) { return filter.as<Filter>() != nullptr; });
}

}  // namespace

std::vector<RouteFilter> decode_typed_filters(const Cursor& cursor, std::span<const FilterType> types) {
  std::vector<RouteFilter> filters;
  for (const Cursor& item : cursor.items(0, kMaxFilters)) filters.push_back(decode_filter(item, types));
  return filters;
}

std::vector<RouteFilter> decode_http_filters(const Cursor& cursor) {
  auto filters = decode_typed_filters(cursor, kHttpTypes);
  report_repeated_type<Cors>(cursor, filters, kCors);
  report_repeated_type<RequestHeaderModifier>(cursor, filters, kRequestHeaders);
  report_repeated_type<ResponseHeaderModifier>(cursor, filters, kResponseHeaders);
  report_repeated_type<RequestRedirect>(cursor, filters, kRedirect);
  report_repeated_type<UrlRewrite>(cursor, filters, kRewrite);
  if (has_filter<RequestRedirect>(filters) && has_filter<UrlRewrite>(filters)) {
    cursor.problem("has both RequestRedirect and URLRewrite (leave one out)");
  }
  return filters;
}

std::vector<RouteFilter> decode_grpc_filters(const Cursor& cursor) {
  auto filters = decode_typed_filters(cursor, kGrpcTypes);
  report_repeated_type<RequestHeaderModifier>(cursor, filters, kRequestHeaders);
  report_repeated_type<ResponseHeaderModifier>(cursor, filters, kResponseHeaders);
  return filters;
}

std::vector<RouteFilter> decode_listener_filters(const Cursor& cursor) {
  return decode_typed_filters(cursor, kListenerTypes);
}

}  // namespace gw::api
