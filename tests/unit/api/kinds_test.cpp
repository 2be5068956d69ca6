// SPDX-License-Identifier: Apache-2.0
// One whole object of each kind: every field arrives where it belongs.
#include <gtest/gtest.h>

#include "userspace/api/decode.hpp"

namespace gw::api {
namespace {

using std::chrono::milliseconds;

ResourceSet decode_valid(const std::string& text) {
  Decoded decoded = decode(text, "f.yaml");
  for (const auto& problem : decoded.problems) ADD_FAILURE() << problem.to_string();
  return std::move(decoded.objects);
}

TEST(Kinds, HttpRoute) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: gw, namespace: infra, sectionName: https, port: 443}, {kind: ListenerSet, name: extra}]
  useDefaultGateways: All
  hostnames: ["*.example.com", example.org]
  rules:
  - name: canary
    matches:
    - path: {type: Exact, value: /a}
      headers: [{name: X-Canary, value: always}, {type: RegularExpression, name: x, value: "a.*"}]
      queryParams: [{name: q, value: "1"}]
      method: GET
    - path: {type: RegularExpression, value: "/[a-z]+"}
    backendRefs:
    - {name: a, port: 80, weight: 90}
    - name: b
      port: 80
      weight: 10
      filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x]}}]
    timeouts: {request: 10s, backendRequest: 500ms}
    retry: {codes: [500, 503], attempts: 3, backoff: 100ms}
    sessionPersistence: {type: Cookie, absoluteTimeout: 1h30m, cookie: {name: s, path: /a, lifetimeType: Permanent}}
  - backendRefs: [{group: example.com, kind: Backend, name: c, namespace: other}]
)");
  const HttpRoute& route = objects.http_routes.at(0);
  EXPECT_EQ(route.ref().to_string(), "HTTPRoute shop/web");
  EXPECT_EQ(route.parent_refs.at(0).section_name, "https");
  EXPECT_EQ(route.parent_refs.at(0).port, 443);
  EXPECT_EQ(route.parent_refs.at(1).kind, "ListenerSet");
  EXPECT_EQ(route.use_default_gateways, DefaultScope::All);
  EXPECT_EQ(route.hostnames, (std::vector<std::string>{"*.example.com", "example.org"}));

  const HttpRouteRule& rule = route.rules.at(0);
  EXPECT_EQ(rule.name, "canary");
  EXPECT_EQ(rule.location.line, 9);
  const HttpRouteMatch& match = rule.matches.at(0);
  EXPECT_EQ(match.path, (HttpPathMatch{HttpPathMatch::Type::Exact, "/a"}));
  EXPECT_EQ(match.headers.at(0), (NamedValueMatch{StringMatchType::Exact, "X-Canary", "always"}));
  EXPECT_EQ(match.headers.at(1), (NamedValueMatch{StringMatchType::RegularExpression, "x", "a.*"}));
  EXPECT_EQ(match.query_params.at(0), (NamedValueMatch{StringMatchType::Exact, "q", "1"}));
  EXPECT_EQ(match.method, "GET");
  EXPECT_EQ(rule.matches.at(1).path.type, HttpPathMatch::Type::RegularExpression);
  EXPECT_EQ(rule.backend_refs.at(0).weight, 90U);
  EXPECT_EQ(rule.backend_refs.at(1).filters.at(0).as<RequestHeaderModifier>()->headers.remove.at(0), "x");
  EXPECT_EQ(rule.timeouts, (HttpTimeouts{milliseconds(10'000), milliseconds(500)}));
  EXPECT_EQ(rule.retry, (HttpRetry{{500, 503}, 3, milliseconds(100)}));
  EXPECT_EQ(rule.session_persistence->name, "s");
  EXPECT_EQ(rule.session_persistence->cookie_path, "/a");
  EXPECT_EQ(rule.session_persistence->cookie_lifetime, SessionPersistence::CookieLifetime::Permanent);
  EXPECT_EQ(rule.session_persistence->absolute_timeout, milliseconds(5'400'000));

  const HttpRouteRule& second = route.rules.at(1);
  EXPECT_EQ(second.matches, std::vector<HttpRouteMatch>(1)) << "by default, one match for every path";
  EXPECT_EQ(second.backend_refs.at(0).ns, "other");
  EXPECT_EQ(second.backend_refs.at(0).weight, 1U);
}

TEST(Kinds, HttpRouteFilters) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1beta1
kind: HTTPRoute
metadata: {name: web}
spec:
  rules:
  - filters:
    - type: RequestHeaderModifier
      requestHeaderModifier: {set: [{name: a, value: "1"}], add: [{name: b, value: two words}], remove: [c]}
    - type: ResponseHeaderModifier
      responseHeaderModifier: {set: [{name: d, value: "4"}]}
    - type: RequestMirror
      requestMirror: {backendRef: {name: m, port: 80}}
    - type: RequestMirror
      requestMirror: {backendRef: {name: m, port: 80}, percent: 20}
    - type: RequestMirror
      requestMirror: {backendRef: {name: m, port: 80}, fraction: {numerator: 1, denominator: 3}}
    - type: RequestRedirect
      requestRedirect: {scheme: https, hostname: example.org, port: 8443, statusCode: 308,
                        path: {type: ReplaceFullPath, replaceFullPath: /new}}
    - type: CORS
      cors: {allowOrigins: ["https://*.example.com"], allowCredentials: true, allowMethods: [GET, POST],
             allowHeaders: [x-a], exposeHeaders: [x-b], maxAge: 60}
    - type: ExternalAuth
      externalAuth: {protocol: HTTP, backendRef: {name: auth, port: 80}, forwardBody: {maxSize: 1024},
                     http: {path: /check, allowedHeaders: [cookie], allowedResponseHeaders: [x-user]}}
    - type: ExtensionRef
      extensionRef: {group: example.com, kind: Filter, name: f}
  - filters:
    - type: URLRewrite
      urlRewrite: {hostname: in.example.com, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
    matches: [{path: {value: /v1}}]
)");
  const auto& filters = objects.http_routes.at(0).rules.at(0).filters;
  ASSERT_EQ(filters.size(), 9U);
  const HeaderModifier& request = filters[0].as<RequestHeaderModifier>()->headers;
  EXPECT_EQ(request.set.at(0), (HeaderValue{"a", "1"}));
  EXPECT_EQ(request.add.at(0), (HeaderValue{"b", "two words"}));
  EXPECT_EQ(request.remove.at(0), "c");
  EXPECT_EQ(filters[1].as<ResponseHeaderModifier>()->headers.set.at(0).name, "d");
  const auto share = [&filters](std::size_t i) {
    const auto& mirror = *filters[i].as<RequestMirror>();
    return std::pair(mirror.numerator, mirror.denominator);
  };
  EXPECT_EQ(share(2), std::pair(1U, 1U));
  EXPECT_EQ(share(3), std::pair(20U, 100U));
  EXPECT_EQ(share(4), std::pair(1U, 3U));
  const auto& redirect = *filters[5].as<RequestRedirect>();
  EXPECT_EQ(redirect, (RequestRedirect{"https", "example.org",
                                       HttpPathModifier{HttpPathModifier::Type::ReplaceFullPath, "/new"}, 8443, 308}));
  const auto& cors = *filters[6].as<Cors>();
  EXPECT_EQ(cors, (Cors{{"https://*.example.com"}, true, {"GET", "POST"}, {"x-a"}, {"x-b"}, 60}));
  const auto& auth = *filters[7].as<ExternalAuth>();
  EXPECT_EQ(auth.path, "/check");
  EXPECT_EQ(auth.allowed_headers.at(0), "cookie");
  EXPECT_EQ(auth.allowed_response_headers.at(0), "x-user");
  EXPECT_EQ(auth.forward_body_bytes, 1024U);
  EXPECT_EQ(filters[8].as<ExtensionFilter>()->ref.kind, "Filter");
  const auto& rewrite = *objects.http_routes.at(0).rules.at(1).filters.at(0).as<UrlRewrite>();
  EXPECT_EQ(rewrite, (UrlRewrite{"in.example.com", HttpPathModifier{HttpPathModifier::Type::ReplacePrefixMatch, "/"}}));
}

TEST(Kinds, AnHttpRouteWithoutRulesTakesEveryPath) {
  const ResourceSet objects = decode_valid(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {rules: null}\n");
  ASSERT_EQ(objects.http_routes.at(0).rules.size(), 1U);
  EXPECT_EQ(objects.http_routes.at(0).rules.at(0).matches.at(0).path.value, "/");
  EXPECT_EQ(objects.http_routes.at(0).rules.at(0).matches.at(0).path.type, HttpPathMatch::Type::PathPrefix);
}

TEST(Kinds, GrpcRoute) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: g}
spec:
  hostnames: [grpc.example.com]
  rules:
  - name: hello
    matches:
    - method: {service: helloworld.Greeter, method: SayHello}
      headers: [{name: v, value: "2"}]
    - method: {type: RegularExpression, service: "foo.*"}
    filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {add: [{name: a, value: b}]}}]
    backendRefs: [{name: a, port: 80, filters: [{type: RequestMirror, requestMirror: {backendRef: {name: m, port: 1}}}]}]
    sessionPersistence: {type: Header, header: {name: x-session}}
  - backendRefs: [{name: b, port: 80}]
)");
  const GrpcRoute& route = objects.grpc_routes.at(0);
  EXPECT_EQ(route.ref().to_string(), "GRPCRoute default/g");
  EXPECT_EQ(route.hostnames.at(0), "grpc.example.com");
  const GrpcRouteRule& rule = route.rules.at(0);
  EXPECT_EQ(rule.matches.at(0).method->service, "helloworld.Greeter");
  EXPECT_EQ(rule.matches.at(0).method->method, "SayHello");
  EXPECT_EQ(rule.matches.at(0).headers.at(0).value, "2");
  EXPECT_EQ(rule.matches.at(1).method->type, StringMatchType::RegularExpression);
  EXPECT_FALSE(rule.matches.at(1).method->method);
  EXPECT_EQ(rule.filters.at(0).as<ResponseHeaderModifier>()->headers.add.at(0).name, "a");
  EXPECT_EQ(rule.backend_refs.at(0).filters.at(0).as<RequestMirror>()->backend.name, "m");
  EXPECT_EQ(rule.session_persistence->type, SessionPersistence::Type::Header);
  EXPECT_EQ(rule.session_persistence->name, "x-session");
  EXPECT_TRUE(route.rules.at(1).matches.empty());
}

