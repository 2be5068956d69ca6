// SPDX-License-Identifier: Apache-2.0
// gwctl's commands against canned answers.
#include "userspace/cli/commands.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "userspace/cli/table.hpp"
#include "userspace/cli/yaml.hpp"
#include "userspace/plan/address.hpp"

namespace gw::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kObjects = R"json({"objects":[
 {"file":"/m/web.yaml","line":1,"dataPath":"eth0: tc (why)","object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway",
  "metadata":{"name":"web","namespace":"default","creationTimestamp":"2026-01-01T00:00:00Z"},
  "spec":{"gatewayClassName":"pc","listeners":[{"name":"a","port":80},{"name":"b","port":81}]},
  "status":{"addresses":[{"type":"IPAddress","value":"10.0.0.1"}],"conditions":[{"type":"Programmed","status":"True"}]}}},
 {"file":"/m/web.yaml","line":9,"object":{"apiVersion":"gateway.networking.k8s.io/v1","kind":"TCPRoute",
  "metadata":{"name":"r","namespace":"default"},
  "spec":{"parentRefs":[{"name":"web","sectionName":"a"},{"name":"web","sectionName":"b"}],
          "rules":[{"backendRefs":[{"name":"s","port":80,"weight":9}]}]},
  "status":{"parents":[
    {"parentRef":{"name":"web"},"conditions":[{"type":"Accepted","status":"True"},{"type":"ResolvedRefs","status":"True"}]},
    {"parentRef":{"name":"web"},"conditions":[{"type":"Accepted","status":"False"},{"type":"ResolvedRefs","status":"True"}]}]}}},
 {"file":"/m/old.yaml","line":1,"object":{"apiVersion":"networking.x-k8s.io/v1alpha1","kind":"TCPRoute",
  "metadata":{"name":"old","namespace":"other"},"spec":{"rules":[{"forwardTo":[{"serviceName":"s","port":80}]}]},
  "status":{"gateways":[{"gatewayRef":{"name":"web","namespace":"other"},"conditions":[{"type":"Admitted","status":"True"}]}]}}}
]})json";

class Commands : public ::testing::Test {
 protected:
  Commands() {
    answers_["/v1/objects"] = kObjects;
    answers_["/v1/status"] =
        R"({"ready":true,"version":"1","node":"n","source":"/m","listeners":1,"backends":1,"links":[],
      "findings":[{"severity":"error","object":"TCPRoute default/r","file":"/m/web.yaml","line":9,"column":3,
                   "field":"spec.rules","message":"is odd"}]})";
  }
  Env env() {
    return {.out = out_,
            .err = err_,
            .ask = [this](const std::string& path) -> Result<std::string> {
              if (!answers_.contains(path)) return fail("nobody answers");
              return answers_.at(path);
            },
            .read_maps = [this]() -> Result<MapView> { return view_; },
            .now = 1767225600 + 300,
            .monotonic = 100};
  }
  int run(auto command, auto... arguments) {
    Env made = env();
    return command(made, arguments...);
  }
  std::map<std::string, std::string> answers_;
  MapView view_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(Commands, GetPrintsTheColumnsOfTheGatewayApisOwnTool) {
  EXPECT_EQ(run(get, std::string("gateways"), Selection{}, Output::Table), kOk);
  EXPECT_EQ(out_.str(),
            "NAME  CLASS  ADDRESSES  PORTS   PROGRAMMED  AGE\n"
            "web   pc     10.0.0.1   80, 81  True        5m\n");
}

TEST_F(Commands, ARouteThatOnlySomeParentsAcceptIsPartial) {
  EXPECT_EQ(run(get, std::string("tcproutes"), Selection{}, Output::Wide), kOk);
  EXPECT_EQ(out_.str(),
            "NAME  PARENT REFS   ACCEPTED  RESOLVED  AGE        APIVERSION                    BACKENDS\n"
            "r     web/a, web/b  Partial   True      <unknown>  gateway.networking.k8s.io/v1  s:80=9\n");
}

