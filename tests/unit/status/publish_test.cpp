// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/publish.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "userspace/status/complete.hpp"

namespace gw::status {
namespace {

namespace fs = std::filesystem;

using Report = std::shared_ptr<const api::StatusReport>;

Report report(const char* reason = "Accepted", api::ConditionStatus status = api::ConditionStatus::True) {
  api::GatewayStatus gateway;
  gateway.ref = {api::kGatewayGroup, "v1", "Gateway", "default", "web"};
  gateway.conditions.set({"Accepted", status, reason, "", 1});
  api::ListenerStatus listener;
  listener.name = "tcp";
  listener.conditions.set({"Accepted", api::ConditionStatus::True, "Accepted", "", 1});
  gateway.listeners.push_back(listener);
  api::StatusReport made;
  made.gateways.push_back(gateway);
  return std::make_shared<const api::StatusReport>(std::move(made));
}

class Publish : public ::testing::Test {
 protected:
  void SetUp() override { directory_ = fs::temp_directory_path() / ("status-test-" + std::to_string(::getpid())); }
  void TearDown() override { fs::remove_all(directory_); }
  [[nodiscard]] fs::path file() const { return directory_ / "gateway.gateway.networking.k8s.io_default_web.json"; }
  [[nodiscard]] nlohmann::json accepted() const {
    return nlohmann::json::parse(std::ifstream(file()))["status"]["conditions"][0];
  }
  fs::path directory_;
};

TEST_F(Publish, AConditionKeepsItsTransitionTimeWhileItsStatusStays) {
  {
    FileStatusWriter writer(directory_.string());
    ASSERT_TRUE(writer.write(report()));
  }
  nlohmann::json object = nlohmann::json::parse(std::ifstream(file()));
  object["status"]["conditions"][0]["lastTransitionTime"] = "2020-01-01T00:00:00Z";
  std::ofstream(file()) << object;
  FileStatusWriter after_restart(directory_.string());
  ASSERT_TRUE(after_restart.write(report("OtherReason")));
  EXPECT_EQ(accepted()["reason"], "OtherReason");
  EXPECT_EQ(accepted()["lastTransitionTime"], "2020-01-01T00:00:00Z");
  ASSERT_TRUE(after_restart.write(report("Invalid", api::ConditionStatus::False)));
  EXPECT_NE(accepted()["lastTransitionTime"], "2020-01-01T00:00:00Z");
}

TEST_F(Publish, FilesOfObjectsThatWentAreRemovedAlsoAfterARestart) {
  FileStatusWriter first(directory_.string());
  ASSERT_TRUE(first.write(report()));
  std::ofstream(directory_ / "notes.json") << "{}";
  FileStatusWriter second(directory_.string());
  ASSERT_TRUE(second.write(std::make_shared<const api::StatusReport>()));
  EXPECT_FALSE(fs::exists(file()));
  EXPECT_TRUE(fs::exists(directory_ / "notes.json"));
}

/// namespace and name of an object may have 63 and 253 characters, a file's name 255.
TEST_F(Publish, ANameThatIsTooLongForAFileIsCutAndStaysUnique) {
  api::StatusReport made;
  for (const char last : {'a', 'b'}) {
    api::GatewayStatus gateway;
    gateway.ref = {api::kGatewayGroup, "v1", "Gateway", std::string(63, 'n'), std::string(252, 'x') + last};
    made.gateways.push_back(gateway);
  }
  const auto long_names = std::make_shared<const api::StatusReport>(std::move(made));
  FileStatusWriter writer(directory_.string());
  const auto written = writer.write(long_names);
  ASSERT_TRUE(written) << written.error().message;
  const auto files = [this] { return std::distance(fs::directory_iterator(directory_), fs::directory_iterator()); };
  EXPECT_EQ(files(), 2);
  FileStatusWriter after_restart(directory_.string());
  ASSERT_TRUE(after_restart.write(long_names));
  EXPECT_EQ(files(), 2);
  ASSERT_TRUE(after_restart.write(std::make_shared<const api::StatusReport>()));
  EXPECT_EQ(files(), 0);
}

TEST_F(Publish, AnUnchangedStatusIsNotWrittenAgain) {
  FileStatusWriter writer(directory_.string());
  ASSERT_TRUE(writer.write(report()));
  const auto written = fs::last_write_time(file());
  fs::last_write_time(file(), written - std::chrono::hours(1));
  ASSERT_TRUE(writer.write(report()));
  EXPECT_EQ(fs::last_write_time(file()), written - std::chrono::hours(1));
}

/// A plan in which the report's listener has its place.
plan::Plan placed() {
  plan::Plan plan;
  plan.attachments = {{.ifindex = 1, .link = "eth0", .xdp = false, .reason = "because"}};
  gw_listener_key key{};
  key.addr.word[2] = 0xffff0000;
  key.addr.word[3] = 0x0100000a;
  plan.placed = {{api::kGatewayGroup, "default/web/tcp", {key}}};
  return plan;
}

const api::Condition& programmed(const api::StatusReport& completed) {
  return *completed.gateways.at(0).listeners.at(0).conditions.find("Programmed");
}

TEST(Complete, ProgrammedIsTrueOnlyForWhatTheKernelHolds) {
  const auto good = complete(*report(), placed(), {});
  EXPECT_EQ(programmed(good).status, api::ConditionStatus::True);
  EXPECT_EQ(good.gateways[0].addresses.at(0).value, "10.0.0.1");
  EXPECT_EQ(good.gateways[0].listeners[0].data_path, "eth0: tc (because)");
  const auto failed = complete(*report(), placed(), {.failure = "map full", .attach_failures = {}});
  EXPECT_EQ(programmed(failed).status, api::ConditionStatus::False);
  EXPECT_EQ(programmed(failed).reason, "Pending");
  EXPECT_EQ(programmed(failed).message, "map full");
  EXPECT_TRUE(failed.gateways[0].addresses.empty());
}

TEST(Completer, GivesTheSameReportAsLongAsNothingChanges) {
  Completer completer;
  const Report translated = report();
  const Report first = completer.complete(translated, placed(), {});
  EXPECT_EQ(*first, complete(*translated, placed(), {}));
  plan::Plan plan = placed();
  plan.backends[1] = {};
  EXPECT_EQ(completer.complete(translated, plan, {}), first);
  plan.placed = {};
  EXPECT_EQ(programmed(*completer.complete(translated, plan, {})).status, api::ConditionStatus::False);
}

TEST(Complete, WithoutAnyAttachedLinkNothingIsProgrammed) {
  const auto none = complete(*report(), placed(), {.failure = std::nullopt, .attach_failures = {"eth0: no"}});
  EXPECT_EQ(programmed(none).status, api::ConditionStatus::False);
  EXPECT_EQ(programmed(none).message, "eth0: no");
}

TEST(Complete, ARejectionOfThePlanIsTheReason) {
  plan::Plan plan = placed();
  plan.placed = {};
  plan.rejections = {{api::kGatewayGroup, "default/web/tcp", "AddressNotUsable", "taken"}};
  EXPECT_EQ(programmed(complete(*report(), plan, {})).reason, "AddressNotUsable");
}

}  // namespace
}  // namespace gw::status
