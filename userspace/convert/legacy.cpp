// SPDX-License-Identifier: Apache-2.0
#include "userspace/convert/legacy.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "userspace/convert/document.hpp"
#include "userspace/translate/selection.hpp"

namespace gw::convert {
namespace {

using translate::LegacyObstacle;

constexpr const char* kV1 = "gateway.networking.k8s.io/v1";

/// One listener that binds a route.
struct Binding {
  const api::Gateway* gateway = nullptr;
  const api::Listener* listener = nullptr;
};

bool is_legacy(const std::string& group) { return group == api::kLegacyGroup; }

/// What the v1 form of a listener binds: a TLS listener that terminates takes TLSRoutes, in 2021 TCPRoutes.
std::string kind_in_v1(const api::Listener& listener, const std::string& kind) {
  return listener.protocol == "TLS" && kind == "TCPRoute" ? "TLSRoute" : kind;
}

/// Names for the listeners of a Gateway, which had none: "http-80".
std::map<const api::Listener*, std::string> name_listeners(const api::Gateway& gateway) {
  std::map<const api::Listener*, std::string> names;
  std::set<std::string> taken;
  for (const auto& listener : gateway.listeners) {
    const std::string base = name_from(fmt::format("{}-{}", listener.protocol, listener.port));
    std::string name = base;
    for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}-{}", base, i);
    names[&listener] = name;
  }
  return names;
}

const char* operator_word(api::LabelSelectorRequirement::Operator op) {
  using Operator = api::LabelSelectorRequirement::Operator;
  switch (op) {
    case Operator::In: return "In";
    case Operator::NotIn: return "NotIn";
    case Operator::Exists: return "Exists";
    case Operator::DoesNotExist: break;
  }
  return "DoesNotExist";
}

Json selector_json(const api::LabelSelector& selector) {
  Json json = Json::object();
  if (!selector.match_labels.empty()) json["matchLabels"] = selector.match_labels;
  for (const auto& requirement : selector.match_expressions) {
    Json expression = {{"key", requirement.key}, {"operator", operator_word(requirement.op)}};
    if (!requirement.values.empty()) expression["values"] = requirement.values;
    json["matchExpressions"].push_back(std::move(expression));
  }
  return json;
}

Json reference_json(const api::ObjectReference& ref, const char* default_kind) {
  Json json = Json::object();
  if (!ref.group.empty()) json["group"] = ref.group;
  if (ref.kind != default_kind) json["kind"] = ref.kind;
  json["name"] = ref.name;
  return json;
}

class Converter {
 public:
  explicit Converter(const Input& input) : input_(input) {
    for (const auto& document : input.documents) raw_[document.ref] = &document;
    for (const auto& gateway : input.objects.gateways) {
      if (gateway.is_legacy()) listener_names_[&gateway] = name_listeners(gateway);
    }
  }

  std::vector<Document> run() {
    const api::ResourceSet& objects = input_.objects;
    for (const auto& gateway_class : objects.gateway_classes) {
      if (is_legacy(gateway_class.group)) convert(gateway_class);
    }
    for (const auto& gateway : objects.gateways) {
      if (gateway.is_legacy()) convert(gateway);
    }
    each_route([this](const auto& route) { convert(route); });
    for (const auto& policy : objects.backend_policies) convert(policy);
    return std::move(documents_);
  }

 private:
  template <typename Visit>
  void each_route(Visit visit) const {
    const auto each = [&visit](const auto& routes) {
      for (const auto& route : routes) {
        if (route.is_legacy()) visit(route);
      }
    };
    each(input_.objects.http_routes);
    each(input_.objects.tls_routes);
    each(input_.objects.l4_routes);
  }

  template <typename Object>
  Draft begin(const Object& object, const char* kind, const std::string& name, const char* api_version = kV1) const {
    const api::ObjectRef ref = object.ref();
    Draft draft(origin_of(ref, object.meta.location), api_version, kind, ref.ns, name);
    const auto raw = raw_.find(ref);
    if (raw == raw_.end()) return draft;
    const Json original = Json::parse(raw->second->json, nullptr, false);
    const Json metadata = original.value("metadata", Json::object());
    if (!metadata.contains("namespace")) draft.metadata().erase("namespace");
    if (metadata.contains("labels")) draft.metadata()["labels"] = metadata["labels"];
    copy_annotations(metadata.value("annotations", Json::object()), draft);
    return draft;
  }