TEST_F(Commands, AllNamespacesShowsBothGenerations) {
  Selection everywhere;
  everywhere.all_namespaces = true;
  EXPECT_EQ(run(get, std::string("tcproute"), everywhere, Output::Table), kOk);
  EXPECT_NE(out_.str().find("NAMESPACE  NAME"), std::string::npos);
  EXPECT_NE(out_.str().find("other      old   web"), std::string::npos);
}

TEST_F(Commands, JsonIsTheObjectItselfOrAList) {
  Selection one;
  one.name = "web";
  EXPECT_EQ(run(get, std::string("gtw"), one, Output::Json), kOk);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["metadata"]["name"], "web");
  out_.str("");
  EXPECT_EQ(run(get, std::string("all"), Selection{}, Output::Json), kOk);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["items"].size(), 2U);
}

TEST_F(Commands, WhatIsNotThereIsAnError) {
  Selection one;
  one.name = "nope";
  EXPECT_EQ(run(get, std::string("gateway"), one, Output::Table), kError);
  EXPECT_EQ(err_.str(), "Error: Gateway default/nope not found\n");
  err_.str("");
  EXPECT_EQ(run(get, std::string("pods"), Selection{}, Output::Table), kError);
  EXPECT_NE(err_.str().find("unknown kind \"pods\" (there are: gatewayclasses, gateways"), std::string::npos);
  EXPECT_EQ(run(describe, std::string("gateway"), one), kError);
}

TEST_F(Commands, DescribeTellsSourceStatusRoutesAndFindings) {
  Selection one;
  one.name = "web";
  EXPECT_EQ(run(describe, std::string("gateway"), one), kOk);
  EXPECT_NE(out_.str().find("Source: /m/web.yaml:1\n"), std::string::npos);
  EXPECT_NE(out_.str().find("DataPath: eth0: tc (why)\n"), std::string::npos);
  EXPECT_NE(out_.str().find("TCPRoute  default/r  True\n"), std::string::npos);
  out_.str("");
  one.name = "r";
  EXPECT_EQ(run(describe, std::string("tcproute"), one), kOk);
  EXPECT_NE(out_.str().find("Analysis:\n  - is odd\n"), std::string::npos);
}

/// A policy of the object itself, one of what it is served through, and which of them counts.
TEST_F(Commands, DescribeTellsPoliciesSettingsInEffectAndEvents) {
  const auto entry = [](const char* object) {
    return std::string(R"({"file":"/m/a.yaml","line":1,"object":)") + object + "}";
  };
  answers_["/v1/objects"] =
      R"({"objects":[)" +
      entry(
          R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"name":"web","namespace":"default"},
        "spec":{"gatewayClassName":"pc","listeners":[{"name":"tcp","port":80,"protocol":"TCP"}]}})") +
      "," +
      entry(
          R"({"apiVersion":"gateway.networking.k8s.io/v1","kind":"TCPRoute","metadata":{"name":"r","namespace":"default"},
        "spec":{"parentRefs":[{"name":"web"}],"rules":[{"backendRefs":[{"name":"s","port":80}]}]}})") +
      "," +
      entry(
          R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s","namespace":"default"},"spec":{"ports":[{"port":80}]}})") +
      "," +
      entry(
          R"({"apiVersion":"portcullis.dev/v1alpha1","kind":"UpstreamPolicy","metadata":{"name":"platform","namespace":"default"},
        "spec":{"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"Gateway","name":"web"}],"mergeStrategy":"Overrides","idleTimeout":"1h"}})") +
      "," +
      entry(
          R"({"apiVersion":"portcullis.dev/v1alpha1","kind":"UpstreamPolicy","metadata":{"name":"own","namespace":"default"},
        "spec":{"targetRefs":[{"group":"gateway.networking.k8s.io","kind":"TCPRoute","name":"r"}],"idleTimeout":"5m"},
        "status":{"ancestors":[{"conditions":[{"type":"Accepted","status":"True"}]}]}})") +
      "]}";
  answers_["/v1/events"] = R"({"events":[
    {"type":"Warning","object":"TCPRoute default/r","message":"was odd","count":2,"firstSeen":1767225600,"lastSeen":1767225840},
    {"type":"Warning","object":"TCPRoute default/other","message":"not mine","count":1,"firstSeen":0,"lastSeen":0}]})";
  Selection one;
  one.name = "r";
  EXPECT_EQ(run(describe, std::string("tcproute"), one), kOk);
  EXPECT_THAT(out_.str(), HasSubstr("UpstreamPolicy  default/own  -        Defaults        True\n"));
  EXPECT_THAT(
      out_.str(),
      HasSubstr("  to Service default/s:80, through Gateway default/web listener tcp:\n"
                "    idleTimeout: 3600s (UpstreamPolicy default/platform of Gateway default/web, which overrides)\n"
                "      instead of 300s (UpstreamPolicy default/own of TCPRoute default/r)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("Warning  60s  2      was odd\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("not mine")));
}

