// SPDX-License-Identifier: Apache-2.0
// The rules on the IR.
#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "tests/property/answers.hpp"
#include "tests/property/judge.hpp"

namespace gw::property {
namespace {

/// What a backendRef leads to.
struct Resolved {
  std::string reason = "ResolvedRefs";  ///< of the condition
  std::optional<ir::ServicePort> port;
};

bool is_granted(const api::ResourceSet& resources, const api::Route& route, const NamespacedName& service) {
  if (route.meta.ns == service.ns) return true;
  const auto from = [&route](const auto& entry) {
    return std::tie(entry.group, entry.kind, entry.ns) == std::tie(route.group, route.kind, route.meta.ns);
  };
  const auto to = [&service](const auto& entry) {
    return entry.group.empty() && entry.kind == "Service" && entry.name.value_or(service.name) == service.name;
  };
  return std::ranges::any_of(resources.reference_grants, [&](const api::ReferenceGrant& grant) {
    return grant.meta.ns == service.ns && std::ranges::any_of(grant.from, from) && std::ranges::any_of(grant.to, to);
  });
}

Resolved resolve(const api::ResourceSet& resources, const api::Route& route, const api::BackendRef& ref,
                 std::uint16_t port) {
  const NamespacedName name{ref.ns.value_or(route.meta.ns), ref.name};
  if (!ref.group.empty() || ref.kind != "Service") return {"InvalidKind", {}};
  if (!is_granted(resources, route, name)) return {"RefNotPermitted", {}};
  const bool is_udp = route.kind == "UDPRoute";
  for (const auto& service : api::named(resources.services, name)) {
    if (service.type == "ExternalName") continue;
    for (const auto& candidate : service.ports) {
      if (candidate.port != port || candidate.protocol != (is_udp ? "UDP" : "TCP")) continue;
      return {"ResolvedRefs", ir::ServicePort{name, candidate.name, is_udp ? ir::Protocol::Udp : ir::Protocol::Tcp}};
    }
  }
  return {"BackendNotFound", {}};
}

/// v1 has one rule; in 2021 the first counts whose matches are not all by extension, since those match nothing here.
const std::vector<api::BackendRef>& backend_refs(const api::L4Route& route) {
  static const std::vector<api::BackendRef> none;
  for (const auto& rule : route.rules) {
    const auto is_plain = [](const auto& match) { return !match.extension_ref.has_value(); };
    if (rule.legacy_matches.empty() || std::ranges::any_of(rule.legacy_matches, is_plain)) return rule.backend_refs;
  }
  return none;
}

/// Where keys of the IR's rules begin for a route; the number of the rule comes next.
std::string key_prefix(const api::Route& route) {
  return fmt::format("{}{}/{}/", route.is_legacy() ? route.group + "/" : "", route.kind,
                     route.meta.namespaced_name().to_string());
}

using Weights = std::vector<std::pair<std::string, std::uint32_t>>;

/// Calls `visit(rule, key, value)` for each entry of an IR map that is of a rule of the route.
template <typename Route, typename Map, typename Visit>
void for_each_of(const Route& route, const Map& map, Visit visit) {
  const std::string prefix = key_prefix(route);
  for (auto entry = map.lower_bound(prefix); entry != map.end() && entry->first.starts_with(prefix); ++entry) {
    std::size_t rule = 0;
    const std::string& key = entry->first;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), rule);
    visit(rule, key, entry->second);
  }
}

void judge_target(const api::ResourceSet& resources, const api::Route& route, const ir::WeightedBackends& target,
                  Objections& found) {
  found.unless(!target.port || is_granted(resources, route, target.port->service), "{} goes to {} without a grant",
               route.ref().to_string(), target.name);
}

/// By name, without the port: of 2021 it may be the listener's.
template <typename Refs>
Weights weights_of(const Refs& refs, const api::Route& route) {
  Weights weights;
  for (const auto& ref : refs) weights.emplace_back(ref.ns.value_or(route.meta.ns) + "/" + ref.name, ref.weight);
  return weights;
}

