// SPDX-License-Identifier: Apache-2.0
#include "userspace/convert/ingress.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "userspace/convert/document.hpp"

namespace gw::convert {
namespace {

constexpr const char* kV1 = "gateway.networking.k8s.io/v1";
constexpr const char* kV1beta1 = "gateway.networking.k8s.io/v1beta1";
constexpr std::string_view kNginx = "nginx.ingress.kubernetes.io/";

/// What takes an annotation's place; the first whose beginning fits.
struct Counterpart {
  std::string_view annotation;  ///< behind the domain
  std::string_view what;
};
constexpr std::array kCounterparts = {
    Counterpart{"rewrite-target", "a URLRewrite filter"},
    Counterpart{"app-root", "a RequestRedirect filter on path /"},
    Counterpart{"permanent-redirect", "a RequestRedirect filter with statusCode 301"},
    Counterpart{"temporal-redirect", "a RequestRedirect filter with statusCode 302"},
    Counterpart{"from-to-www-redirect", "a RequestRedirect filter with hostname"},
    Counterpart{"use-regex", "path matches of type RegularExpression"},
    Counterpart{"enable-cors", "a CORS filter"},
    Counterpart{"cors-", "a CORS filter"},
    Counterpart{"canary", "weights of backendRefs, or a match on a header"},
    Counterpart{"affinity", "sessionPersistence of the rule"},
    Counterpart{"session-cookie", "sessionPersistence of the rule"},
    Counterpart{"upstream-hash-by", "UpstreamPolicy loadBalancing.hash"},
    Counterpart{"load-balance", "UpstreamPolicy loadBalancing"},
    Counterpart{"auth-url", "an ExternalAuth filter"},
    Counterpart{"auth-tls", "tls.frontend.default.validation of the Gateway"},
    Counterpart{"backend-protocol", "appProtocol of the Service's port, GRPCRoute, or BackendTLSPolicy"},
    Counterpart{"proxy-ssl", "BackendTLSPolicy"},
    Counterpart{"proxy-body-size", "ClientPolicy http.maxBodyBytes"},
    Counterpart{"client-header-buffer-size", "ClientPolicy http.maxHeaderBytes"},
    Counterpart{"large-client-header-buffers", "ClientPolicy http.maxHeaderBytes"},
    Counterpart{"ssl-protocols", "ClientPolicy tls.minVersion"},
    Counterpart{"ssl-ciphers", "ClientPolicy tls.cipherSuites"},
    Counterpart{"ssl-passthrough", "a TLS listener with mode Passthrough, and a TLSRoute"},
    Counterpart{"whitelist-source-range", "ClientPolicy sourceRanges.allow"},
    Counterpart{"allowlist-source-range", "ClientPolicy sourceRanges.allow"},
    Counterpart{"denylist-source-range", "ClientPolicy sourceRanges.deny"},
    Counterpart{"limit-connections", "ClientPolicy limits.maxConnections"},
    Counterpart{"limit-rp", "ClientPolicy limits.connectionsPerSecondPerSource, for connections"},
    Counterpart{"proxy-connect-timeout", "UpstreamPolicy connectTimeout"},
    Counterpart{"proxy-read-timeout", "timeouts of the rule"},
    Counterpart{"proxy-send-timeout", "timeouts of the rule"},
    Counterpart{"proxy-next-upstream", "retry of the rule"},
    Counterpart{"custom-headers", "a ResponseHeaderModifier filter"},
    Counterpart{"upstream-vhost", "a URLRewrite filter with hostname"},
    Counterpart{"x-forwarded-prefix", "a RequestHeaderModifier filter"},
    Counterpart{"mirror-target", "a RequestMirror filter"},
    Counterpart{"default-backend", "a rule of its own"},
};

std::string_view counterpart_of(std::string_view annotation) {
  const auto fits = [annotation](const Counterpart& known) { return annotation.starts_with(known.annotation); };
  const auto found = std::ranges::find_if(kCounterparts, fits);
  return found == kCounterparts.end() ? std::string_view() : found->what;
}

const Json& at(const Json& value, const char* pointer) {
  static const Json nothing;
  const Json::json_pointer where(pointer);
  return value.contains(where) ? value.at(where) : nothing;
}

std::string text_at(const Json& value, const char* pointer) {
  const Json& found = at(value, pointer);
  return found.is_string() ? found.get<std::string>() : "";
}

/// The items of a list, none if it is something else.
std::vector<Json> items_at(const Json& value, const char* pointer) {
  const Json& found = at(value, pointer);
  return found.is_array() ? found.get<std::vector<Json>>() : std::vector<Json>();
}

/// Whether a host of `tls` is that of a rule: a wildcard stands for one label, as in its certificate.
bool covers(const std::string& tls_host, const std::string& host) {
  if (tls_host == host) return true;
  const auto dot = host.find('.');
  return tls_host.starts_with("*.") && dot != std::string::npos && tls_host.substr(1) == host.substr(dot);
}

/// An Ingress, and what it asks for.
struct Ingress {
  const api::RawObject* raw = nullptr;
  Json object;