  static void copy_annotations(const Json& annotations, Draft& draft) {
    if (!annotations.is_object()) return;
    for (const auto& [key, value] : annotations.items()) {
      if (key == "kubectl.kubernetes.io/last-applied-configuration") continue;
      if (key == "networking.x-k8s.io/app-protocol") {
        draft.note("metadata.annotations: {} has become appProtocol of the Service's port: set it there", key);
        continue;
      }
      draft.metadata()["annotations"][key] = value;
    }
  }

  void keep(Draft draft) { documents_.push_back(std::move(draft).take()); }

  // GatewayClass, Gateway

  void convert(const api::GatewayClass& gateway_class) {
    Draft draft = begin(gateway_class, "GatewayClass", gateway_class.meta.name);
    draft.spec()["controllerName"] = gateway_class.controller_name;
    if (const auto& ref = gateway_class.parameters_ref) {
      Json json = {{"group", ref->group}, {"kind", ref->kind}, {"name", ref->name}};
      if (ref->ns) json["namespace"] = *ref->ns;
      draft.spec()["parametersRef"] = std::move(json);
    }
    keep(std::move(draft));
  }

  void convert(const api::Gateway& gateway) {
    Draft draft = begin(gateway, "Gateway", gateway.meta.name);
    draft.spec()["gatewayClassName"] = gateway.class_name;
    for (std::size_t i = 0; i < gateway.listeners.size(); ++i) {
      draft.spec()["listeners"].push_back(listener(gateway, gateway.listeners[i], i, draft));
    }
    for (const auto& address : gateway.addresses) {
      draft.spec()["addresses"].push_back(Json{{"type", address.type}, {"value", address.value}});
      if (address.type == "NamedAddress") draft.note("spec.addresses: NamedAddress is deprecated in v1");
    }
    keep(std::move(draft));
  }

  Json listener(const api::Gateway& gateway, const api::Listener& source, std::size_t index, Draft& draft) const {
    Json json = {{"name", listener_names_.at(&gateway).at(&source)}};
    if (source.hostname) {
      json["hostname"] = *source.hostname;
      if (source.hostname->starts_with("*.")) {
        draft.note("spec.listeners[{}].hostname: a wildcard stood for one label, and stands for one or more now",
                   index);
      }
    }
    json["port"] = source.port;
    json["protocol"] = source.protocol;
    if (source.tls) json["tls"] = tls(gateway, source, index, draft);
    Json allowed = Json::object();
    for (const auto& kind : source.allowed_routes.kinds) {
      Json entry = Json::object();
      if (!is_legacy(kind.group)) entry["group"] = kind.group;
      entry["kind"] = kind_in_v1(source, kind.kind);
      allowed["kinds"].push_back(std::move(entry));
    }
    const api::RouteNamespaces& namespaces = source.allowed_routes.namespaces;
    if (namespaces.from != api::NamespacesFrom::Same)
      allowed["namespaces"]["from"] = translate::from_word(namespaces.from);
    if (namespaces.from == api::NamespacesFrom::Selector) {
      allowed["namespaces"]["selector"] = selector_json(namespaces.selector);
    }
    json["allowedRoutes"] = std::move(allowed);
    if (source.legacy_route_selector && *source.legacy_route_selector != api::LabelSelector{}) {
      draft.note(
          "spec.listeners[{}].routes.selector: v1 selects no routes by their labels: those that were selected name "
          "this Gateway in parentRefs, and any route of an allowed namespace may",
          index);
    }
    return json;
  }

  Json tls(const api::Gateway& gateway, const api::Listener& source, std::size_t index, Draft& draft) const {
    const api::ListenerTls& tls = *source.tls;
    Json json = {{"mode", tls.mode == api::TlsMode::Passthrough ? "Passthrough" : "Terminate"}};
    std::vector<api::ObjectReference> certificates;
    if (tls.mode == api::TlsMode::Terminate) certificates = tls.certificate_refs;
    if (tls.legacy_route_may_override_certificate) add_route_certificates(gateway, source, index, certificates, draft);
    for (const auto& ref : certificates) json["certificateRefs"].push_back(reference_json(ref, "Secret"));
    for (const auto& [key, value] : tls.options) {
      if (key.find('/') == std::string::npos) {
        draft.note("spec.listeners[{}].tls.options.{}: v1 takes keys with a domain in front only: left out", index,
                   key);
      } else {
        json["options"][key] = value;
      }
    }
    return json;
  }