std::pair<std::string, std::uint32_t> weight_of(const ir::WeightedBackends& target) {
  return {target.name.substr(0, target.name.rfind(':')), target.weight};
}

template <typename Route>
void judge_services(const Case& c, const Route& route, Objections& found) {
  for_each_of(route, c.answer.config.services, [&](std::size_t rule, const std::string& key, const ir::Service& made) {
    Weights weights;
    for (const auto& target : made.backends) {
      judge_target(c.resources, route, target, found);
      weights.push_back(weight_of(target));
    }
    if constexpr (std::is_same_v<Route, api::L4Route>) {
      found.unless(weights == weights_of(backend_refs(route), route), "{} has other backends than its route", key);
    } else {
      found.unless(weights == weights_of(route.rules[rule].backend_refs, route), "{} has other backends", key);
    }
  });
}

template <typename Route>
void judge_http_rules(const Case& c, const Route& route, Objections& found) {
  for_each_of(
      route, c.answer.config.http_rules, [&](std::size_t rule, const std::string& key, const ir::HttpRule& made) {
        const auto judge = [&](const ir::WeightedBackends& target) { judge_target(c.resources, route, target, found); };
        ir::for_each_backend(made.filters, judge);
        Weights weights;
        for (const auto& backend : made.backends) {
          judge(backend.target);
          ir::for_each_backend(backend.filters, judge);
          weights.push_back(weight_of(backend.target));
        }
        found.unless(weights == weights_of(route.rules[rule].backend_refs, route), "{} has other backends", key);
      });
}

std::string name_of(const Listener& listener) {
  const Owner& owner = *listener.owner;
  if (owner.ref.kind == "Gateway") return listener.source->name;
  return fmt::format("{}/{}/{}", owner.ref.ns, owner.ref.name, listener.source->name);
}

using Expected = std::vector<std::tuple<std::string, std::uint32_t, std::optional<ir::ServicePort>>>;

Expected expected_backends(const api::ResourceSet& resources, const api::L4Route& route, std::uint16_t listener_port) {
  Expected expected;
  for (const auto& ref : backend_refs(route)) {
    const std::uint16_t port = ref.port.value_or(listener_port);
    expected.emplace_back(fmt::format("{}/{}:{}", ref.ns.value_or(route.meta.ns), ref.name, port), ref.weight,
                          resolve(resources, route, ref, port).port);
  }
  return expected;
}

void judge_l4_listener(const Case& c, const Answers& answers, const Listener& listener, const ir::L4Listener& made,
                       Objections& found) {
  const auto routes = answers.routes_on(listener);
  const std::string who = listener.to_string();
  found.unless(made.port == listener.source->port, "{} is on port {}", who, made.port);
  found.unless(routes.empty() == made.service.empty(), "{} has {} routes and service \"{}\"", who, routes.size(),
               made.service);
  if (routes.empty() || made.service.empty()) return;
  const auto& route = static_cast<const api::L4Route&>(*routes.front());
  found.unless(made.service.starts_with(key_prefix(route)), "{} forwards to {}, its first route is {}", who,
               made.service, route.ref().to_string());
  const ir::Service* const service = c.answer.config.services.get(made.service);
  found.unless(service != nullptr, "{} is not there", made.service);
  if (service == nullptr) return;
  Expected backends;
  for (const auto& target : service->backends) backends.emplace_back(target.name, target.weight, target.port);
  found.unless(backends == expected_backends(c.resources, route, listener.source->port), "{}: {} has other backends",
               who, made.service);
}