  [[nodiscard]] const std::string& ns() const { return raw->ref.ns; }
  [[nodiscard]] const std::string& name() const { return raw->ref.name; }
  /// spec.ingressClassName, or the annotation that came before it.
  [[nodiscard]] std::string class_name() const {
    const std::string name = text_at(object, "/spec/ingressClassName");
    return name.empty() ? text_at(object, "/metadata/annotations/kubernetes.io~1ingress.class") : name;
  }
  [[nodiscard]] std::string annotation(const char* name) const {
    const Json& annotations = at(object, "/metadata/annotations");
    const std::string key = std::string(kNginx) + name;
    return annotations.is_object() && annotations.contains(key) && annotations[key].is_string() ? annotations[key] : "";
  }
  [[nodiscard]] bool is_for_nginx() const {
    const Json& annotations = at(object, "/metadata/annotations");
    if (class_name() == "nginx") return true;
    if (!annotations.is_object()) return false;
    return std::ranges::any_of(annotations.items(), [](const auto& entry) { return entry.key().starts_with(kNginx); });
  }
  /// ingress-nginx redirects hosts that have TLS, unless it is told not to.
  [[nodiscard]] bool redirects_to_https() const { return is_for_nginx() && annotation("ssl-redirect") != "false"; }
  [[nodiscard]] bool has_tls(const std::string& host) const {
    return std::ranges::any_of(items_at(object, "/spec/tls"), [&host](const Json& tls) {
      const auto hosts = items_at(tls, "/hosts");
      const auto covers_host = [&host](const Json& name) { return name.is_string() && covers(name, host); };
      return hosts.empty() || std::ranges::any_of(hosts, covers_host);
    });
  }
};

/// A host that has TLS, and the Secret with its certificate.
struct TlsHost {
  std::string host;  ///< empty: every one
  std::string secret_ns;
  std::string secret;
  std::string listener;  ///< its name
};

/// All Ingresses of one class: they share a Gateway.
struct IngressClass {
  std::string gateway_ns;
  std::string gateway_name;
  std::vector<const Ingress*> ingresses;
  std::set<std::string> namespaces;
  std::vector<TlsHost> tls;
};

/// A name that is not taken yet; now it is.
std::string unique(std::string base, std::set<std::string>& taken) {
  std::string name = base;
  for (int i = 2; !taken.insert(name).second; ++i) name = fmt::format("{}-{}", base, i);
  return name;
}

class Converter {
 public:
  explicit Converter(const Input& input) : input_(input) {
    for (const auto& raw : input.foreign) {
      Json object = Json::parse(raw.json, nullptr, false);
      if (raw.ref.kind == "Ingress" && raw.ref.version == "v1") ingresses_.push_back({&raw, std::move(object)});
    }
  }

  std::vector<Document> run() {
    note_others();
    for (auto& [name, members] : classes()) convert(name, members);
    return std::move(documents_);
  }

