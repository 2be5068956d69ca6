// SPDX-License-Identifier: Apache-2.0
// A real directory and real inotify.
#include "userspace/provider/file/file_provider.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

namespace gw::provider {
namespace {

namespace fs = std::filesystem;

std::string service(const std::string& name, int port = 80) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name +
         "}\nspec: {ports: [{port: " + std::to_string(port) + "}]}\n";
}

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("provider-test-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "manifests");
  }
  void TearDown() override { fs::remove_all(root_); }

  [[nodiscard]] fs::path at(const std::string& name) const { return root_ / "manifests" / name; }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << text;
  }
  void open() {
    auto opened = FileProvider::open((root_ / "manifests").string(), {});
    ASSERT_TRUE(opened) << opened.error().message;
    provider_ = std::make_unique<FileProvider>(std::move(*opened));
    snapshot_ = provider_->reload();
  }
  /// Waits for an event and reads what changed, until `done` or the (generous) bound.
  template <typename Done>
  void wait_until(Done done) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      pollfd events{.fd = provider_->fd(), .events = POLLIN, .revents = 0};
      ::poll(&events, 1, 100);
      provider_->on_readable();
      if (provider_->due()) snapshot_ = provider_->reload();
    }
    EXPECT_TRUE(done());
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& object : snapshot_.resources.services) found.push_back(object.meta.name);
    return found;
  }
  [[nodiscard]] int port_of(const std::string& name) const {
    const auto& services = snapshot_.resources.services;
    const auto found = std::ranges::find(services, name, [](const auto& s) { return s.meta.name; });
    return found == services.end() ? 0 : found->ports.at(0).port;
  }

  static std::map<std::string, int> ports(const Snapshot& snapshot) {
    std::map<std::string, int> found;
    for (const auto& object : snapshot.resources.services) found[object.meta.name] = object.ports.at(0).port;
    return found;
  }

  using Names = std::vector<std::string>;
  fs::path root_;
  std::unique_ptr<FileProvider> provider_;
  Snapshot snapshot_;
};

TEST_F(Files, EveryManifestBelowTheDirectoryIsRead) {
  write("a.yaml", service("a"));
  write("deep/er/b.yml", service("b"));
  write("c.json", R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"c"},"spec":{"ports":[{"port":1}]}})");
  write("README.md", "no manifest");
  write(".hidden.yaml", service("hidden"));
  write("a.yaml~", service("backup"));
  open();
  EXPECT_EQ(names(), (Names{"a", "b", "c"}));
  EXPECT_TRUE(snapshot_.problems.empty());
}

TEST_F(Files, ChangesAreSeenHoweverTheyAreMade) {
  write("a.yaml", service("a", 1));
  open();
  write("a.yaml", service("a", 2));  // in place
  wait_until([&] { return port_of("a") == 2; });
  write(".new", service("a", 3));
  fs::rename(at(".new"), at("a.yaml"));  // renamed over
  wait_until([&] { return port_of("a") == 3; });
  write("new/dir/b.yaml", service("b"));  // in new directories
  wait_until([&] { return names() == Names{"a", "b"}; });
  fs::rename(at("new"), root_ / "elsewhere");  // moved out
  wait_until([&] { return names() == Names{"a"}; });
  fs::rename(root_ / "elsewhere", at("back"));  // and in
  wait_until([&] { return names() == Names{"a", "b"}; });
  fs::remove(at("a.yaml"));
  wait_until([&] { return names() == Names{"b"}; });
}

TEST_F(Files, AConfigMapMountIsFollowed) {
  write("..2026_1/web.yaml", service("a", 1));
  fs::create_directory_symlink("..2026_1", at("..data"));
  fs::create_symlink("..data/web.yaml", at("web.yaml"));
  open();
  EXPECT_EQ(port_of("a"), 1);
  write("..2026_2/web.yaml", service("a", 2));
  fs::create_directory_symlink("..2026_2", at("..data_tmp"));
  fs::rename(at("..data_tmp"), at("..data"));
  wait_until([&] { return port_of("a") == 2; });
  EXPECT_EQ(names(), Names{"a"});
}

TEST_F(Files, ALoopOfLinksEnds) {
  write("a.yaml", service("a"));
  fs::create_directory_symlink(at(""), at("loop"));
  open();
  EXPECT_EQ(names(), Names{"a"});
}

TEST_F(Files, ABrokenFileKeepsItsObjectsAndSaysSo) {
  write("a.yaml", service("a", 1) + "---\n" + service("b", 1));
  open();
  write("a.yaml", "a: [\n");
  wait_until([&] { return !snapshot_.problems.empty(); });
  EXPECT_EQ(names(), (Names{"a", "b"}));
  EXPECT_EQ(snapshot_.stale_files, std::vector{at("a.yaml").string()});
  write("a.yaml", service("b", 2));
  wait_until([&] { return snapshot_.problems.empty(); });
  EXPECT_EQ(names(), Names{"b"});
  EXPECT_TRUE(snapshot_.stale_files.empty());
}

TEST_F(Files, ABadObjectStaysAsItWasWhileItsNeighbourChanges) {
  write("a.yaml", service("a", 1) + "---\n" + service("b", 1));
  open();
  write("a.yaml", service("a", 0) + "---\n" + service("b", 2));
  wait_until([&] { return port_of("b") == 2; });
  EXPECT_EQ(port_of("a"), 1);
  EXPECT_EQ(snapshot_.problems.size(), 1U);
}