  /// Certificates of routes are the listener's now.
  void add_route_certificates(const api::Gateway& gateway, const api::Listener& source, std::size_t index,
                              std::vector<api::ObjectReference>& certificates, Draft& draft) const {
    draft.note("spec.listeners[{}].tls.routeOverride: routes bring no certificates in v1; the listener has them all",
               index);
    for (const auto& route : input_.objects.http_routes) {
      if (!route.is_legacy() || !route.legacy_certificate_ref || !binds(gateway, source, route)) continue;
      if (route.meta.ns != gateway.meta.ns) {
        draft.note(
            "spec.listeners[{}].tls.routeOverride: the certificate {} of HTTPRoute {} is in another namespace: add it "
            "to certificateRefs, with a ReferenceGrant there",
            index, route.legacy_certificate_ref->name, route.meta.namespaced_name().to_string());
        continue;
      }
      const auto is_it = [&](const auto& ref) { return ref.name == route.legacy_certificate_ref->name; };
      if (std::ranges::none_of(certificates, is_it)) certificates.push_back(*route.legacy_certificate_ref);
    }
  }

  // Routes

  [[nodiscard]] bool binds(const api::Gateway& gateway, const api::Listener& listener, const api::Route& route) const {
    return translate::legacy_obstacles(gateway, listener, route, input_.objects.namespaces).empty();
  }

  [[nodiscard]] std::vector<Binding> bindings_of(const api::Route& route) const {
    std::vector<Binding> bindings;
    for (const auto& gateway : input_.objects.gateways) {
      if (!gateway.is_legacy()) continue;
      for (const auto& listener : gateway.listeners) {
        if (binds(gateway, listener, route)) bindings.push_back({&gateway, &listener});
      }
    }
    return bindings;
  }

  /// The Gateway as a whole where all of its listeners bind the route.
  void add_parents(const api::Route& route, const std::vector<Binding>& bindings, Draft& draft) const {
    for (auto at = bindings.begin(); at != bindings.end();) {
      const api::Gateway& gateway = *at->gateway;
      const auto end =
          std::find_if(at, bindings.end(), [&](const Binding& other) { return other.gateway != &gateway; });
      const bool is_whole = static_cast<std::size_t>(end - at) == gateway.listeners.size();
      for (auto of_gateway = at; of_gateway != end; ++of_gateway) {
        const std::string name = is_whole ? "" : listener_names_.at(&gateway).at(of_gateway->listener);
        draft.spec()["parentRefs"].push_back(parent_ref(gateway.meta.ns, gateway.meta.name, name, route.meta.ns));
        if (is_whole) break;
      }
      at = end;
    }
    if (bindings.empty()) note_unbound(route, draft);
    note_absent_gateways(route, draft);
  }

  void note_unbound(const api::Route& route, Draft& draft) const {
    draft.note(
        "spec.gateways: no Gateway of the input binds this route, so it has no parentRefs: add those that should");
    for (const auto& gateway : input_.objects.gateways) {
      if (!gateway.is_legacy()) continue;
      for (const auto& listener : gateway.listeners) {
        const auto obstacles = translate::legacy_obstacles(gateway, listener, route, input_.objects.namespaces);
        if (std::ranges::find(obstacles, LegacyObstacle::Kind) != obstacles.end()) continue;
        draft.note("spec.gateways: Gateway {} listener {} does not bind it: {}",
                   gateway.meta.namespaced_name().to_string(), listener_names_.at(&gateway).at(&listener),
                   words_of(obstacles));
      }
    }
  }

