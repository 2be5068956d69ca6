// SPDX-License-Identifier: Apache-2.0
// YAML in; problems, status, IR and plan out, compared with the files of each case as text. `--update` rewrites them.
//
// A case is a directory below tests/golden/cases with in.yaml, or an example of deploy/examples, whose expectations are
// below tests/golden/examples.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/support/golden.hpp"
#include "userspace/api/decode.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/ir/dump.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/status/render.hpp"
#include "userspace/translate/translate.hpp"

namespace gw {
namespace {

namespace fs = std::filesystem;

IpAddress ip(const char* text) { return IpAddress::parse(text).value(); }

/// The node of all cases: eth0 is a veth, eth1 hardware.
net::Topology node() {
  net::Topology topology;
  topology.node_name = "node-1";
  topology.links = {{.ifindex = 2, .name = "eth0", .kind = "veth", .up = true, .ethernet = true},
                    {.ifindex = 3, .name = "eth1", .kind = "", .up = true, .ethernet = true}};
  const auto on = [](std::uint32_t ifindex, const char* address, std::uint8_t length) {
    return net::InterfaceAddress{
        .ifindex = ifindex, .address = ip(address), .prefix_length = length, .global_scope = true};
  };
  topology.addresses = {on(2, "10.0.1.1", 24), on(2, "2001:db8:1::1", 64), on(3, "10.0.2.1", 24),
                        on(3, "2001:db8:2::1", 64)};
  const auto route = [](const char* prefix, std::uint8_t length, std::uint32_t ifindex) {
    net::Route made;
    made.destination = {ip(prefix), length};
    made.ifindex = ifindex;
    return made;
  };
  topology.routes = {route("10.0.1.0", 24, 2), route("2001:db8:1::", 64, 2), route("10.0.2.0", 24, 3),
                     route("2001:db8:2::", 64, 3)};
  net::Route outside = route("0.0.0.0", 0, 2);
  outside.gateway = ip("10.0.1.254");
  topology.routes.push_back(outside);
  return topology;
}

struct Case {
  std::string name;
  fs::path input;
  fs::path expected;
};

std::vector<Case> find_cases() {
  std::vector<Case> cases;
  for (const auto& entry : fs::directory_iterator("tests/golden/cases")) {
    cases.push_back({entry.path().filename().string(), entry.path() / "in.yaml", entry.path()});
  }
  for (const auto& example : fs::directory_iterator("deploy/examples")) {
    const std::string name = example.path().filename().string();
    for (const auto& file : fs::directory_iterator(example)) {
      cases.push_back({"example-" + name, file.path(), fs::path("tests/golden/examples") / name});
    }
  }
  std::ranges::sort(cases, {}, &Case::name);
  return cases;
}

class Golden : public ::testing::TestWithParam<Case> {};

TEST_P(Golden, StatusIrAndPlanAreAsExpected) {
  const Case& golden = GetParam();
  api::Decoded decoded = api::decode(testing::read_text(golden.input), golden.input.filename().string());
  decoded.objects.sort();
  const auto translated = translate::translate(decoded.objects, {});
  const auto compiled = compile::compile(translated.config, node(), {}, {});
  std::string problems;
  for (const auto& problem : decoded.problems) problems += problem.to_string() + "\n";
  for (const auto& finding : translated.findings) {
    problems += fmt::format("{}: {}\n", finding.object.to_string(), finding.message);
  }
  const auto report = status::complete(*translated.report, compiled.plan, {});
  testing::expect_file(golden.expected / "problems.txt", problems);
  testing::expect_file(golden.expected / "status.json", status::render(report).dump(1) + "\n");
  testing::expect_file(golden.expected / "ir.txt", ir::dump(translated.config));
  testing::expect_file(golden.expected / "plan.txt", plan::dump(compiled.plan));
}

std::string case_name(const ::testing::TestParamInfo<Case>& test) { return testing::test_name(test.param.name); }

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(find_cases()), case_name);

}  // namespace
}  // namespace gw

int main(int argc, char** argv) { return gw::testing::run_golden_tests(argc, argv); }