TEST_F(Commands, StatusHasItsExitCodes) {
  EXPECT_EQ(run(status, Output::Table), kFindings);
  EXPECT_NE(out_.str().find("  error: /m/web.yaml:9:3: TCPRoute default/r spec.rules: is odd\n"), std::string::npos);
  answers_["/v1/status"] = R"({"ready":true,"findings":[],"links":[]})";
  EXPECT_EQ(run(status, Output::Table), kOk);
  answers_["/v1/status"] = R"({"ready":false})";
  EXPECT_EQ(run(status, Output::Json), kError);
  answers_.clear();
  EXPECT_EQ(run(status, Output::Table), kError);
  EXPECT_EQ(err_.str(), "Error: nobody answers\n");
}

TEST_F(Commands, DumpMapsDecodesFlowsFromTheClientsSide) {
  gw_flow4 value{};
  gw_flow& flow = value.flow;
  value.dst = htonl(0x0a000202);
  value.src = htonl(0x0a000201);
  flow.sport = htons(2000);
  flow.dport = htons(8080);
  flow.state = GW_FLOW_ESTABLISHED;
  flow.flags = GW_FLOW_FULL_NAT;
  flow.listener_id = 3;
  flow.ifindex = 7;
  flow.created = 40;
  flow.last_seen = 95;
  view_.observed.names[{GW_NAME_LISTENER, 3}] = "default/web/tcp";
  view_.flows4.emplace_back(gw_flow4_key{htonl(0x0a000102), htonl(0x0a000101), htons(4000), htons(80), 6, {}}, value);
  flow.flags |= GW_FLOW_REPLY;
  view_.flows4.emplace_back(gw_flow4_key{}, value);
  EXPECT_EQ(run(dump_maps, std::string("flows"), Output::Table), kOk);
  EXPECT_EQ(out_.str(),
            "PROTOCOL  CLIENT         VIP          SOURCE         BACKEND        STATE        MODE      AGE  IDLE  "
            "IFINDEX  LISTENER\n"
            "tcp       10.0.1.2:4000  10.0.1.1:80  10.0.2.1:2000  10.0.2.2:8080  ESTABLISHED  full NAT  60s  5s    "
            "7        default/web/tcp (3)\n");
}

TEST_F(Commands, DumpMapsShowsEachBackendOfASocketOnce) {
  const gw_addr vip = plan::to_map(*IpAddress::parse("10.0.1.1"));
  const gw_addr backend = plan::to_map(*IpAddress::parse("10.0.2.2"));
  view_.observed.names[{GW_NAME_LISTENER, 3}] = "default/web/udp";
  view_.sockets.emplace_back(gw_socket_key{7, vip, htons(80), GW_SOCKET_TO_VIP, {}},
                             gw_socket{backend, htons(8080), 17, 0, 3, 1});
  view_.sockets.emplace_back(gw_socket_key{7, backend, htons(8080), GW_SOCKET_FROM_BACKEND, {}},
                             gw_socket{vip, htons(80), 17, 0, 3, 1});
  EXPECT_EQ(run(dump_maps, std::string("sockets"), Output::Table), kOk);
  EXPECT_EQ(out_.str(),
            "SOCKET  PROTOCOL  VIP          BACKEND        LISTENER\n"
            "7       udp       10.0.1.1:80  10.0.2.2:8080  default/web/udp (3)\n");
}

