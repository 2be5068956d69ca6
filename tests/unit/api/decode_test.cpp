// SPDX-License-Identifier: Apache-2.0
#include "userspace/api/decode.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace gw::api {
namespace {

constexpr const char* kGateway = R"(apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: web
  namespace: infra
  labels: {a: b}
  generation: 7
  creationTimestamp: 2026-01-02T03:04:05Z
spec:
  gatewayClassName: portcullis
  addresses: [{value: 10.0.0.1}]
  listeners:
  - name: tcp
    port: 8080
    protocol: TCP
    allowedRoutes:
      namespaces: {from: Selector, selector: {matchExpressions: [{key: team, operator: In, values: [x]}]}}
      kinds: [{kind: TCPRoute}]
)";

TEST(Decode, AGatewayArrivesWhole) {
  const Decoded decoded = decode(kGateway, "f.yaml");
  ASSERT_TRUE(decoded.problems.empty()) << decoded.problems.front().to_string();
  const Gateway& gateway = decoded.objects.gateways.at(0);
  EXPECT_EQ(gateway.ref().to_string(), "Gateway infra/web");
  EXPECT_EQ(gateway.meta.generation, 7);
  EXPECT_EQ(gateway.meta.creation_timestamp, 1767323045);
  EXPECT_EQ(gateway.meta.labels.at("a"), "b");
  EXPECT_EQ(gateway.addresses.at(0).value, "10.0.0.1");
  const Listener& listener = gateway.listeners.at(0);
  EXPECT_EQ(listener.port, 8080);
  EXPECT_EQ(listener.allowed_routes.namespaces.from, NamespacesFrom::Selector);
  EXPECT_TRUE(listener.allowed_routes.namespaces.selector.matches({{"team", "x"}}));
  EXPECT_FALSE(listener.allowed_routes.namespaces.selector.matches({{"team", "y"}}));
  EXPECT_EQ(listener.location.line, 13);
}

TEST(Decode, OlderVersionsArriveInTheShapeOfV1) {
  const Decoded decoded = decode(R"(apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: r}
spec:
  parentRefs: [{name: web, sectionName: tcp, port: 80}]
  rules: [{backendRefs: [{name: a, port: 81, weight: 0}, {name: b, namespace: other, port: 82}]}]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: g}
spec: {from: [{group: gateway.networking.k8s.io, kind: TCPRoute, namespace: x}], to: [{group: "", kind: Service, name: s}]}
)",
                                 "f.yaml");
  ASSERT_TRUE(decoded.problems.empty()) << decoded.problems.front().to_string();
  const L4Route& route = decoded.objects.l4_routes.at(0);
  EXPECT_EQ(route.meta.ns, "default");
  EXPECT_EQ(route.version, "v1alpha2");
  EXPECT_EQ(route.parent_refs.at(0).port, 80);
  EXPECT_EQ(route.rules.at(0).backend_refs.at(0).weight, 0U);
  EXPECT_EQ(route.rules.at(0).backend_refs.at(1).weight, 1U);
  EXPECT_EQ(route.rules.at(0).backend_refs.at(1).ns, "other");
  EXPECT_EQ(decoded.objects.reference_grants.at(0).to.at(0).name, "s");
}

TEST(Decode, TheApiOf2021KeepsWhatV1CannotSay) {
  const Decoded decoded = decode(R"(apiVersion: networking.x-k8s.io/v1alpha1
kind: Gateway
metadata: {name: old}
spec:
  gatewayClassName: portcullis
  listeners:
  - {port: 80, protocol: TCP, routes: {kind: TCPRoute, selector: {matchLabels: {app: foo}}, namespaces: {from: All}}}
---
apiVersion: networking.x-k8s.io/v1alpha1
kind: TCPRoute
metadata: {name: r}
spec:
  gateways: {allow: FromList, gatewayRefs: [{name: old, namespace: default}]}
  rules: [{forwardTo: [{serviceName: a}]}, {forwardTo: [{serviceName: b, port: 1, weight: 2}]}]
)",
                                 "f.yaml");
  ASSERT_TRUE(decoded.problems.empty()) << decoded.problems.front().to_string();
  const Listener& listener = decoded.objects.gateways.at(0).listeners.at(0);
  EXPECT_EQ(listener.name, "listener-0");
  EXPECT_TRUE(listener.legacy_route_selector->matches({{"app", "foo"}}));
  EXPECT_EQ(listener.allowed_routes.namespaces.from, NamespacesFrom::All);
  const L4Route& route = decoded.objects.l4_routes.at(0);
  EXPECT_EQ(route.legacy_gateways->gateway_refs.at(0).to_string(), "default/old");
  EXPECT_EQ(route.rules.size(), 2U);
  EXPECT_FALSE(route.rules.at(0).backend_refs.at(0).port);
}