TEST(Kinds, TlsRoute) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: a}
spec:
  parentRefs: [{name: gw}]
  hostnames: ["*.example.com"]
  rules: [{name: r, backendRefs: [{name: b, port: 443}]}]
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TLSRoute
metadata: {name: b}
spec: {rules: [{backendRefs: [{name: b, port: 443}]}, {backendRefs: [{name: c, port: 443}]}]}
---
apiVersion: gateway.networking.k8s.io/v1alpha3
kind: TLSRoute
metadata: {name: c}
spec: {hostnames: [a.b], rules: [{backendRefs: [{name: b, port: 443}]}]}
)");
  ASSERT_EQ(objects.tls_routes.size(), 3U);
  EXPECT_EQ(objects.tls_routes[0].hostnames.at(0), "*.example.com");
  EXPECT_EQ(objects.tls_routes[0].rules.at(0).backend_refs.at(0).port, 443);
  EXPECT_TRUE(objects.tls_routes[1].hostnames.empty());
  EXPECT_EQ(objects.tls_routes[1].rules.size(), 2U);
  EXPECT_EQ(objects.tls_routes[2].version, "v1alpha3");
}

TEST(Kinds, Gateway) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: portcullis
  defaultScope: All
  addresses:
  - {value: "2001:db8::1", routability: Cluster}
  - {type: Hostname, value: gw.example.com}
  infrastructure:
    labels: {team: a}
    annotations: {example.com/note: whatever it is}
    parametersRef: {group: example.com, kind: Config, name: c}
  allowedListeners: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}
  tls:
    backend: {clientCertificateRef: {name: client}}
    frontend:
      default: {validation: {caCertificateRefs: [{group: "", kind: ConfigMap, name: ca, namespace: certs}]}}
      perPort:
      - {port: 8443, tls: {}}
      - port: 9443
        tls: {validation: {mode: AllowInsecureFallback, caCertificateRefs: [{group: "", kind: ConfigMap, name: b}]}}
  listeners:
  - name: https
    hostname: "*.example.com"
    port: 443
    protocol: HTTPS
    tls: {certificateRefs: [{name: cert}, {name: other, namespace: certs}], options: {example.com/a: b}}
    filters: {requests: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Filter, name: f}}]}
  - {name: tls, port: 8443, protocol: TLS, tls: {mode: Passthrough}}
)");
  const Gateway& gateway = objects.gateways.at(0);
  EXPECT_EQ(gateway.default_scope, DefaultScope::All);
  EXPECT_EQ(gateway.addresses.at(0).routability, "Cluster");
  EXPECT_EQ(gateway.addresses.at(1).type, "Hostname");
  EXPECT_EQ(gateway.infrastructure->labels.at("team"), "a");
  EXPECT_EQ(gateway.infrastructure->annotations.at("example.com/note"), "whatever it is");
  EXPECT_EQ(gateway.infrastructure->parameters_ref->name, "c");
  EXPECT_EQ(gateway.allowed_listeners.from, NamespacesFrom::Selector);
  EXPECT_TRUE(gateway.allowed_listeners.selector.matches({{"team", "a"}}));
  EXPECT_EQ(gateway.tls->backend_client_certificate->kind, "Secret");
  EXPECT_EQ(gateway.tls->frontend_default->ca_certificate_refs.at(0).ns, "certs");
  EXPECT_FALSE(gateway.tls->frontend_per_port.at(0).validation);
  EXPECT_EQ(gateway.tls->frontend_per_port.at(1).validation->mode, FrontendValidation::Mode::AllowInsecureFallback);
  const Listener& https = gateway.listeners.at(0);
  EXPECT_EQ(https.hostname, "*.example.com");
  EXPECT_EQ(https.tls->mode, TlsMode::Terminate);
  EXPECT_EQ(https.tls->certificate_refs.at(0).kind, "Secret");
  EXPECT_EQ(https.tls->certificate_refs.at(1).ns, "certs");
  EXPECT_EQ(https.tls->options.at("example.com/a"), "b");
  EXPECT_EQ(https.request_filters.at(0).as<ExtensionFilter>()->ref.name, "f");
  EXPECT_EQ(https.allowed_routes.namespaces.from, NamespacesFrom::Same);
  EXPECT_EQ(gateway.listeners.at(1).tls->mode, TlsMode::Passthrough);
}

