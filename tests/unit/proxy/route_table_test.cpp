// SPDX-License-Identifier: Apache-2.0
// From manifests to the rule that a request follows.
#include <gtest/gtest.h>

#include <array>

#include "userspace/api/decode.hpp"
#include "userspace/proxy/route_table.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::proxy {
namespace {

constexpr const char* kGateway = R"(
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: portcullis
  listeners:
)";

std::string gateway(const std::string& listeners) { return kGateway + listeners; }

std::string route(const std::string& kind, const std::string& name, const std::string& spec) {
  return "\n---\napiVersion: gateway.networking.k8s.io/v1\nkind: " + kind + "\nmetadata: {name: " + name +
         "}\nspec:\n" + spec;
}

/// Rules are told apart by the port of their backend.
std::string rule(const std::string& match, int port) {
  return "  - " + (match.empty() ? "" : "matches: [" + match + "]\n    ") +
         "backendRefs: [{name: a, port: " + std::to_string(port) + "}]\n";
}

class Table {
 public:
  explicit Table(const std::string& yaml) {
    api::Decoded decoded = api::decode(yaml, "test.yaml");
    EXPECT_TRUE(decoded.problems.empty()) << decoded.problems.front().to_string();
    decoded.objects.sort();
    config_ = translate::translate(decoded.objects, {}).config;
    std::vector<const ir::L7Listener*> listeners;
    for (const auto& listener : config_.l7_listeners) listeners.push_back(&listener);
    table_ = RouteTable(config_, listeners);
  }

  /// The port of the backend that a request goes to; 0: no rule.
  int find(const Request& request) const { return port_of(table_.find(request, nullptr)); }
  int get(std::string_view host, std::string_view path) const { return find({"GET", host, path, "", {}}); }
  [[nodiscard]] const RouteTable& table() const { return table_; }

  static int port_of(const RouteTable::Match& match) {
    if (match.rule == nullptr || match.rule->backends.empty()) return 0;
    const std::string& name = match.rule->backends.front().target.name;
    return std::stoi(name.substr(name.find(':') + 1));
  }

 private:
  ir::Config config_;
  RouteTable table_;
};

const std::string kHttp = "  - {name: http, port: 80, protocol: HTTP}\n";
const std::string kParents = "  parentRefs: [{name: web}]\n  rules:\n";

TEST(RouteTable, ExactPathsGoBeforePrefixesAndLongerPrefixesBeforeShorterOnes) {
  const Table table(gateway(kHttp) +
                    route("HTTPRoute", "r",
                          kParents + rule("{path: {value: /}}", 1) + rule("{path: {value: /a}}", 2) +
                              rule("{path: {value: /a/b/}}", 3) + rule("{path: {type: Exact, value: /a/b}}", 4)));
  EXPECT_EQ(table.get("x", "/a/b"), 4);
  EXPECT_EQ(table.get("x", "/a/b/"), 3);
  EXPECT_EQ(table.get("x", "/a/b/c"), 3);
  EXPECT_EQ(table.get("x", "/a"), 2);
  EXPECT_EQ(table.get("x", "/a/bc"), 2);  // by elements, not by letters
  EXPECT_EQ(table.get("x", "/ab"), 1);
}

TEST(RouteTable, MethodThenHeadersThenQueryDecideBetweenEqualPaths) {
  const Table table(
      gateway(kHttp) +
      route("HTTPRoute", "r",
            kParents + rule("{queryParams: [{name: q, value: a b}]}", 1) + rule("{headers: [{name: X, value: v}]}", 2) +
                rule("{headers: [{name: X, value: v}, {name: X-Y, type: RegularExpression, value: w+}]}", 3) +
                rule("{method: POST}", 4)));
  const Header x{"x", "v"};
  const Header y{"x-y", "ww"};
  const std::array both = {x, y};
  const std::array one = {x};
  EXPECT_EQ(table.find({"POST", "h", "/", "q=a+b", both}), 4);
  EXPECT_EQ(table.find({"GET", "h", "/", "q=a+b", both}), 3);
  EXPECT_EQ(table.find({"GET", "h", "/", "q=a+b", one}), 2);
  EXPECT_EQ(table.find({"GET", "h", "/", "q=a%20b&q=c", {}}), 1);
  EXPECT_EQ(table.find({"GET", "h", "/", "q=c&q=a+b", {}}), 0);  // the first value counts
  EXPECT_EQ(table.find({"GET", "h", "/", "Q=a+b", {}}), 0);      // names of parameters are case-sensitive
}

TEST(RouteTable, MostSpecificHostnameGoesFirstAndOthersTakeWhatItDoesNotMatch) {
  const Table table(
      gateway(kHttp) +
      route("HTTPRoute", "any",
            "  parentRefs: [{name: web}]\n  rules:\n" + rule("{path: {type: Exact, value: /p}}", 1)) +
      route("HTTPRoute", "wild",
            "  parentRefs: [{name: web}]\n  hostnames: [\"*.example.com\"]\n  rules:\n" +
                rule("{path: {value: /p}}", 2)) +
      route("HTTPRoute", "exact",
            "  parentRefs: [{name: web}]\n  hostnames: [a.example.com]\n  rules:\n" + rule("{path: {value: /q}}", 3)));
  EXPECT_EQ(table.get("A.EXAMPLE.com:8080", "/q"), 3);
  EXPECT_EQ(table.get("a.example.com", "/p"), 2);
  EXPECT_EQ(table.get("b.c.example.com", "/p"), 2);
  EXPECT_EQ(table.get("example.com", "/p"), 1);  // a wildcard does not take the apex
  EXPECT_EQ(table.get("example.com", "/q"), 0);
}