 private:
  /// Versions that went away with Kubernetes 1.22, and classes, which name a controller.
  void note_others() {
    for (const auto& raw : input_.foreign) {
      if (raw.ref.kind == "Ingress" && raw.ref.version == "v1") continue;
      Document document{origin_of(raw.ref, raw.location), nullptr, {}};
      document.notes.emplace_back(
          raw.ref.kind == "Ingress"
              ? "nothing was made of it: only networking.k8s.io/v1 is read (kubectl convert makes it that)"
              : "nothing was made of it: who serves a Gateway is said by its GatewayClass");
      documents_.push_back(std::move(document));
    }
  }

  std::map<std::string, IngressClass> classes() {
    std::map<std::string, IngressClass> classes;
    for (const Ingress& ingress : ingresses_) {
      IngressClass& members = classes[ingress.class_name()];
      members.ingresses.push_back(&ingress);
      members.namespaces.insert(ingress.ns());
      for (const Json& tls : items_at(ingress.object, "/spec/tls")) add_tls(ingress, tls, members);
    }
    for (auto& [name, members] : classes) {
      members.gateway_name = name.empty() ? "ingress" : name_from(name);
      members.gateway_ns = members.namespaces.size() == 1 ? *members.namespaces.begin() : "default";
      std::set<std::string> taken;
      for (TlsHost& tls : members.tls) {
        tls.listener = unique(tls.host.empty() ? "https" : "https-" + name_from(tls.host), taken);
      }
    }
    return classes;
  }

  static void add_tls(const Ingress& ingress, const Json& tls, IngressClass& members) {
    std::vector<std::string> hosts;
    for (const Json& host : items_at(tls, "/hosts")) {
      if (host.is_string()) hosts.push_back(host);
    }
    if (hosts.empty()) hosts.emplace_back();
    for (const std::string& host : hosts) {
      const bool is_known =
          std::ranges::any_of(members.tls, [&host](const TlsHost& other) { return other.host == host; });
      if (!is_known) members.tls.push_back({host, ingress.ns(), text_at(tls, "/secretName"), ""});
    }
  }

  void convert(const std::string& class_name, const IngressClass& members) {
    const auto routes_something = [](const Ingress* ingress) {
      return !items_at(ingress->object, "/spec/rules").empty() ||
             at(ingress->object, "/spec/defaultBackend").is_object();
    };
    if (std::ranges::any_of(members.ingresses, routes_something)) make_gateway(class_name, members);
    make_grants(members);
    for (const Ingress* ingress : members.ingresses) make_routes(*ingress, members);
  }

  static std::string origin(const Ingress& ingress) { return origin_of(ingress.raw->ref, ingress.raw->location); }

  void make_gateway(const std::string& class_name, const IngressClass& members) {
    std::string origin = fmt::format("the Ingresses of class \"{}\":", class_name);
    for (const Ingress* ingress : members.ingresses) origin += fmt::format(" {}/{}", ingress->ns(), ingress->name());
    Draft draft(origin, kV1, "Gateway", members.gateway_ns, members.gateway_name);
    draft.note(
        "spec.ingressClassName: the class \"{}\" has become this Gateway; it belongs to whoever runs the gateway, the "
        "routes to their teams",
        class_name);
    draft.spec()["gatewayClassName"] = "portcullis";
    Json& listeners = draft.spec()["listeners"];
    listeners.push_back(listener("http", "", 80, "HTTP", members));
    for (const TlsHost& tls : members.tls) {
      Json json = listener(tls.listener, tls.host, 443, "HTTPS", members);
      if (tls.secret.empty()) {
        draft.note("spec.tls: no secretName for host \"{}\": v1 has no default certificate; the name is assumed",
                   tls.host);
      }
      Json ref = {{"name", tls.secret.empty() ? "default-certificate" : tls.secret}};
      if (tls.secret_ns != members.gateway_ns) ref["namespace"] = tls.secret_ns;
      json["tls"] = {{"mode", "Terminate"}, {"certificateRefs", Json::array({ref})}};
      listeners.push_back(std::move(json));
    }
    note_other_secrets(members, draft);
    documents_.push_back(std::move(draft).take());
  }