TEST(Kinds, AGatewayTakesNoListenerSetsUnlessItSaysSo) {
  const ResourceSet objects = decode_valid(
      "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: a}\nspec: {gatewayClassName: c, "
      "listeners: [{name: a, port: 1, protocol: TCP}]}\n");
  EXPECT_EQ(objects.gateways.at(0).allowed_listeners.from, NamespacesFrom::None);
}

TEST(Kinds, ListenerSet) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: extra, namespace: shop}
spec:
  parentRef: {name: gw, namespace: infra}
  listeners: [{name: a, port: 80, protocol: HTTP, hostname: a.example.com}]
)");
  const ListenerSet& set = objects.listener_sets.at(0);
  EXPECT_EQ(set.ref().to_string(), "ListenerSet shop/extra");
  EXPECT_EQ(set.parent.kind, "Gateway");
  EXPECT_EQ(set.parent.ns, "infra");
  EXPECT_EQ(set.listeners.at(0).hostname, "a.example.com");
}

TEST(Kinds, GatewayClassWithParameters) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1beta1
kind: GatewayClass
metadata: {name: c}
spec:
  controllerName: portcullis.dev/gateway-controller
  description: ours
  parametersRef: {group: portcullis.dev, kind: GatewayClassConfig, name: p, namespace: infra}
)");
  EXPECT_EQ(objects.gateway_classes.at(0).parameters_ref->kind, "GatewayClassConfig");
  EXPECT_EQ(objects.gateway_classes.at(0).parameters_ref->ns, "infra");
}