TEST_F(Files, OfTwoFilesWithOneObjectTheFirstCountsUntilItGoes) {
  write("a.yaml", service("x", 1));
  write("b.yaml", service("x", 2));
  open();
  EXPECT_EQ(port_of("x"), 1);
  ASSERT_EQ(snapshot_.problems.size(), 1U);
  EXPECT_NE(snapshot_.problems[0].message.find("a.yaml"), std::string::npos);
  fs::remove(at("a.yaml"));
  wait_until([&] { return port_of("x") == 2; });
  EXPECT_TRUE(snapshot_.problems.empty());
  write("a.yaml", service("x", 3));  // who comes later does not take over
  wait_until([&] { return !snapshot_.problems.empty(); });
  EXPECT_EQ(port_of("x"), 2);
}

TEST_F(Files, TheGenerationCountsChangesOfTheSpec) {
  const auto generation = [&] { return snapshot_.resources.services.at(0).meta.generation; };
  write("a.yaml", service("a", 1));
  open();
  EXPECT_EQ(generation(), 1);
  write("a.yaml", "# a comment\n" + service("a", 1));
  snapshot_ = provider_->reload();
  EXPECT_EQ(generation(), 1);
  write("a.yaml", service("a", 2));
  wait_until([&] { return port_of("a") == 2; });
  EXPECT_EQ(generation(), 2);
}

TEST_F(Files, ADirectoryThatVanishesKeepsItsObjectsUntilItIsBack) {
  write("a.yaml", service("a", 1));
  open();
  fs::remove_all(root_ / "manifests");
  wait_until([&] { return !snapshot_.problems.empty(); });
  EXPECT_EQ(names(), Names{"a"});
  write("b.yaml", service("b", 1));
  wait_until([&] { return names() == Names{"b"}; });
}

TEST_F(Files, AFileThatIsALinkIsSeenToChange) {
  fs::create_directories(root_ / "elsewhere");
  std::ofstream(root_ / "elsewhere" / "a.yaml") << service("a", 1);
  write("b.yaml", service("b"));
  open();
  EXPECT_EQ(names(), Names{"b"});
  fs::create_symlink(root_ / "elsewhere" / "a.yaml", at("a.yaml"));
  wait_until([&] { return port_of("a") == 1; });
  std::ofstream(root_ / "elsewhere" / "a.yaml") << service("a", 2);
  wait_until([&] { return port_of("a") == 2; });
}

TEST_F(Files, WhatAChangeLeavesAloneIsTheSameObject) {
  write("a.yaml", service("a", 1) + "---\n" + service("b", 1));
  write("c.yaml", service("c", 1));
  open();
  const auto before = snapshot_;
  write("a.yaml", service("a", 1) + "---\n" + service("b", 2));
  wait_until([&] { return port_of("b") == 2; });
  const auto& services = snapshot_.resources.services.pointers();
  EXPECT_EQ(services[0], before.resources.services.pointers()[0]);
  EXPECT_NE(services[1], before.resources.services.pointers()[1]);
  EXPECT_EQ(services[2], before.resources.services.pointers()[2]);
  EXPECT_TRUE(snapshot_.resources.endpoint_slices.is_same_object(before.resources.endpoint_slices));
  provider_->mark_all_dirty();
  EXPECT_TRUE(provider_->reload().resources.services.is_same_object(snapshot_.resources.services));
}

TEST_F(Files, ChangeByChangeIsAllAtOnce) {
  open();
  std::mt19937 random(1);
  for (int round = 0; round < 100; ++round) {
    const std::string file = "d" + std::to_string(random() % 2) + "/" + std::to_string(random() % 3);
    if (random() % 4 == 0) {
      fs::remove(at(file + ".yaml"));
    } else {
      const std::string name = std::to_string(random() % 3);
      std::string prefix = file;
      std::ranges::replace(prefix, '/', '-');
      write(file + ".yaml", service(prefix + "-" + name, static_cast<int>(random() % 3) + 1) + "---\n" +
                                service(prefix + "-x", static_cast<int>(random() % 3) + 1));
    }
    snapshot_ = provider_->reload();
    const Snapshot at_once = FileProvider::open((root_ / "manifests").string(), {})->reload();
    EXPECT_EQ(ports(snapshot_), ports(at_once));
  }
}

TEST_F(Files, AThousandFilesAreFine) {
  for (int i = 0; i < 1000; ++i)
    write("d" + std::to_string(i % 10) + "/" + std::to_string(i) + ".yaml", service("s" + std::to_string(i)));
  open();
  EXPECT_EQ(snapshot_.resources.services.size(), 1000U);
  write("d3/3.yaml", service("s3", 99));
  wait_until([&] { return port_of("s3") == 99; });
}

TEST_F(Files, WhatIsNoDirectoryIsRefused) {
  write("a.yaml", service("a"));
  EXPECT_FALSE(FileProvider::open(at("a.yaml").string(), {}));
  EXPECT_FALSE(FileProvider::open(at("nowhere").string(), {}));
}

}  // namespace
}  // namespace gw::provider