TEST_F(Commands, StatusTellsWhetherTheHostsOwnProcessesAreServed) {
  answers_["/v1/status"] =
      R"({"ready":true,"findings":[],"links":[],"hostProcesses":{"served":true,"cgroup":"/c","reason":""}})";
  run(status, Output::Table);
  EXPECT_NE(out_.str().find("This host's own processes: served (cgroup /c)\n"), std::string::npos);
  answers_["/v1/status"] =
      R"({"ready":true,"findings":[],"links":[],"hostProcesses":{"served":false,"cgroup":"","reason":"too old"}})";
  run(status, Output::Table);
  EXPECT_NE(out_.str().find("This host's own processes: not served (too old)\n"), std::string::npos);
}

TEST_F(Commands, DumpMapsTellsWhomABackendSees) {
  gw_backend backend{};
  backend.addr = plan::to_map(*IpAddress::parse("10.0.2.2"));
  backend.source = plan::to_map(*IpAddress::parse("10.0.2.1"));
  backend.port = htons(80);
  view_.observed.backends[1] = backend;
  backend.shared_bits = 96 + 24;
  view_.observed.backends[2] = backend;
  backend.shared_bits = GW_SHARED_BITS_SELF;
  view_.observed.backends[3] = backend;
  backend.flags = GW_BACKEND_FULL_NAT;
  view_.observed.backends[4] = backend;
  EXPECT_EQ(run(dump_maps, std::string("backends"), Output::Json), kOk);
  const auto rows = nlohmann::json::parse(out_.str());
  EXPECT_EQ(rows[0]["source"], "client's");
  EXPECT_EQ(rows[1]["source"], "client's (10.0.2.1 if of its /24)");
  EXPECT_EQ(rows[2]["source"], "client's (hairpin: 10.0.2.1)");
  EXPECT_EQ(rows[3]["source"], "10.0.2.1");
}

TEST_F(Commands, DumpMapsShowsRejectedSharesAndEveryMap) {
  view_.observed.services[1] = {2, 0, {{0xbfffffff, 0, 0, 0, 0}, {UINT32_MAX, 4, 2, 0, 0}}};
  view_.tables[4] = {7, 8};
  EXPECT_EQ(run(dump_maps, std::string("maglev"), Output::Json), kOk);
  const auto rows = nlohmann::json::parse(out_.str());
  EXPECT_EQ(rows[0]["backend"], "reject");
  EXPECT_EQ(rows[0]["share"], "75 %");
  EXPECT_EQ(rows[1]["share"], "12.5 %");
  out_.str("");
  EXPECT_EQ(run(dump_maps, std::string(), Output::Json), kOk);
  EXPECT_EQ(nlohmann::json::parse(out_.str()).size(), map_names().size());
  EXPECT_EQ(run(dump_maps, std::string("nothing"), Output::Table), kError);
}

TEST(Text, AgesAndListsAreShort) {
  EXPECT_EQ(age_text(-1), "0s");
  EXPECT_EQ(age_text(119), "119s");
  EXPECT_EQ(age_text(120), "2m");
  EXPECT_EQ(age_text(3 * 86400), "3d");
  EXPECT_EQ(shorten({"a", "b", "c"}, 2), "a, b + 1 more");
}

TEST(Text, YamlKeepsStringsStrings) {
  EXPECT_EQ(to_yaml(nlohmann::json{{"a", "true"}, {"b", 1}, {"c", "text"}}), "a: \"true\"\nb: 1\nc: text\n");
}

}  // namespace
}  // namespace gw::cli