  /// Anybody could take any host of an Ingress; now the listener says whose routes it takes.
  static Json listener(const std::string& name, const std::string& host, int port, const char* protocol,
                       const IngressClass& members) {
    Json json = {{"name", name}};
    if (!host.empty()) json["hostname"] = host;
    json["port"] = port;
    json["protocol"] = protocol;
    if (members.namespaces == std::set<std::string>{members.gateway_ns}) return json;
    Json expression = {{"key", "kubernetes.io/metadata.name"}, {"operator", "In"}, {"values", members.namespaces}};
    json["allowedRoutes"]["namespaces"] = {{"from", "Selector"},
                                           {"selector", {{"matchExpressions", Json::array({expression})}}}};
    return json;
  }

  /// A host has one certificate at a listener; who came first has it.
  static void note_other_secrets(const IngressClass& members, Draft& draft) {
    for (const Ingress* ingress : members.ingresses) {
      for (const Json& tls : items_at(ingress->object, "/spec/tls")) {
        const std::string secret = text_at(tls, "/secretName");
        for (const Json& host : items_at(tls, "/hosts")) {
          const auto taken =
              std::ranges::find_if(members.tls, [&host](const TlsHost& other) { return host == other.host; });
          if (taken == members.tls.end() || (taken->secret == secret && taken->secret_ns == ingress->ns())) continue;
          draft.note("spec.tls: Secret {}/{} of Ingress {}/{} is left out: host {} has Secret {}/{} already",
                     ingress->ns(), secret, ingress->ns(), ingress->name(), taken->host, taken->secret_ns,
                     taken->secret);
        }
      }
    }
  }

  void make_grants(const IngressClass& members) {
    std::map<std::string, std::set<std::string>> secrets;
    for (const TlsHost& tls : members.tls) {
      if (tls.secret_ns != members.gateway_ns && !tls.secret.empty()) secrets[tls.secret_ns].insert(tls.secret);
    }
    for (const auto& [ns, names] : secrets) {
      Draft draft(
          fmt::format("Secrets of namespace {} that Gateway {}/{} uses", ns, members.gateway_ns, members.gateway_name),
          kV1beta1, "ReferenceGrant", ns, members.gateway_name + "-certificates");
      draft.spec()["from"].push_back(
          Json{{"group", api::kGatewayGroup}, {"kind", "Gateway"}, {"namespace", members.gateway_ns}});
      for (const auto& name : names)
        draft.spec()["to"].push_back(Json{{"group", ""}, {"kind", "Secret"}, {"name", name}});
      documents_.push_back(std::move(draft).take());
    }
  }

  // Routes

  /// The rules of one host, which an Ingress may have several of.
  static std::map<std::string, std::vector<Json>> paths_by_host(const Ingress& ingress) {
    std::map<std::string, std::vector<Json>> hosts;
    for (const Json& rule : items_at(ingress.object, "/spec/rules")) {
      std::vector<Json>& paths = hosts[text_at(rule, "/host")];
      for (Json& path : items_at(rule, "/http/paths")) paths.push_back(std::move(path));
    }
    return hosts;
  }