TEST(RouteTable, AListenerIsIsolatedFromThoseWithLessSpecificHostnames) {
  const Table table(
      gateway("  - {name: any, port: 80, protocol: HTTP}\n"
              "  - {name: wild, port: 80, protocol: HTTP, hostname: \"*.example.com\"}\n") +
      route("HTTPRoute", "any", "  parentRefs: [{name: web, sectionName: any}]\n  rules:\n" + rule("", 1)) +
      route("HTTPRoute", "wild",
            "  parentRefs: [{name: web, sectionName: wild}]\n  rules:\n" + rule("{path: {value: /w}}", 2)));
  EXPECT_EQ(table.get("a.example.com", "/w"), 2);
  EXPECT_EQ(table.get("a.example.com", "/"), 0);  // no falling back
  EXPECT_EQ(table.get("example.org", "/"), 1);
}

TEST(RouteTable, OlderRoutesThenNamesThenTheOrderOfRulesDecideTies) {
  const Table table(gateway(kHttp) + route("HTTPRoute", "b", kParents + rule("", 1)) +
                    route("HTTPRoute", "a", kParents + rule("", 2) + rule("", 3)));
  EXPECT_EQ(table.get("x", "/"), 2);
}

TEST(RouteTable, GrpcMethodsArePaths) {
  const Table table(gateway(kHttp) +
                    route("GRPCRoute", "r",
                          kParents + rule("", 1) + rule("{method: {method: Echo}}", 2) +
                              rule("{method: {service: s.S}}", 3) + rule("{method: {service: s.S, method: Echo}}", 4)));
  EXPECT_EQ(table.get("x", "/s.S/Echo"), 4);
  EXPECT_EQ(table.get("x", "/s.S/Other"), 3);
  EXPECT_EQ(table.get("x", "/t.T/Echo"), 2);
  EXPECT_EQ(table.get("x", "/t.T/Other"), 1);
}

TEST(RouteTable, RegularExpressionsTakeTheWholePathBehindPrefixes) {
  const Table table(gateway(kHttp) +
                    route("HTTPRoute", "r",
                          kParents + rule("", 1) + rule("{path: {type: RegularExpression, value: \"/v[0-9]+\"}}", 2) +
                              rule("{path: {value: /v7}}", 3)));
  EXPECT_EQ(table.get("x", "/v12"), 2);
  EXPECT_EQ(table.get("x", "/v12/a"), 1);
  EXPECT_EQ(table.get("x", "/v7"), 3);
}

constexpr const char* kPassthrough =
    "  - {name: a, port: 443, protocol: TLS, hostname: a.example.com, tls: {mode: Passthrough}}\n"
    "  - {name: w, port: 443, protocol: TLS, hostname: \"*.example.com\", tls: {mode: Passthrough}}\n";

TEST(RouteTable, TlsConnectionsGoByTheNameThatTheClientAsksFor) {
  const Table table(gateway(kPassthrough) +
                    route("TLSRoute", "r",
                          "  parentRefs: [{name: web}]\n  hostnames: [\"*.example.com\"]\n  rules:\n" + rule("", 1)));
  const ir::L7Listener* const exact = table.table().find_connection("A.example.com");
  ASSERT_NE(exact, nullptr);
  EXPECT_EQ(exact->name, "a");
  EXPECT_EQ(table.table().find_service(*exact, "a.example.com"), "TLSRoute/default/r/0");
  EXPECT_EQ(table.table().find_connection("b.example.com")->name, "w");
  EXPECT_EQ(table.table().find_connection("example.org"), nullptr);
  EXPECT_EQ(table.table().find_connection(""), nullptr);
}

/// Two HTTPS listeners as values: certificates are no matter here.
TEST(RouteTable, ARequestOnTheConnectionOfAnotherListenerIsMisdirected) {
  ir::Config config;
  ir::L7Listener first;
  first.protocol = ir::L7Listener::Protocol::Https;
  first.hostname = ir::Hostname::parse("a.example.com");
  ir::L7Listener second = first;
  second.hostname = ir::Hostname::parse("b.example.com");
  const RouteTable table(config, {&first, &second});
  const ir::L7Listener* const connection = table.find_connection("a.example.com");
  const auto outcome = [&](std::string_view host) {
    return table.find({"GET", host, "/", "", {}}, connection).outcome;
  };
  EXPECT_EQ(outcome("b.example.com"), RouteTable::Outcome::Misdirected);
  EXPECT_EQ(outcome("a.example.com"), RouteTable::Outcome::NotFound);
  EXPECT_EQ(outcome("example.org"), RouteTable::Outcome::NotFound);
}

TEST(RouteTable, WithoutListenersNothingIsFound) {
  const RouteTable table;
  EXPECT_EQ(table.find({"GET", "x", "/", "", {}}, nullptr).outcome, RouteTable::Outcome::NotFound);
  EXPECT_EQ(table.find_connection("x"), nullptr);
}

}  // namespace
}  // namespace gw::proxy
