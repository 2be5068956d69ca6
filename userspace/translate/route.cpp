// SPDX-License-Identifier: Apache-2.0
// A route by itself: its hostnames, and which of its rules can be served at all.
#include <fmt/format.h>

#include <algorithm>

#include "userspace/translate/graph.hpp"
#include "userspace/translate/http_match.hpp"

namespace gw::translate {
namespace {

ir::WildcardLabels labels_of(const api::Route& route) {
  return route.is_legacy() ? ir::WildcardLabels::One : ir::WildcardLabels::OneOrMore;
}

std::vector<ir::Hostname> parse(const std::vector<std::string>& hostnames, const api::Route& route) {
  std::vector<ir::Hostname> parsed;
  parsed.reserve(hostnames.size());
  for (const auto& hostname : hostnames) parsed.push_back(ir::Hostname::parse(hostname, labels_of(route)));
  return parsed;
}

std::vector<ir::Hostname> hostnames_of(const api::L4Route& /*route*/) { return {}; }
std::vector<ir::Hostname> hostnames_of(const api::HttpRoute& route) { return parse(route.hostnames, route); }
std::vector<ir::Hostname> hostnames_of(const api::GrpcRoute& route) { return parse(route.hostnames, route); }

/// In 2021 names belong to rules; a rule without any takes every name.
std::vector<ir::Hostname> hostnames_of(const api::TlsRoute& route) {
  if (!route.is_legacy()) return parse(route.hostnames, route);
  std::vector<ir::Hostname> hostnames;
  for (const auto& rule : route.rules) {
    if (rule.legacy_matches.empty()) return {};
    for (const auto& match : rule.legacy_matches) {
      if (match.snis.empty()) return {};
      for (auto& hostname : parse(match.snis, route)) hostnames.push_back(std::move(hostname));
    }
  }
  return hostnames;
}

template <typename Filter, typename Filters>
bool has(const Filters& filters) {
  return std::ranges::any_of(filters, [](const auto& filter) { return filter.template as<Filter>() != nullptr; });
}

/// What the rules of the API's own do not see, since the two filters are in different lists.
template <typename Rule>
Verdict judge_filters(const Rule& rule) {
  const bool rewrites = has<api::UrlRewrite>(rule.filters);
  for (const auto& ref : rule.backend_refs) {
    if (has<api::RequestRedirect>(ref.filters) && (rewrites || has<api::UrlRewrite>(ref.filters))) {
      return refusal(reason::kIncompatibleFilters,
                     fmt::format("the rule rewrites URLs, which its backend {} redirects (leave one out)", ref.name));
    }
  }
  return {true, reason::kAccepted, ""};
}

template <typename Rule>
Verdict judge_rule(const Rule& rule) {
  const std::string problem = match_problem(rule);
  return problem.empty() ? judge_filters(rule) : refusal(reason::kUnsupportedValue, problem);
}

std::string name_of(std::size_t index, const std::optional<std::string>& name) {
  return name ? fmt::format("{} ({})", index, *name) : std::to_string(index);
}

/// A bad rule is dropped; a route without a good one is not accepted.
template <typename Rules>
void judge_rules(const Rules& rules, RouteNode& node) {
  std::size_t bad = 0;
  Verdict whole{true, reason::kAccepted, ""};
  for (std::size_t i = 0; i < rules.size(); ++i) {
    Verdict verdict = judge_rule(rules[i]);
    node.rule_problems.push_back(verdict.ok ? ""
                                            : fmt::format("rule {}: {}", name_of(i, rules[i].name), verdict.message));
    if (verdict.ok) continue;
    verdict.message = node.rule_problems.back();
    add_verdict(whole, verdict);
    ++bad;
  }
  if (bad > 0 && bad == rules.size()) node.valid = std::move(whole);
}

void judge_rules_of(const api::L4Route& /*route*/, RouteNode& /*node*/) {}
void judge_rules_of(const api::TlsRoute& /*route*/, RouteNode& /*node*/) {}
void judge_rules_of(const api::HttpRoute& route, RouteNode& node) { judge_rules(route.rules, node); }
void judge_rules_of(const api::GrpcRoute& route, RouteNode& node) { judge_rules(route.rules, node); }

}  // namespace

void judge_route(RouteNode& route) {
  std::visit(
      [&route](const auto& source) {
        route.common = source.get();
        route.hostnames = hostnames_of(*source);
        judge_rules_of(*source, route);
      },
      route.source);
}

}  // namespace gw::translate