  static std::string words_of(const std::vector<LegacyObstacle>& obstacles) {
    std::string words;
    for (const auto obstacle : obstacles) {
      words += words.empty() ? "" : ", ";
      switch (obstacle) {
        case LegacyObstacle::Kind: words += "it selects another kind"; break;
        case LegacyObstacle::Labels: words += "its routes.selector does not match the route's labels"; break;
        case LegacyObstacle::Namespace: words += "its routes.namespaces leave out the route's namespace"; break;
        case LegacyObstacle::Gateways: words += "gateways.allow of the route leaves it out"; break;
      }
    }
    return words;
  }

  void note_absent_gateways(const api::Route& route, Draft& draft) const {
    for (const auto& name : route.legacy_gateways->gateway_refs) {
      const auto known = api::named(input_.objects.gateways, name);
      if (std::ranges::any_of(known, [](const auto& gateway) { return gateway.is_legacy(); })) continue;
      draft.note(
          "spec.gateways.gatewayRefs: Gateway {} is not in the input: add it to parentRefs if it selected this route",
          name.to_string());
    }
  }

  /// The port that a reference without one meant: that of the request.
  static std::optional<std::uint16_t> port_of(const api::BackendRef& ref, const std::vector<Binding>& bindings,
                                              const std::string& field, Draft& draft) {
    if (ref.port || !ref.group.empty() || ref.kind != "Service") return ref.port;
    const std::uint16_t port = bindings.empty() ? 80 : bindings.front().listener->port;
    draft.note("{}.port: v1 needs the Service's port; unset was the port of the request: {}{}", field, port,
               bindings.empty() ? " is only assumed" : "");
    const bool is_ambiguous =
        std::ranges::any_of(bindings, [&](const auto& other) { return other.listener->port != port; });
    if (is_ambiguous) draft.note("{}.port: the listeners have several ports: make a route for each", field);
    return port;
  }

  static Json backend(const api::BackendRef& ref, const std::vector<Binding>& bindings, const std::string& field,
                      Draft& draft) {
    Json json = backend_ref(ref.name, port_of(ref, bindings, field, draft), ref.weight);
    if (!ref.group.empty()) json["group"] = ref.group;
    if (ref.kind != "Service") json["kind"] = ref.kind;
    return json;
  }

  void convert(const api::HttpRoute& route) {
    Draft draft = begin(route, "HTTPRoute", route.meta.name);
    const auto bindings = bindings_of(route);
    add_parents(route, bindings, draft);
    if (!route.hostnames.empty()) draft.spec()["hostnames"] = route.hostnames;
    if (std::ranges::any_of(route.hostnames, [](const auto& name) { return name.starts_with("*."); })) {
      draft.note("spec.hostnames: a wildcard stood for one label, and stands for one or more now");
    }
    if (route.legacy_certificate_ref) {
      const bool is_taken = std::ranges::any_of(bindings, [](const Binding& binding) {
        return binding.listener->tls && binding.listener->tls->legacy_route_may_override_certificate;
      });
      draft.note(
          "spec.tls: routes bring no certificates in v1: {} {}", route.legacy_certificate_ref->name,
          is_taken ? "is in certificateRefs of the listener" : "had no effect (routeOverride.certificate: Deny)");
    }
    Json rules = Json::array();
    for (std::size_t i = 0; i < route.rules.size(); ++i) {
      add_rule(route.rules[i], fmt::format("spec.rules[{}]", i), bindings, rules, draft);
    }
    draft.spec()["rules"] = std::move(rules);
    keep(std::move(draft));
  }

  void add_rule(const api::HttpRouteRule& rule, const std::string& field, const std::vector<Binding>& bindings,
                Json& rules, Draft& draft) const {
    Json json = Json::object();
    for (std::size_t i = 0; i < rule.matches.size(); ++i) {
      const std::string at = fmt::format("{}.matches[{}]", field, i);
      if (rule.matches[i].legacy_extension_ref) {
        draft.note("{}.extensionRef: v1 has no match extensions: the match is left out", at);
        continue;
      }
      json["matches"].push_back(match(rule.matches[i], at, draft));
    }
    if (!rule.matches.empty() && !json.contains("matches")) {
      draft.note("{}: none of its matches is left, so the rule is left out", field);
      return;
    }
    add_filters(rule.filters, field, bindings, json, draft);
    for (std::size_t i = 0; i < rule.backend_refs.size(); ++i) {
      const std::string at = fmt::format("{}.forwardTo[{}]", field, i);
      Json ref = backend(rule.backend_refs[i], bindings, at, draft);
      add_filters(rule.backend_refs[i].filters, at, bindings, ref, draft);
      json["backendRefs"].push_back(std::move(ref));
    }
    if (rule.backend_refs.empty()) draft.note("{}.forwardTo: without any, requests got 503, and get 500 now", field);
    rules.push_back(std::move(json));
  }