  void make_routes(const Ingress& ingress, const IngressClass& members) {
    auto hosts = paths_by_host(ingress);
    const Json& fallback = at(ingress.object, "/spec/defaultBackend");
    if (fallback.is_object()) hosts[""];
    bool is_first = true;
    for (const auto& [host, paths] : hosts) {
      const std::string name =
          unique(host.empty() ? ingress.name() : ingress.name() + "-" + name_from(host), route_names_[ingress.ns()]);
      Draft draft(origin(ingress), kV1, "HTTPRoute", ingress.ns(), name);
      if (is_first) note_annotations(ingress, draft);
      is_first = false;
      copy_metadata(ingress, draft);
      const bool redirects = ingress.has_tls(host) && ingress.redirects_to_https();
      add_parents(ingress, members, host, redirects, draft);
      if (!host.empty()) draft.spec()["hostnames"].push_back(host);
      add_rules(ingress, host, paths, fallback, draft);
      documents_.push_back(std::move(draft).take());
      if (redirects) make_redirect(ingress, members, host, name);
    }
    if (hosts.empty()) {
      documents_.push_back(
          {origin(ingress), nullptr, {"nothing was made of it: it has neither rules nor a defaultBackend"}});
    }
  }

  static void copy_metadata(const Ingress& ingress, Draft& draft) {
    const Json& labels = at(ingress.object, "/metadata/labels");
    if (labels.is_object() && !labels.empty()) draft.metadata()["labels"] = labels;
  }

  static void note_annotations(const Ingress& ingress, Draft& draft) {
    const Json& annotations = at(ingress.object, "/metadata/annotations");
    if (!annotations.is_object()) return;
    for (const auto& [key, value] : annotations.items()) {
      if (key == "kubectl.kubernetes.io/last-applied-configuration" || key == "kubernetes.io/ingress.class") continue;
      const std::string_view text = key;
      const bool is_nginx = text.starts_with(kNginx);
      const std::string_view name = is_nginx ? text.substr(kNginx.size()) : text;
      if (is_nginx && (name == "ssl-redirect" || name == "force-ssl-redirect")) continue;
      const std::string_view what = is_nginx ? counterpart_of(name) : std::string_view();
      const std::string shown = value.is_string() ? value.get<std::string>() : value.dump();
      draft.note("metadata.annotations: {}: \"{}\" is not carried over ({}{})", key, shown.substr(0, shown.find('\n')),
                 what.empty() ? "it has no counterpart" : "its counterpart: ", what);
    }
  }

  /// Where a redirect has the plain listener, the route itself is behind TLS alone.
  static void add_parents(const Ingress& ingress, const IngressClass& members, const std::string& host, bool only_tls,
                          Draft& draft) {
    Json& parents = draft.spec()["parentRefs"];
    const auto add = [&](const std::string& section) {
      parents.push_back(parent_ref(members.gateway_ns, members.gateway_name, section, ingress.ns()));
    };
    if (!only_tls) add("http");
    if (!ingress.has_tls(host)) return;
    add(listener_for(members, host));
  }

  /// The host's own, that of a wildcard, that for every host.
  static std::string listener_for(const IngressClass& members, const std::string& host) {
    const auto name_of = [&members](auto fits) {
      const auto found = std::ranges::find_if(members.tls, fits);
      return found == members.tls.end() ? std::string() : found->listener;
    };
    std::string own = name_of([&host](const TlsHost& tls) { return tls.host == host; });
    if (!own.empty()) return own;
    const std::string wide = name_of([&host](const TlsHost& tls) { return covers(tls.host, host); });
    return wide.empty() ? name_of([](const TlsHost& tls) { return tls.host.empty(); }) : wide;
  }

  void add_rules(const Ingress& ingress, const std::string& host, const std::vector<Json>& paths, const Json& fallback,
                 Draft& draft) const {
    Json& rules = draft.spec()["rules"];
    rules = Json::array();
    bool has_root = false;
    for (const Json& path : paths) {
      const std::string value = text_at(path, "/path").empty() ? "/" : text_at(path, "/path");
      const std::string type = text_at(path, "/pathType");
      has_root = has_root || (value == "/" && type != "Exact");
      Json match = {{"path", {{"type", match_type(type, value, draft)}, {"value", value}}}};
      rules.push_back(
          Json{{"matches", Json::array({match})}, {"backendRefs", backends(ingress, at(path, "/backend"), draft)}});
    }
    if (!fallback.is_object() || has_root) return;
    if (host.empty()) {
      draft.note(
          "spec.defaultBackend: takes what no other route of this Gateway takes; with several Ingresses it was up to "
          "the controller whose it was");
    }
    Json match = {{"path", {{"type", "PathPrefix"}, {"value", "/"}}}};
    rules.push_back(Json{{"matches", Json::array({match})}, {"backendRefs", backends(ingress, fallback, draft)}});
  }