std::vector<ir::Endpoint> expected_endpoints(const api::ResourceSet& resources, const ir::ServicePort& port) {
  std::set<ir::Endpoint> expected;
  const char* const protocol = port.protocol == ir::Protocol::Udp ? "UDP" : "TCP";
  for (const auto& slice : resources.endpoint_slices) {
    const auto label = slice.meta.labels.find("kubernetes.io/service-name");
    if (label == slice.meta.labels.end() || NamespacedName{slice.meta.ns, label->second} != port.service) continue;
    if (slice.address_type == "FQDN") continue;
    for (const auto& candidate : slice.ports) {
      if (candidate.name != port.name || candidate.protocol != protocol || !candidate.port) continue;
      for (const auto& endpoint : slice.endpoints) {
        if (!endpoint.ready.value_or(true)) continue;
        expected.insert({IpAddress::parse(endpoint.addresses.at(0)).value(), *candidate.port, endpoint.node_name});
      }
    }
  }
  return {expected.begin(), expected.end()};
}

}  // namespace

Objections judge_references(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  for (const auto& route : c.resources.l4_routes) {
    const api::RouteStatus* const status = answers.status_of(route);
    const auto& refs = backend_refs(route);
    const bool depends_on_listener = std::ranges::any_of(refs, [](const auto& ref) { return !ref.port; });
    if (status == nullptr || depends_on_listener) continue;
    std::string right = "ResolvedRefs";
    for (const auto& ref : refs) {
      const std::string reason = resolve(c.resources, route, ref, *ref.port).reason;
      if (right == "ResolvedRefs") right = reason;
    }
    for (const auto& parent : status->parents) {
      const std::string said = reason_of(parent.conditions, "ResolvedRefs");
      found.unless(said == right && is_true(parent.conditions, "ResolvedRefs") == (right == "ResolvedRefs"),
                   "{}: ResolvedRefs says {}, but it is {}", route.ref().to_string(), said, right);
    }
  }
  return found;
}

Objections judge_backends(const Case& c) {
  Objections found;
  for (const auto& route : c.resources.l4_routes) judge_services(c, route, found);
  for (const auto& route : c.resources.tls_routes) judge_services(c, route, found);
  for (const auto& route : c.resources.http_routes) judge_http_rules(c, route, found);
  for (const auto& route : c.resources.grpc_routes) judge_http_rules(c, route, found);
  return found;
}

Objections judge_l4_listeners(const Case& c) {
  Objections found;
  const Answers answers(c.resources, *c.answer.report, found);
  std::map<std::tuple<std::string, NamespacedName, std::string>, const ir::L4Listener*> made;
  for (const auto& listener : c.answer.config.listeners) {
    found.unless(made.emplace(std::tuple(listener.gateway_group, listener.gateway, listener.name), &listener).second,
                 "{} twice", listener.qualified_name());
  }
  std::size_t serving = 0;
  for (const auto& owner : answers.owners()) {
    for (const auto& listener : owner.listeners) {
      const bool is_l4 = listener.source->protocol == "TCP" || listener.source->protocol == "UDP";
      if (!is_l4 || !listener.serves()) continue;
      ++serving;
      const auto found_as = made.find({owner.gateway->group, owner.gateway->meta.namespaced_name(), name_of(listener)});
      found.unless(found_as != made.end(), "{} serves, and is not in the IR", listener.to_string());
      if (found_as != made.end()) judge_l4_listener(c, answers, listener, *found_as->second, found);
    }
  }
  found.unless(serving == made.size(), "{} listeners serve, {} are in the IR", serving, made.size());
  return found;
}

Objections judge_endpoints(const Case& c) {
  Objections found;
  const ir::Config& config = c.answer.config;
  std::set<ir::ServicePort> ports;
  ir::for_each_backend(config, [&ports](const ir::WeightedBackends& ref) {
    if (ref.port) ports.insert(*ref.port);
  });
  found.unless(ports.size() == config.endpoints.size(), "{} ports are referred to, {} have endpoints", ports.size(),
               config.endpoints.size());
  for (const auto& port : ports) {
    const ir::EndpointList* const endpoints = config.endpoints.get(port);
    const auto right = expected_endpoints(c.resources, port);
    found.unless(endpoints != nullptr && std::ranges::equal(*endpoints, right), "{} {} has other endpoints",
                 port.service.to_string(), port.name);
  }
  return found;
}

}  // namespace gw::property