  static Json match(const api::HttpRouteMatch& source, const std::string& field, Draft& draft) {
    using Type = api::HttpPathMatch::Type;
    Json json = Json::object();
    const char* type = source.path.type == Type::Exact               ? "Exact"
                       : source.path.type == Type::RegularExpression ? "RegularExpression"
                                                                     : "PathPrefix";
    json["path"] = {{"type", type}, {"value", source.path.value}};
    if (source.path.type == Type::LegacyImplementationSpecific) {
      draft.note("{}.path: v1 has no ImplementationSpecific: written as PathPrefix, which may not be what was meant",
                 field);
    }
    add_named_values(source.headers, "headers", field, json, draft);
    add_named_values(source.query_params, "queryParams", field, json, draft);
    return json;
  }

  static void add_named_values(const std::vector<api::NamedValueMatch>& values, const char* name,
                               const std::string& field, Json& json, Draft& draft) {
    for (const auto& value : values) {
      Json entry = Json::object();
      if (value.type == api::StringMatchType::RegularExpression) entry["type"] = "RegularExpression";
      if (value.type == api::StringMatchType::LegacyImplementationSpecific) {
        draft.note("{}.{}: v1 has no ImplementationSpecific: {} is written as Exact, which may not be what was meant",
                   field, name, value.name);
      }
      entry["name"] = value.name;
      entry["value"] = value.value;
      json[name].push_back(std::move(entry));
    }
  }

  static Json header_list(const std::vector<api::HeaderValue>& headers) {
    Json list = Json::array();
    for (const auto& header : headers) list.push_back(Json{{"name", header.name}, {"value", header.value}});
    return list;
  }

  static void add_filters(const std::vector<api::RouteFilter>& filters, const std::string& field,
                          const std::vector<Binding>& bindings, Json& into, Draft& draft) {
    for (std::size_t i = 0; i < filters.size(); ++i) {
      into["filters"].push_back(filter(filters[i], fmt::format("{}.filters[{}]", field, i), bindings, draft));
    }
  }

  static Json filter(const api::RouteFilter& source, const std::string& field, const std::vector<Binding>& bindings,
                     Draft& draft) {
    if (const auto* headers = source.as<api::RequestHeaderModifier>()) {
      Json modifier = Json::object();
      if (!headers->headers.set.empty()) modifier["set"] = header_list(headers->headers.set);
      if (!headers->headers.add.empty()) modifier["add"] = header_list(headers->headers.add);
      if (!headers->headers.remove.empty()) modifier["remove"] = headers->headers.remove;
      return {{"type", "RequestHeaderModifier"}, {"requestHeaderModifier", modifier}};
    }
    if (const auto* mirror = source.as<api::RequestMirror>()) {
      Json ref = backend(mirror->backend, bindings, field + ".requestMirror", draft);
      return {{"type", "RequestMirror"}, {"requestMirror", {{"backendRef", ref}}}};
    }
    const api::ObjectReference& extension = source.as<api::ExtensionFilter>()->ref;
    draft.note("{}.extensionRef: whether {} {} can be a filter of v1 is up to who serves it", field, extension.kind,
               extension.name);
    return {{"type", "ExtensionRef"},
            {"extensionRef", {{"group", extension.group}, {"kind", extension.kind}, {"name", extension.name}}}};
  }

  static Json backends(const std::vector<api::BackendRef>& refs, const std::string& field,
                       const std::vector<Binding>& bindings, Draft& draft) {
    Json list = Json::array();
    for (std::size_t i = 0; i < refs.size(); ++i) {
      list.push_back(backend(refs[i], bindings, fmt::format("{}.forwardTo[{}]", field, i), draft));
    }
    return list;
  }