TEST(Kinds, BackendTlsPolicy) {
  const ResourceSet objects = decode_valid(R"(apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: p}
spec:
  targetRefs: [{group: "", kind: Service, name: a, sectionName: https}, {group: "", kind: Service, name: b}]
  validation:
    caCertificateRefs: [{group: "", kind: ConfigMap, name: ca}]
    hostname: a.example.com
    subjectAltNames: [{type: Hostname, hostname: b.example.com}, {type: URI, uri: "spiffe://example.com/a"}]
  options: {example.com/a: b}
---
apiVersion: gateway.networking.k8s.io/v1alpha3
kind: BackendTLSPolicy
metadata: {name: q}
spec:
  targetRefs: [{group: "", kind: Service, name: a}]
  validation: {wellKnownCACertificates: System, hostname: a.example.com}
)");
  const BackendTlsPolicy& policy = objects.backend_tls_policies.at(0);
  EXPECT_EQ(policy.targets.at(0).section_name, "https");
  EXPECT_EQ(policy.ca_certificate_refs.at(0).name, "ca");
  EXPECT_EQ(policy.hostname, "a.example.com");
  EXPECT_EQ(policy.subject_alt_names.at(0), (SubjectAltName{SubjectAltName::Type::Hostname, "b.example.com"}));
  EXPECT_EQ(policy.subject_alt_names.at(1), (SubjectAltName{SubjectAltName::Type::Uri, "spiffe://example.com/a"}));
  EXPECT_EQ(policy.options.at("example.com/a"), "b");
  EXPECT_EQ(objects.backend_tls_policies.at(1).well_known_ca_certificates, "System");
}