  /// ImplementationSpecific is what the controller made of it: for ingress-nginx a regular expression if it looks like
  /// one.
  static const char* match_type(const std::string& type, const std::string& value, Draft& draft) {
    if (type == "Exact") return "Exact";
    if (type == "Prefix") return "PathPrefix";
    const char* field = "spec.rules[].http.paths[].pathType";
    if (value.find_first_of("()[]{}*+?|^$\\") != std::string::npos) {
      draft.note(
          "{}: {} of path {} is written as RegularExpression; ingress-nginx takes such a one as the beginning of the "
          "path, without regard to case",
          field, type.empty() ? "unset" : type, value);
      return "RegularExpression";
    }
    draft.note("{}: {} of path {} is written as PathPrefix", field, type.empty() ? "unset" : type, value);
    return "PathPrefix";
  }

  [[nodiscard]] Json backends(const Ingress& ingress, const Json& backend, Draft& draft) const {
    const Json& resource = at(backend, "/resource");
    if (resource.is_object()) {
      const std::string kind = text_at(resource, "/kind");
      draft.note("backend.resource: whether {} {} can be a backend is up to who serves the route", kind,
                 text_at(resource, "/name"));
      return Json::array(
          {Json{{"group", text_at(resource, "/apiGroup")}, {"kind", kind}, {"name", text_at(resource, "/name")}}});
    }
    const std::string name = text_at(backend, "/service/name");
    if (name.empty()) {
      draft.note("backend: it names no Service: requests get 500");
      return Json::array();
    }
    return Json::array({backend_ref(name, port_of(ingress, name, at(backend, "/service/port"), draft), 1)});
  }

  [[nodiscard]] std::uint16_t port_of(const Ingress& ingress, const std::string& service, const Json& port,
                                      Draft& draft) const {
    const Json& number = at(port, "/number");
    if (number.is_number_unsigned()) return number.get<std::uint16_t>();
    const std::string name = text_at(port, "/name");
    for (const auto& known : api::named(input_.objects.services, {ingress.ns(), service})) {
      const auto found = std::ranges::find(known.ports, name, &api::ServicePort::name);
      if (found != known.ports.end()) return found->port;
    }
    const std::uint16_t assumed = name == "https" ? 443 : 80;
    draft.note(
        "backend.service.port.name: the number of port \"{}\" of Service {} is not known, as the Service is not in the "
        "input: {} is only assumed",
        name, service, assumed);
    return assumed;
  }

  void make_redirect(const Ingress& ingress, const IngressClass& members, const std::string& host,
                     const std::string& name) {
    Draft draft(origin(ingress), kV1, "HTTPRoute", ingress.ns(), name + "-redirect");
    draft.note(
        "spec.tls: ingress-nginx redirects to HTTPS what has TLS, with 308; here that is a route that one can see");
    draft.spec()["parentRefs"].push_back(parent_ref(members.gateway_ns, members.gateway_name, "http", ingress.ns()));
    if (!host.empty()) draft.spec()["hostnames"].push_back(host);
    Json filter = {{"type", "RequestRedirect"}, {"requestRedirect", {{"scheme", "https"}, {"statusCode", 308}}}};
    draft.spec()["rules"].push_back(Json{{"filters", Json::array({filter})}});
    documents_.push_back(std::move(draft).take());
  }

  const Input& input_;
  std::vector<Ingress> ingresses_;
  std::map<std::string, std::set<std::string>> route_names_;  ///< by namespace
  std::vector<Document> documents_;
};

}  // namespace

std::vector<Document> convert_ingresses(const Input& input) { return Converter(input).run(); }

}  // namespace gw::convert
