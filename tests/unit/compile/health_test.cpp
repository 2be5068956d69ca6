// SPDX-License-Identifier: Apache-2.0
// What health checks have found -> tables. One route, one backendRef of five endpoints at most.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "userspace/compile/compile.hpp"
#include "userspace/plan/address.hpp"

namespace gw::compile {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

IpAddress ip(const std::string& text) { return IpAddress::parse(text).value(); }

IpAddress endpoint(int number) { return ip("10.0.2." + std::to_string(number)); }

const ir::ServicePort kPort{{"default", "a"}, "main", ir::Protocol::Tcp};
const ir::ServicePort kUdpPort{{"default", "a"}, "main", ir::Protocol::Udp};

class Health : public ::testing::Test {
 protected:
  void SetUp() override {
    topology_.node_name = "node-1";
    topology_.links = {{.ifindex = 1, .name = "eth0", .kind = "", .up = true, .ethernet = true}};
    topology_.addresses = {
        {.ifindex = 1, .address = ip("10.0.2.254"), .prefix_length = 24, .global_scope = true, .usable = true}};
    topology_.routes = {{.destination = {ip("10.0.2.0"), 24}, .ifindex = 1, .gateway = {}, .preferred_source = {}}};
    ir::L4Listener listener;
    listener.gateway = {"default", "web"};
    listener.gateway_group = "gateway.networking.k8s.io";
    listener.name = "tcp";
    listener.port = 80;
    listener.service = "r";
    config_.listeners = {listener};
    ref().name = "default/a:80";
    ref().port = kPort;
    check().active = ActiveCheck{};
    check().passive = PassiveCheck{};
  }
  ir::WeightedBackends& ref() {
    auto& backends = config_.services["r"].backends;
    if (backends.empty()) backends.emplace_back();
    return backends.front();
  }
  HealthCheck& check() { return ref().upstream.health_check; }
  void use_endpoints(int number) {
    std::vector<ir::Endpoint> endpoints;
    for (int i = 1; i <= number; ++i) endpoints.push_back({endpoint(i), 8080, ""});
    for (const auto& port : {kPort, kUdpPort}) config_.endpoints[port] = ir::EndpointList(endpoints);
  }
  void mark_unhealthy(int number) { health_.unhealthy.insert({endpoint(number), 8080, *check().active}); }
  /// Those ejected first are to be named first.
  void eject(int number) {
    compile();
    for (const auto& [id, backend] : plan_.backends) {
      if (plan::to_ip(backend.addr) != endpoint(number)) continue;
      health_.ejected.emplace(gw_backend_health_key{id, IPPROTO_TCP}, health_.ejected.size() + 1);
    }
  }
  void compile() {
    Options options;
    options.health = health_;
    Output output = compile::compile(config_, topology_, ids_, options);
    plan_ = std::move(output.plan);
    ids_ = std::move(output.ids);
  }
  /// The endpoints that new connections go to, by their numbers.
  std::vector<int> served() {
    compile();
    std::set<int> numbers;
    for (const auto& [id, service] : plan_.services) {
      for (const auto& share : service.shares) {
        for (const std::uint32_t backend : share.table.slots()) {
          numbers.insert(plan::to_ip(plan_.backends.at(backend).addr).bytes()[15]);
        }
      }
    }
    return {numbers.begin(), numbers.end()};
  }
  std::uint16_t flags_of(int number) {
    for (const auto& [id, backend] : plan_.backends) {
      if (plan::to_ip(backend.addr) == endpoint(number)) return backend.flags & GW_BACKEND_HEALTH_FLAGS;
    }
    return UINT16_MAX;
  }