TEST(Kinds, Services) {
  const ResourceSet objects = decode_valid(R"(apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: a}}
---
apiVersion: v1
kind: Service
metadata: {name: external}
spec: {type: ExternalName, externalName: db.example.com.}
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec:
  ports: [{port: 80, appProtocol: kubernetes.io/h2c}]
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
)");
  EXPECT_TRUE(objects.services.at(0).is_headless);
  EXPECT_TRUE(objects.services.at(0).publishes_not_ready);
  EXPECT_EQ(objects.services.at(1).external_name, "db.example.com");
  EXPECT_TRUE(objects.services.at(2).has_client_ip_affinity);
  EXPECT_EQ(objects.services.at(2).affinity_timeout, std::chrono::seconds(60));
  EXPECT_EQ(objects.services.at(2).ports.at(0).app_protocol, "kubernetes.io/h2c");
}

TEST(Kinds, SecretsAndConfigMapsArriveAsBytes) {
  const Decoded decoded = decode(R"(apiVersion: v1
kind: Secret
metadata: {name: cert}
type: kubernetes.io/tls
data: {tls.crt: aGVsbG8=, tls.key: AAECAw==, ca.crt: ""}
stringData: {tls.crt: instead}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: ca}
data: {ca.crt: text}
binaryData: {raw: /w==}
)",
                                 "f.yaml");
  ASSERT_TRUE(decoded.problems.empty()) << decoded.problems.front().to_string();
  const Secret& secret = decoded.objects.secrets.at(0);
  EXPECT_EQ(secret.type, Secret::kTlsType);
  EXPECT_EQ(secret.data.at("tls.crt"), "instead");
  EXPECT_EQ(secret.data.at("tls.key"), std::string("\0\1\2\3", 4));
  EXPECT_EQ(secret.data.at("ca.crt"), "");
  const ConfigMap& config_map = decoded.objects.config_maps.at(0);
  EXPECT_EQ(config_map.data.at("ca.crt"), "text");
  EXPECT_EQ(config_map.data.at("raw"), "\xff");
}