  void convert(const api::L4Route& route) {
    std::vector<Binding> bindings = bindings_of(route);
    const auto of_tls = std::ranges::stable_partition(
        bindings, [](const Binding& binding) { return binding.listener->protocol != "TLS"; });
    const std::vector<Binding> tls(of_tls.begin(), of_tls.end());
    bindings.erase(of_tls.begin(), of_tls.end());
    if (!bindings.empty() || tls.empty()) convert_l4(route, bindings);
    if (!tls.empty()) convert_terminated(route, tls, bindings.empty() ? route.meta.name : route.meta.name + "-tls");
  }

  void convert_l4(const api::L4Route& route, const std::vector<Binding>& bindings) {
    Draft draft = begin(route, route.kind.c_str(), route.meta.name);
    add_parents(route, bindings, draft);
    draft.spec()["rules"].push_back(live_rule(route, bindings, draft));
    keep(std::move(draft));
  }

  /// v1 has one rule. In 2021 only the first without an extension could ever take anything.
  static Json live_rule(const api::L4Route& route, const std::vector<Binding>& bindings, Draft& draft) {
    const auto takes_everything = [](const api::L4RouteRule& rule) {
      return std::ranges::none_of(rule.legacy_matches,
                                  [](const auto& match) { return match.extension_ref.has_value(); });
    };
    auto live = std::ranges::find_if(route.rules, takes_everything);
    if (live == route.rules.end()) {
      draft.note("spec.rules: v1 has no match extensions: the first rule takes every connection now");
      live = route.rules.begin();
    }
    const auto index = static_cast<std::size_t>(live - route.rules.begin());
    for (std::size_t i = 0; i < route.rules.size(); ++i) {
      if (i != index) draft.note("spec.rules[{}]: v1 has one rule; this one never took a connection: left out", i);
    }
    return {{"backendRefs", backends(live->backend_refs, fmt::format("spec.rules[{}]", index), bindings, draft)}};
  }

  /// A TCPRoute behind a TLS listener that terminates.
  void convert_terminated(const api::L4Route& route, const std::vector<Binding>& bindings, const std::string& name) {
    std::vector<std::string> hostnames;
    for (const Binding& binding : bindings) {
      if (binding.listener->hostname) hostnames.push_back(*binding.listener->hostname);
    }
    if (hostnames.size() != bindings.size()) hostnames.clear();
    Draft draft = begin(route, "TLSRoute", name, tls_version(hostnames));
    draft.note("kind: behind TLS that the Gateway terminates, a TCPRoute has become a TLSRoute");
    add_parents(route, bindings, draft);
    add_hostnames(hostnames, "spec.listeners[].hostname of the Gateway", draft);
    draft.spec()["rules"].push_back(live_rule(route, bindings, draft));
    keep(std::move(draft));
  }

  /// Only v1alpha2 can do without names.
  static const char* tls_version(const std::vector<std::string>& hostnames) {
    return hostnames.empty() ? "gateway.networking.k8s.io/v1alpha2" : kV1;
  }

  static void add_hostnames(const std::vector<std::string>& hostnames, const char* field, Draft& draft) {
    if (hostnames.empty()) {
      draft.note(
          "{}: it takes every name, which a TLSRoute of v1 cannot: this one is v1alpha2; name the hosts to make it v1",
          field);
    } else {
      draft.spec()["hostnames"] = hostnames;
    }
  }

  /// One TLSRoute for each rule: names belong to the route now.
  void convert(const api::TlsRoute& route) {
    const auto bindings = bindings_of(route);
    for (std::size_t i = 0; i < route.rules.size(); ++i) {
      const api::TlsRouteRule& rule = route.rules[i];
      const std::string field = fmt::format("spec.rules[{}]", i);
      std::vector<std::string> names;
      bool is_any = rule.legacy_matches.empty();
      bool has_extension = false;
      for (const auto& match : rule.legacy_matches) {
        has_extension = has_extension || match.extension_ref.has_value();
        if (match.extension_ref) continue;
        is_any = is_any || match.snis.empty();
        names.insert(names.end(), match.snis.begin(), match.snis.end());
      }
      if (is_any) names.clear();
      const std::string name = route.rules.size() == 1 ? route.meta.name : fmt::format("{}-{}", route.meta.name, i + 1);
      Draft draft = begin(route, "TLSRoute", name, tls_version(names));
      if (has_extension) draft.note("{}.matches: v1 has no match extensions: those matches are left out", field);
      if (names.empty() && !is_any) {
        draft.note("{}: none of its matches is left, so nothing was made of the rule", field);
        Document document = std::move(draft).take();
        document.object = nullptr;
        documents_.push_back(std::move(document));
        continue;
      }
      if (route.rules.size() > 1) draft.note("{}: a TLSRoute has one rule in v1: each has a route of its own", field);
      add_parents(route, bindings, draft);
      add_hostnames(names, (field + ".matches").c_str(), draft);
      draft.spec()["rules"].push_back(Json{{"backendRefs", backends(rule.backend_refs, field, bindings, draft)}});
      keep(std::move(draft));
    }
  }

