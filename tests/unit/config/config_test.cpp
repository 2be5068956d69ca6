// SPDX-License-Identifier: Apache-2.0
#include "userspace/config/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gw::config {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("config-test-" + std::to_string(::getpid()))).string();
  }
  void TearDown() override { std::filesystem::remove(path_); }
  Result<Config> read(const std::string& text) const {
    std::ofstream(path_) << text;
    return load(path_);
  }
  [[nodiscard]] std::string problem(const std::string& text) const {
    const auto loaded = read(text);
    return loaded ? "" : loaded.error().message.substr(path_.size());
  }
  std::string path_;
};

TEST_F(ConfigFile, WhatIsPrintedIsWhatIsRead) {
  const auto config = read(
      "nodeName: n\nstatusDir: /s\nattach: xdp\ndisabledFeatures: [tcx]\ninterfaces: [eth0, 'wan*']\ncgroup: "
      "/c\nenableForwarding: "
      "false\ndrainSeconds: 0\n"
      "logLevel: debug\nnatPorts: {first: 10000, last: 20000}\n"
      "flows: {maxEntries: 4096, timeouts: {handshakeSeconds: 1, establishedSeconds: 2, closingSeconds: 3, "
      "closedSeconds: 4}}\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->interfaces, (std::vector<std::string>{"eth0", "wan*"}));
  EXPECT_EQ(config->flows.closed.count(), 4);
  const std::string printed = to_yaml(*config);
  EXPECT_EQ(to_yaml(*read(printed)), printed);
}

TEST_F(ConfigFile, AnEmptyFileMeansDefaults) { EXPECT_EQ(to_yaml(*read("")), to_yaml(Config{})); }

TEST_F(ConfigFile, MistakesAreReportedWithTheirPlace) {
  EXPECT_EQ(problem("attach: fast\n"), ":1:9: attach: \"fast\" is not one of auto, tc, xdp");
  EXPECT_EQ(problem("nodeNam: x\n"),
            ":1:1: nodeNam: unknown field (known here: attach, cgroup, disabledFeatures, drainSeconds, "
            "enableForwarding, flows, interfaces, "
            "logLevel, natPorts, "
            "nodeName, statusDir)");
  EXPECT_EQ(problem("cgroup: here\n"), ":1:9: cgroup: \"here\" is not auto, off or the path of a directory");
  EXPECT_EQ(problem("flows: {maxEntries: 5}\n"), ":1:21: flows.maxEntries: expected a number from 1024 to 67108864");
  EXPECT_EQ(problem("natPorts: {first: 10}\n"), ":1:11: natPorts: needs first and last, first <= last");
  EXPECT_EQ(problem("disabledFeatures: [tcx, warp]\n"),
            ":1:25: disabledFeatures: \"warp\" is not one of coarse-clock, connect-error, peer-redirect, route-mtu, "
            "tcx, xdp-frags");
  EXPECT_EQ(problem("interfaces: eth0\n"), ":1:13: interfaces: expected a list of strings");
  EXPECT_EQ(problem("enableForwarding: maybe\n"), ":1:19: enableForwarding: expected true or false");
  EXPECT_EQ(problem("[]\n"), ":1:1: the file: is not a mapping");
  EXPECT_NE(problem("a: [\n").find("end of sequence"), std::string::npos);
}

TEST_F(ConfigFile, AMissingFileIsSaid) {
  EXPECT_EQ(load("/nowhere/x.yaml").error().message, "/nowhere/x.yaml: cannot be read");
}

}  // namespace
}  // namespace gw::config