TEST(Kinds, WhatIsPublishedOfASecretKeepsItsBytes) {
  const Decoded decoded = decode(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: "
      "{kubectl.kubernetes.io/last-applied-configuration: "
      "aGVsbG8=, a: b}}\ndata: {a: aGVsbG8=}\nstringData: {b: hidden}\n",
      "f.yaml");
  const std::string& json = decoded.raw.at(0).json;
  EXPECT_EQ(json.find("aGVsbG8="), std::string::npos) << json;
  EXPECT_EQ(json.find("hidden"), std::string::npos) << json;
  EXPECT_NE(json.find("(6 characters)"), std::string::npos) << json;
}

TEST(Kinds, TheRoutesOf2021) {
  const ResourceSet objects = decode_valid(R"(apiVersion: networking.x-k8s.io/v1alpha1
kind: HTTPRoute
metadata: {name: http}
spec:
  gateways: {allow: All}
  hostnames: [a.example.com]
  tls: {certificateRef: {group: core, kind: Secret, name: cert}}
  rules:
  - matches:
    - path: {type: Prefix, value: /foo}
      headers: {type: Exact, values: {traffic: test}}
      queryParams: {type: ImplementationSpecific, values: {a: b}}
    - extensionRef: {group: example.com, kind: Match, name: m}
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier: {set: {a: "1"}, add: {b: "2"}, remove: [c]}
    - type: RequestMirror
      requestMirror: {serviceName: m, port: 80}
    forwardTo:
    - {serviceName: a, port: 80, weight: 3}
    - backendRef: {group: core, kind: Service, name: b}
      filters: [{type: ExtensionRef, extensionRef: {group: example.com, kind: Filter, name: f}}]
---
apiVersion: networking.x-k8s.io/v1alpha1
kind: TLSRoute
metadata: {name: tls}
spec:
  rules:
  - matches: [{snis: [a.example.com, "*.example.org"]}]
    forwardTo: [{serviceName: a, port: 443}]
  - forwardTo: [{serviceName: b, port: 443}]
---
apiVersion: networking.x-k8s.io/v1alpha1
kind: UDPRoute
metadata: {name: udp}
spec: {rules: [{matches: [{extensionRef: {group: a, kind: B, name: c}}], forwardTo: [{serviceName: a}]}]}
)");
  const HttpRoute& http = objects.http_routes.at(0);
  EXPECT_TRUE(http.is_legacy());
  EXPECT_EQ(http.legacy_gateways->allow, LegacyGatewaysAllow::Allow::All);
  EXPECT_EQ(http.legacy_certificate_ref->group, "");
  EXPECT_EQ(http.legacy_certificate_ref->name, "cert");
  const HttpRouteRule& rule = http.rules.at(0);
  EXPECT_EQ(rule.matches.at(0).path, (HttpPathMatch{HttpPathMatch::Type::PathPrefix, "/foo"}));
  EXPECT_EQ(rule.matches.at(0).headers.at(0), (NamedValueMatch{StringMatchType::Exact, "traffic", "test"}));
  EXPECT_EQ(rule.matches.at(0).query_params.at(0).type, StringMatchType::LegacyImplementationSpecific);
  EXPECT_EQ(rule.matches.at(1).legacy_extension_ref->name, "m");
  const HeaderModifier& headers = rule.filters.at(0).as<RequestHeaderModifier>()->headers;
  EXPECT_EQ(headers.set.at(0), (HeaderValue{"a", "1"}));
  EXPECT_EQ(headers.add.at(0), (HeaderValue{"b", "2"}));
  EXPECT_EQ(headers.remove.at(0), "c");
  EXPECT_EQ(rule.filters.at(1).as<RequestMirror>()->backend.name, "m");
  EXPECT_EQ(rule.backend_refs.at(0).weight, 3U);
  EXPECT_EQ(rule.backend_refs.at(1).group, "");
  EXPECT_FALSE(rule.backend_refs.at(1).port);
  EXPECT_EQ(rule.backend_refs.at(1).filters.at(0).as<ExtensionFilter>()->ref.kind, "Filter");

  const TlsRoute& tls = objects.tls_routes.at(0);
  EXPECT_EQ(tls.rules.at(0).legacy_matches.at(0).snis, (std::vector<std::string>{"a.example.com", "*.example.org"}));
  EXPECT_TRUE(tls.rules.at(1).legacy_matches.empty());
  EXPECT_EQ(objects.l4_routes.at(0).kind, "UDPRoute");
  EXPECT_EQ(objects.l4_routes.at(0).rules.at(0).legacy_matches.at(0).extension_ref->kind, "B");
}