  // BackendPolicy

  void convert(const api::BackendPolicy& policy) {
    Draft draft = begin(policy, "BackendTLSPolicy", policy.meta.name);
    std::string host;
    for (std::size_t i = 0; i < policy.backends.size(); ++i) {
      const auto& backend = policy.backends[i];
      if (!backend.object.group.empty() || backend.object.kind != "Service") {
        draft.note("spec.backendRefs[{}]: {} {} cannot be the target of a BackendTLSPolicy: left out", i,
                   backend.object.kind, backend.object.name);
        continue;
      }
      Json target = {{"group", ""}, {"kind", "Service"}, {"name", backend.object.name}};
      if (backend.port) add_section(policy, i, target, draft);
      draft.spec()["targetRefs"].push_back(std::move(target));
      if (host.empty()) host = fmt::format("{}.{}.svc", backend.object.name, policy.meta.ns);
    }
    if (!policy.has_tls || host.empty()) {
      draft.note("nothing was made of it: {}", policy.has_tls ? "it has no target that v1 knows" : "it sets no TLS");
      Document document = std::move(draft).take();
      document.object = nullptr;
      documents_.push_back(std::move(document));
      return;
    }
    Json& validation = draft.spec()["validation"];
    if (const auto& ref = policy.ca_certificate_ref) {
      validation["caCertificateRefs"].push_back(Json{{"group", ref->group}, {"kind", ref->kind}, {"name", ref->name}});
      if (ref->kind != "ConfigMap") {
        draft.note(
            "spec.tls.certificateAuthorityRef: v1 knows ConfigMaps with the key ca.crt; {}s are up to who serves it",
            ref->kind);
      }
    } else {
      validation["wellKnownCACertificates"] = "System";
      draft.note("spec.tls.certificateAuthorityRef: was not set: v1 needs an authority, the system's are taken");
    }
    validation["hostname"] = host;
    draft.note(
        "spec.tls: v1 needs the name in the backend's certificate, which was not checked before: {} is only assumed",
        host);
    for (const auto& [key, value] : policy.options) {
      if (key.find('/') == std::string::npos) {
        draft.note("spec.tls.options.{}: v1 takes keys with a domain in front only: left out", key);
      } else {
        draft.spec()["options"][key] = value;
      }
    }
    keep(std::move(draft));
  }

  /// A target's section is the name of the Service's port.
  void add_section(const api::BackendPolicy& policy, std::size_t index, Json& target, Draft& draft) const {
    const auto& backend = policy.backends[index];
    const auto services = api::named(input_.objects.services, {policy.meta.ns, backend.object.name});
    if (!services.empty()) {
      const auto& ports = services.begin()->ports;
      const auto port = std::ranges::find(ports, *backend.port, &api::ServicePort::port);
      if (port != ports.end() && !port->name.empty()) {
        target["sectionName"] = port->name;
        return;
      }
      if (port != ports.end() && ports.size() == 1) return;
    }
    draft.note(
        "spec.backendRefs[{}].port: {} is not the number of a named port of a Service in the input: the whole Service "
        "is "
        "the target (sectionName is the port's name)",
        index, *backend.port);
  }

  const Input& input_;
  std::map<api::ObjectRef, const api::RawObject*> raw_;
  std::map<const api::Gateway*, std::map<const api::Listener*, std::string>> listener_names_;
  std::vector<Document> documents_;
};

}  // namespace

std::vector<Document> convert_legacy(const Input& input) { return Converter(input).run(); }

}  // namespace gw::convert
