// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/http_match.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <tuple>

namespace gw::translate {
namespace {

using MatchType = api::StringMatchType;
using PathType = api::HttpPathMatch::Type;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Empty if RE2 takes the expression.
std::string regex_problem(const std::string& expression) {
  const re2::RE2 regex(expression, re2::RE2::Quiet);
  if (regex.ok()) return {};
  return fmt::format("\"{}\" is not a regular expression of RE2: {}", expression, regex.error());
}

std::string values_problem(const std::vector<api::NamedValueMatch>& values) {
  for (const auto& value : values) {
    if (value.type != MatchType::RegularExpression) continue;
    if (std::string problem = regex_problem(value.value); !problem.empty()) return problem;
  }
  return {};
}

bool is_of_ours(const std::vector<api::NamedValueMatch>& values) {
  return std::ranges::none_of(values,
                              [](const auto& value) { return value.type == MatchType::LegacyImplementationSpecific; });
}

/// 2021: what an extension or an implementation would match is unknown here, so it matches nothing.
bool is_servable(const api::HttpRouteMatch& match) {
  return !match.legacy_extension_ref && match.path.type != PathType::LegacyImplementationSpecific &&
         is_of_ours(match.headers) && is_of_ours(match.query_params);
}

/// The first of a name counts (HTTPHeaderMatch, HTTPQueryParamMatch).
void add(std::vector<ir::ValueMatch>& matches, const api::NamedValueMatch& value, std::string name) {
  if (std::ranges::find(matches, name, &ir::ValueMatch::name) != matches.end()) return;
  const auto type = value.type == MatchType::Exact ? ir::ValueMatch::Type::Exact : ir::ValueMatch::Type::Regex;
  matches.push_back({type, std::move(name), value.value});
}

std::vector<ir::ValueMatch> convert_headers(const std::vector<api::NamedValueMatch>& headers) {
  std::vector<ir::ValueMatch> matches;
  for (const auto& header : headers) add(matches, header, lower(header.name));
  return matches;
}

std::vector<ir::ValueMatch> convert_query(const std::vector<api::NamedValueMatch>& params) {
  std::vector<ir::ValueMatch> matches;
  for (const auto& param : params) add(matches, param, param.name);
  return matches;
}

ir::PathMatch convert(const api::HttpPathMatch& path) {
  if (path.type == PathType::Exact) return {ir::PathMatch::Type::Exact, path.value};
  if (path.type == PathType::RegularExpression) return {ir::PathMatch::Type::Regex, path.value};
  std::string value = path.value;
  if (value.size() > 1 && value.ends_with('/')) value.pop_back();
  return {ir::PathMatch::Type::Prefix, value.empty() ? "/" : std::move(value)};
}

ir::HttpMatch convert(const api::HttpRouteMatch& match) {
  return {convert(match.path), match.method.value_or(""), convert_headers(match.headers),
          convert_query(match.query_params)};
}

ir::PathMatch convert(const std::optional<api::GrpcMethodMatch>& method) {
  if (!method) return {};
  const std::string service = method->service.value_or("");
  const std::string name = method->method.value_or("");
  if (method->type == MatchType::RegularExpression) {
    return {ir::PathMatch::Type::Regex,
            fmt::format("/(?:{})/(?:{})", service.empty() ? "[^/]+" : service, name.empty() ? "[^/]+" : name)};
  }
  if (service.empty() && name.empty()) return {};
  if (service.empty()) return {ir::PathMatch::Type::GrpcMethod, name};
  if (name.empty()) return {ir::PathMatch::Type::Prefix, "/" + service};
  return {ir::PathMatch::Type::Exact, fmt::format("/{}/{}", service, name)};
}

int rank(ir::PathMatch::Type type) {
  switch (type) {
    case ir::PathMatch::Type::Exact: return 0;
    case ir::PathMatch::Type::Prefix: return 1;
    case ir::PathMatch::Type::GrpcMethod: return 2;
    case ir::PathMatch::Type::Regex: return 3;
  }
  return 4;
}

/// "/" takes every path, as no condition does: whatever is said of a path goes before it.
int rank(const ir::PathMatch& path) {
  const bool is_everything = path.type == ir::PathMatch::Type::Prefix && path.value == "/";
  return is_everything ? rank(ir::PathMatch::Type::Regex) + 1 : rank(path.type);
}

}  // namespace

std::string match_problem(const api::HttpRouteRule& rule) {
  for (const auto& match : rule.matches) {
    const bool is_regex = match.path.type == PathType::RegularExpression;
    std::string problem = is_regex ? regex_problem(match.path.value) : "";
    if (problem.empty()) problem = values_problem(match.headers);
    if (problem.empty()) problem = values_problem(match.query_params);
    if (!problem.empty()) return problem;
  }
  const bool is_matchable = rule.matches.empty() || std::ranges::any_of(rule.matches, is_servable);
  return is_matchable ? "" : "its matches are extensions or ImplementationSpecific, which match nothing here";
}

std::string match_problem(const api::GrpcRouteRule& rule) {
  for (const auto& match : rule.matches) {
    const bool is_regex = match.method && match.method->type == MatchType::RegularExpression;
    std::string problem = is_regex ? regex_problem(convert(match.method).value) : "";
    if (problem.empty()) problem = values_problem(match.headers);
    if (!problem.empty()) return problem;
  }
  return {};
}

std::vector<ir::HttpMatch> to_ir(const api::HttpRouteRule& rule) {
  std::vector<ir::HttpMatch> matches;
  for (const auto& match : rule.matches) {
    if (is_servable(match)) matches.push_back(convert(match));
  }
  if (rule.matches.empty()) matches.emplace_back();
  return matches;
}

std::vector<ir::HttpMatch> to_ir(const api::GrpcRouteRule& rule) {
  std::vector<ir::HttpMatch> matches;
  matches.reserve(rule.matches.size());
  for (const auto& match : rule.matches) {
    matches.push_back({convert(match.method), "", convert_headers(match.headers), {}});
  }
  if (matches.empty()) matches.emplace_back();
  return matches;
}

bool goes_first(const ir::HttpMatch& a, const ir::HttpMatch& b) {
  const auto key = [](const ir::HttpMatch& match) {
    // Fewer is first, so what shall be more is counted downwards.
    return std::tuple(rank(match.path), -static_cast<std::int64_t>(match.path.value.size()), match.method.empty(),
                      -static_cast<std::int64_t>(match.headers.size()), -static_cast<std::int64_t>(match.query.size()));
  };
  return key(a) < key(b);
}

}  // namespace gw::translate