  net::Topology topology_;
  ir::Config config_;
  plan::Health health_;
  plan::IdTable ids_;
  plan::Plan plan_;
};

TEST_F(Health, WhatIsUnhealthyGetsNoNewConnectionsAndStaysInTheMaps) {
  use_endpoints(3);
  mark_unhealthy(2);
  EXPECT_THAT(served(), ElementsAre(1, 3));
  EXPECT_EQ(plan_.backends.size(), 3U);
  EXPECT_EQ(flags_of(2), GW_BACKEND_WATCHED | GW_BACKEND_UNHEALTHY);
  EXPECT_EQ(flags_of(1), GW_BACKEND_WATCHED);
  EXPECT_THAT(plan_.warnings.items(), IsEmpty());
}

TEST_F(Health, IdsStayWhenHealthChanges) {
  use_endpoints(3);
  compile();
  const plan::IdTable before = ids_;
  mark_unhealthy(1);
  eject(2);
  compile();
  EXPECT_EQ(ids_, before);
  check() = {};
  compile();
  EXPECT_EQ(ids_, before);
}

TEST_F(Health, AVerdictOfAnotherCheckDoesNotCount) {
  use_endpoints(2);
  mark_unhealthy(1);
  check().active->port = 9000;
  EXPECT_THAT(served(), ElementsAre(1, 2));
  check().active.reset();
  EXPECT_THAT(served(), ElementsAre(1, 2));
}

TEST_F(Health, WhatIsEjectedGetsNoNewConnections) {
  use_endpoints(4);
  eject(3);
  EXPECT_THAT(served(), ElementsAre(1, 2, 4));
  EXPECT_EQ(flags_of(3), GW_BACKEND_WATCHED | GW_BACKEND_EJECTED);
}

TEST_F(Health, AnEjectionIsOfOneProtocol) {
  use_endpoints(4);
  eject(3);
  ref().port = kUdpPort;
  EXPECT_THAT(served(), ElementsAre(1, 2, 3, 4));
}

TEST_F(Health, OfMoreEjectionsThanAllowedTheFirstCount) {
  use_endpoints(4);
  for (const int number : {4, 2, 1}) eject(number);
  EXPECT_THAT(served(), ElementsAre(1, 3));
  check().passive->max_ejection_percent = 25;
  EXPECT_THAT(served(), ElementsAre(1, 2, 3));
  check().passive->max_ejection_percent = 0;
  EXPECT_THAT(served(), ElementsAre(1, 2, 3, 4));
}

TEST_F(Health, OneOfTwoMayAlwaysBeEjected) {
  check().passive->max_ejection_percent = 10;
  use_endpoints(2);
  eject(1);
  eject(2);
  EXPECT_THAT(served(), ElementsAre(2));
}

TEST_F(Health, TheLimitOfEjectionsIsNotThatOfActiveChecks) {
  use_endpoints(4);
  for (const int number : {1, 2, 3}) mark_unhealthy(number);
  EXPECT_THAT(served(), ElementsAre(4));
}

TEST_F(Health, IfNoneIsHealthyAllGetConnections) {
  use_endpoints(2);
  mark_unhealthy(1);
  mark_unhealthy(2);
  EXPECT_THAT(served(), ElementsAre(1, 2));
  EXPECT_THAT(plan_.warnings.items(), ElementsAre(AllOf(HasSubstr("default/a:80: none"), HasSubstr("panicThreshold"))));
  EXPECT_EQ(flags_of(1), GW_BACKEND_WATCHED | GW_BACKEND_UNHEALTHY);
}

TEST_F(Health, WithoutAPanicThresholdTheShareIsRejectedIfNoneIsHealthy) {
  check().panic_threshold = 0;
  use_endpoints(2);
  mark_unhealthy(1);
  mark_unhealthy(2);
  EXPECT_THAT(served(), IsEmpty());
  EXPECT_THAT(plan_.warnings.items(),
              ElementsAre(HasSubstr("default/a:80: none of its endpoints is healthy, so its share")));
}

TEST_F(Health, ThePanicThresholdIsWhatHasToBeHealthy) {
  check().panic_threshold = 50;
  use_endpoints(4);
  mark_unhealthy(1);
  mark_unhealthy(2);
  EXPECT_THAT(served(), ElementsAre(3, 4));
  mark_unhealthy(3);
  EXPECT_THAT(served(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(plan_.warnings.items(), ElementsAre(HasSubstr("less than 50 %")));
}

TEST_F(Health, TheWeightOfABackendRefStays) {
  check().panic_threshold = 0;
  use_endpoints(1);
  mark_unhealthy(1);
  ir::WeightedBackends other;
  other.name = "default/b:80";
  other.port = ir::ServicePort{{"default", "b"}, "main", ir::Protocol::Tcp};
  config_.endpoints[*other.port] = {{endpoint(9), 8080, ""}};
  config_.services["r"].backends.push_back(other);
  EXPECT_THAT(served(), ElementsAre(9));
  const auto& shares = plan_.services.begin()->second.shares;
  ASSERT_EQ(shares.size(), 2U);
  EXPECT_TRUE(shares[0].table.empty());
  EXPECT_EQ(shares[0].limit, UINT32_MAX / 2);
}

TEST_F(Health, WhatHasNoWeightIsWatchedToo) {
  use_endpoints(2);
  mark_unhealthy(1);
  ref().weight = 0;
  EXPECT_THAT(served(), IsEmpty());
  EXPECT_EQ(plan_.watched.size(), 2U);
  EXPECT_EQ(flags_of(1), GW_BACKEND_WATCHED | GW_BACKEND_UNHEALTHY);
}

TEST_F(Health, OfWhatTwoServicesWantOfAnEndpointTheStrictestHolds) {
  use_endpoints(1);
  mark_unhealthy(1);
  ir::WeightedBackends second = ref();
  second.upstream.health_check.active.reset();
  second.upstream.health_check.passive = PassiveCheck{.consecutive_failures = 2,
                                                      .connect_timeout = std::chrono::seconds(9),
                                                      .base_ejection_time = std::chrono::minutes(1)};
  config_.services["r"].backends.push_back(second);
  compile();
  ASSERT_EQ(plan_.watched.size(), 1U);
  const PassiveCheck& watched = plan_.watched.begin()->second.check;
  EXPECT_EQ(watched.consecutive_failures, 2U);
  EXPECT_EQ(watched.connect_timeout, std::chrono::seconds(3));
  EXPECT_EQ(watched.base_ejection_time, std::chrono::minutes(1));
  EXPECT_EQ(flags_of(1), GW_BACKEND_WATCHED | GW_BACKEND_UNHEALTHY);
}

TEST_F(Health, WithDirectReturnThereIsNothingToWatch) {
  use_endpoints(1);
  ref().upstream.direct_return = ir::DirectReturn::SameSegment;
  compile();
  EXPECT_TRUE(plan_.watched.empty());
  EXPECT_EQ(flags_of(1), 0);
  EXPECT_THAT(plan_.warnings.items(), Contains(HasSubstr("healthCheck.passive has no effect")));
}

}  // namespace
}  // namespace gw::compile