TEST(Decode, JsonListsAnchorsAndEmptyDocumentsWork) {
  EXPECT_EQ(
      decode(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 1}]}})",
             "f.json")
          .objects.services.size(),
      1U);
  const Decoded decoded = decode(R"(---
---
# nothing
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: &meta {name: a}}
- {apiVersion: v1, kind: Service, metadata: *meta, spec: {ports: [{port: 1, targetPort: http}]}}
)",
                                 "f.yaml");
  EXPECT_TRUE(decoded.problems.empty());
  EXPECT_EQ(decoded.objects.namespaces.at(0).meta.labels.at("kubernetes.io/metadata.name"), "a");
  EXPECT_EQ(decoded.objects.services.size(), 1U);
}

TEST(Decode, ObjectsOfOthersAreLeftAlone) {
  const Decoded decoded =
      decode("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {whatever: 1}\n", "f.yaml");
  EXPECT_TRUE(decoded.problems.empty());
  EXPECT_FALSE(decoded.incomplete);
}

TEST(Decode, ABrokenDocumentDoesNotHideThoseAroundIt) {
  const std::string text = std::string(kGateway) + "---\nkind: [\n---\n" +
                           "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 1}]}\n";
  const Decoded decoded = decode(text, "f.yaml");
  EXPECT_EQ(decoded.objects.gateways.size(), 1U);
  EXPECT_EQ(decoded.objects.services.size(), 1U);
  EXPECT_TRUE(decoded.incomplete);
  ASSERT_EQ(decoded.problems.size(), 1U);
  EXPECT_EQ(decoded.problems[0].location.line, 21);
}

TEST(Decode, ARejectedObjectIsNamedAndKeptOut) {
  const Decoded decoded =
      decode("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 0}]}\n", "f.yaml");
  EXPECT_TRUE(decoded.objects.services.empty());
  EXPECT_EQ(decoded.rejected.at(0).to_string(), "Service default/a");
  EXPECT_FALSE(decoded.incomplete);
}

TEST(Decode, HostileNestingAndAliasesAreBounded) {
  EXPECT_FALSE(
      decode("apiVersion: v1\nkind: Service\nmetadata: " + std::string(10000, '[') + "\n", "f.yaml").problems.empty());
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string previous = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous;
    for (int j = 0; j < 8; ++j) bomb += "," + previous;
    bomb += "]\n";
  }
  EXPECT_FALSE(decode(bomb, "f.yaml").problems.empty());
}