TEST(Kinds, TheGatewayAndPoliciesOf2021) {
  const ResourceSet objects = decode_valid(R"(apiVersion: networking.x-k8s.io/v1alpha1
kind: Gateway
metadata: {name: g}
spec:
  gatewayClassName: portcullis
  listeners:
  - port: 443
    protocol: HTTPS
    hostname: "*"
    tls:
      certificateRef: {group: core, kind: Secret, name: cert}
      routeOverride: {certificate: Allow}
      options: {a: b}
    routes: {kind: HTTPRoute}
  - {port: 8443, protocol: TLS, tls: {mode: Passthrough}, routes: {kind: TLSRoute}}
  - {port: 80, protocol: HTTP, tls: {mode: Terminate}, routes: {kind: HTTPRoute}}
---
apiVersion: networking.x-k8s.io/v1alpha1
kind: GatewayClass
metadata: {name: c}
spec:
  controller: portcullis.dev/gateway-controller
  parametersRef: {group: core, kind: ConfigMap, name: p, scope: Namespace, namespace: infra}
---
apiVersion: networking.x-k8s.io/v1alpha1
kind: BackendPolicy
metadata: {name: p}
spec:
  backendRefs: [{group: core, kind: Service, name: a, port: 443}, {group: core, kind: Service, name: b}]
  tls: {certificateAuthorityRef: {group: core, kind: ConfigMap, name: ca}, options: {a: b}}
)");
  const auto& listeners = objects.gateways.at(0).listeners;
  EXPECT_FALSE(listeners.at(0).hostname);
  EXPECT_EQ(listeners.at(0).tls->certificate_refs.at(0).group, "");
  EXPECT_TRUE(listeners.at(0).tls->legacy_route_may_override_certificate);
  EXPECT_EQ(listeners.at(0).tls->options.at("a"), "b");
  EXPECT_EQ(listeners.at(1).name, "listener-1");
  EXPECT_EQ(listeners.at(1).tls->mode, TlsMode::Passthrough);
  EXPECT_FALSE(listeners.at(1).tls->legacy_route_may_override_certificate);
  EXPECT_FALSE(listeners.at(2).tls) << "tls of an HTTP listener is ignored";
  EXPECT_EQ(objects.gateway_classes.at(0).parameters_ref->ns, "infra");
  const BackendPolicy& policy = objects.backend_policies.at(0);
  EXPECT_EQ(policy.backends.at(0).port, 443);
  EXPECT_FALSE(policy.backends.at(1).port);
  EXPECT_TRUE(policy.has_tls);
  EXPECT_EQ(policy.ca_certificate_ref->kind, "ConfigMap");
}

}  // namespace
}  // namespace gw::api