/// yaml-cpp takes any bytes, and JSON cannot be written of them.
TEST(Decode, WhatIsNotUtf8IsRefusedWhereItIsNot) {
  const auto decode_with = [](const std::string& annotation) {
    return decode(std::string(kGateway) +
                      "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {x: \"" + annotation +
                      "\"}}\nspec: {ports: [{port: 1}]}\n",
                  "f.yaml");
  };
  for (const char* good : {"a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(decode_with(good).problems.empty());
  }
  for (const char* bad : {"\x80", "\xff", "\xc0\xaf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xe2\x82", "\xe2\x82z"}) {
    const Decoded decoded = decode_with(bad);
    EXPECT_EQ(decoded.objects.gateways.size(), 1U);
    EXPECT_TRUE(decoded.incomplete);
    ASSERT_EQ(decoded.problems.size(), 1U);
    EXPECT_EQ(decoded.problems[0].location, (SourceLocation{"f.yaml", 22, 39}));
    EXPECT_EQ(decoded.problems[0].message,
              fmt::format("is not UTF-8: byte 0x{:02x} is of no character (save the file as UTF-8)",
                          static_cast<unsigned char>(bad[0])));
  }
}

/// The first problem's line, without the file name.
std::string first_problem(const std::string& text) {
  const Decoded decoded = decode(text, "f");
  return decoded.problems.empty() ? "" : decoded.problems.front().to_string();
}

struct BadSpec {
  const char* spec;     ///< of a Gateway `web`, on line 5
  const char* problem;  ///< behind "Gateway default/web "
};

class BadGateway : public ::testing::TestWithParam<BadSpec> {};

TEST_P(BadGateway, IsReportedWithItsPlace) {
  const std::string text =
      std::string("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web}\nspec:\n") + "  " +
      GetParam().spec + "\n";
  const std::string line = first_problem(text);
  const auto at = line.find("Gateway default/web ");
  ASSERT_NE(at, std::string::npos) << line;
  EXPECT_EQ(line.substr(at + 20), GetParam().problem);
  EXPECT_EQ(line.substr(0, 2), "f:");
}

#define LISTENER(fields) "{gatewayClassName: x, listeners: [{name: a, port: 80, protocol: TCP}, {" fields "}]}"

INSTANTIATE_TEST_SUITE_P(
    Specs, BadGateway,
    ::testing::Values(
        BadSpec{"{listeners: [{name: a, port: 1, protocol: TCP}]}",
                "spec.gatewayClassName: is missing (it is required)"},
        BadSpec{"{gatewayClassName: x}", "spec.listeners: is missing (it is required)"},
        BadSpec{"{gatewayClassName: 5, listeners: [{name: a, port: 1, protocol: TCP}]}",
                "spec.gatewayClassName: is an integer (expected a string: write \"5\")"},
        BadSpec{"{gatewayClassName: x, listeners: []}", "spec.listeners: has 0 items (expected 1 to 64)"},
        BadSpec{"{gatewayClassName: x, listeners: {}}", "spec.listeners: is a mapping (expected a list)"},
        BadSpec{"{gatewayClassName: x, lisseners: [], listeners: [{name: a, port: 1, protocol: TCP}]}",
                "spec.lisseners: unknown field \"lisseners\" (did you mean \"listeners\"?)"},
        BadSpec{LISTENER("name: b, port: 0, protocol: TCP"),
                "spec.listeners[1].port: 0 is out of range (expected 1..65535)"},
        BadSpec{LISTENER("name: b, port: \"81\", protocol: TCP"),
                "spec.listeners[1].port: is a string (expected an integer, 1..65535)"},
        BadSpec{LISTENER("name: b, port: 8.5, protocol: TCP"),
                "spec.listeners[1].port: is a number (expected an integer, 1..65535)"},
        BadSpec{LISTENER("name: b, protocol: TCP"), "spec.listeners[1].port: is missing (it is required)"},
        BadSpec{LISTENER("name: b, port: 81"), "spec.listeners[1].protocol: is missing (it is required)"},
        BadSpec{LISTENER("port: 81, protocol: TCP"), "spec.listeners[1].name: is missing (it is required)"},
        BadSpec{LISTENER("name: B_, port: 81, protocol: TCP"),
                "spec.listeners[1].name: \"B_\" is not valid (expected lower-case letters, digits, '-' and '.', as in "
                "\"my-name\", at most 253 characters)"},
        BadSpec{LISTENER("name: a, port: 81, protocol: TCP"),
                "spec.listeners[1]: another listener is named \"a\" (names are unique within a Gateway)"},
        BadSpec{LISTENER("name: b, port: 80, protocol: TCP"),
                "spec.listeners[1]: another listener has port 80, protocol TCP and the same hostname (the combination "
                "is unique)"},
        BadSpec{LISTENER("name: b, port: 81, protocol: TCP, hostname: example.com"),
                "spec.listeners[1]: has a hostname, which a TCP listener cannot match (leave it out)"},
        BadSpec{LISTENER("name: b, port: 81, protocol: TCP, tls: {mode: Passthrough}"),
                "spec.listeners[1].tls: is set, but the protocol is TCP (only HTTPS and TLS listeners have tls)"},
        BadSpec{LISTENER("name: b, port: 81, protocol: TCP, allowedRoutes: {namespaces: {from: Any}}"),
                "spec.listeners[1].allowedRoutes.namespaces.from: \"Any\" is not supported (expected one of All, "
                "Selector, Same)"},
        BadSpec{LISTENER("name: b, port: 81, protocol: TCP, allowedRoutes: {kinds: [{}]}"),
                "spec.listeners[1].allowedRoutes.kinds[0].kind: is missing (it is required)"},
        BadSpec{LISTENER("name: b, port: 81, port: 82, protocol: TCP"),
                "spec.listeners[1].port: occurs twice in this mapping"},
        BadSpec{LISTENER("name: b, port: 81, protocol: TCP, allowedRoutes: {namespaces: {from: Selector, selector: "
                         "{matchExpressions: [{key: a, operator: In}]}}}"),
                "spec.listeners[1].allowedRoutes.namespaces.selector.matchExpressions[0]: values is empty (In and "
                "NotIn need "
                "some)"}));

struct BadText {
  const char* text;
  const char* problem;
};

class BadManifest : public ::testing::TestWithParam<BadText> {};

TEST_P(BadManifest, IsReportedWithItsPlace) { EXPECT_EQ(first_problem(GetParam().text), GetParam().problem); }

#define ROUTE "apiVersion: gateway.networking.k8s.io/v1\nkind: TCPRoute\nmetadata: {name: r}\nspec:\n"
#define OLD_ROUTE "apiVersion: networking.x-k8s.io/v1alpha1\nkind: TCPRoute\nmetadata: {name: r}\nspec:\n"
#define SLICE "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\n"

INSTANTIATE_TEST_SUITE_P(
    Texts, BadManifest,
    ::testing::Values(
        BadText{"a: [\n", "f:2:1: is not YAML: end of sequence flow not found"},
        BadText{"just text\n", "f:1:1: is a string (expected a mapping)"},
        BadText{"kind: Gateway\n", "f:1:1: apiVersion: is missing (it is required)"},
        BadText{"apiVersion: v1\n", "f:1:1: kind: is missing (it is required)"},
        BadText{"apiVersion: v1\nkind: Service\nspec: {}\n",
                "f:1:1: Service default/ metadata: is missing (it is required)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {}\nspec: {}\n",
                "f:3:11: Service default/ metadata.name: is missing (it is required)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {name: Web}\nspec: {}\n",
                "f:3:18: Service default/Web metadata.name: \"Web\" is not valid (expected lower-case letters, digits "
                "and '-', as in \"my-name\", at most 63 characters)"},
        BadText{"apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}\n",
                "f:3:32: Namespace a metadata.namespace: is set (this kind is cluster-scoped: leave it out)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {name: a, lables: {}}\nspec: {}\n",
                "f:3:21: Service default/a metadata.lables: unknown field \"lables\" (did you mean \"labels\"?)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {name: a, creationTimestamp: yesterday}\nspec: {}\n",
                "f:3:40: Service default/a metadata.creationTimestamp: is not a time (expected RFC 3339, such as "
                "2026-11-24T08:00:00Z)"},
        BadText{ROUTE "  rules: []\n", "f:5:10: TCPRoute default/r spec.rules: has 0 items (expected exactly 1)"},
        BadText{ROUTE "  rules: [{backendRefs: []}]\n",
                "f:5:25: TCPRoute default/r spec.rules[0].backendRefs: has 0 items (expected 1 to 16)"},
        BadText{ROUTE "  rules: [{backendRefs: [{name: a}]}]\n",
                "f:5:26: TCPRoute default/r spec.rules[0].backendRefs[0]: port is missing (a reference to a Service "
                "needs the "
                "Service's port)"},
        BadText{ROUTE "  rules: [{backendRefs: [{name: a, port: 1, weight: 1000001}]}]\n",
                "f:5:53: TCPRoute default/r spec.rules[0].backendRefs[0].weight: 1000001 is out of range (expected "
                "0..1000000)"},
        BadText{ROUTE "  rules: [{forwardTo: [], backendRefs: [{name: a, port: 1}]}]\n",
                "f:5:12: TCPRoute default/r spec.rules[0].forwardTo: unknown field \"forwardTo\" (known here: "
                "backendRefs, name)"},
        BadText{ROUTE "  parentRefs: [{name: a}, {name: a}]\n  rules: [{backendRefs: [{name: a, port: 1}]}]\n",
                "f:5:27: TCPRoute default/r spec.parentRefs[1]: repeats another parentRef (sectionName or port must "
                "tell them "
                "apart)"},
        BadText{ROUTE "  parentRefs: [{name: a}, {name: a, port: 1}]\n  rules: [{backendRefs: [{name: a, port: 1}]}]\n",
                "f:5:27: TCPRoute default/r spec.parentRefs[1]: names a parent that another parentRef names too (then "
                "each needs "
                "a sectionName, or each a port)"},
        BadText{OLD_ROUTE "  rules: [{forwardTo: [{port: 1}]}]\n",
                "f:5:24: TCPRoute default/r spec.rules[0].forwardTo[0]: names no backend (serviceName or backendRef is "
                "required)"},
        BadText{OLD_ROUTE "  gateways: {allow: Some}\n  rules: [{forwardTo: [{serviceName: a}]}]\n",
                "f:5:21: TCPRoute default/r spec.gateways.allow: \"Some\" is not supported (expected one of "
                "SameNamespace, All, "
                "FromList)"},
        BadText{"apiVersion: networking.x-k8s.io/v1alpha1\nkind: Gateway\nmetadata: {name: g}\nspec:\n  "
                "gatewayClassName: x\n"
                "  listeners: [{port: 1, protocol: TCP}]\n",
                "f:6:15: Gateway default/g spec.listeners[0].routes: is missing (it is required)"},
        BadText{SLICE "addressType: IPv5\n",
                "f:4:14: EndpointSlice default/s addressType: \"IPv5\" is not supported (expected one of IPv4, IPv6, "
                "FQDN)"},
        BadText{SLICE "addressType: IPv4\nendpoints: [{addresses: [\"::1\"]}]\n",
                "f:5:26: EndpointSlice default/s endpoints[0].addresses[0]: \"::1\" is not an IPv4 address "
                "(addressType says so)"},
        BadText{SLICE "addressType: IPv4\nendpoints: [{addresses: []}]\n",
                "f:5:25: EndpointSlice default/s endpoints[0].addresses: has 0 items (expected 1 to 100)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 1}, {port: 2}]}\n",
                "f:4:16: Service default/a spec.ports[0]: name is missing (a Service with several ports names each)"},
        BadText{"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: x, port: 1}, {name: z, "
                "port: 1}]}\n",
                "f:4:36: Service default/a spec.ports[1]: another port is 1/TCP too (port and protocol are unique)"},
        BadText{
            "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: Nodeport}\n",
            "f:4:14: Service default/a spec.type: \"Nodeport\" is not supported (expected one of ClusterIP, NodePort, "
            "LoadBalancer, ExternalName)"},
        BadText{"apiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: c}\nspec: "
                "{controllerName: x}\n",
                "f:4:24: GatewayClass c spec.controllerName: \"x\" is not valid (expected DOMAIN/PATH, such as "
                "portcullis.dev/gateway-controller, at most 253 characters)"},
        BadText{"apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: HTTPRoute\nmetadata: {name: h}\n",
                "f:1:1: HTTPRoute default/h: gateway.networking.k8s.io/v1alpha2 HTTPRoute is not served by this "
                "version (served: "
                "v1, v1beta1)"},
        BadText{
            "apiVersion: networking.x-k8s.io/v1alpha1\nkind: GRPCRoute\nmetadata: {name: h}\n",
            "f:1:1: GRPCRoute default/h: networking.x-k8s.io/v1alpha1 GRPCRoute is not served by this version (served: "
            "BackendPolicy, Gateway, GatewayClass, HTTPRoute, TCPRoute, TLSRoute, UDPRoute)"},
        BadText{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\napiVersion: v1\nkind: "
                "ConfigMap\nmetadata: {name: a}\n",
                "f:5:1: ConfigMap default/a: is defined twice in this file (the first one counts)"}));

TEST(Problem, IsOneLineWhateverItQuotes) {
  const Problem problem{{"a.yaml", 3, 5}, "Gateway default/web", "spec.x", "\"a\nb\r\" is none"};
  EXPECT_EQ(problem.to_string(), R"(a.yaml:3:5: Gateway default/web spec.x: "a\nb\r" is none)");
}

}  // namespace
}  // namespace gw::api
