// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/read.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace gw::provider {
namespace {

namespace fs = std::filesystem;

std::string service(const std::string& name) {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {ports: [{port: 80}]}\n";
}

class ReadManifests : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("read-test-" + std::to_string(::getpid()));
    fs::remove_all(root_);
    fs::create_directories(root_ / "below");
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(root_ / name) << text;
    return (root_ / name).string();
  }

  fs::path root_;
};

TEST_F(ReadManifests, FilesAndDirectoriesAreOneSet) {
  const std::string file = write("a.txt", service("a"));  // named outright, it need not end in .yaml
  write("below/b.yaml", service("b"));
  write("below/ignored.txt", service("c"));
  const auto made = read_manifests({file, (root_ / "below").string()});
  EXPECT_TRUE(made.snapshot.problems.empty());
  ASSERT_EQ(made.snapshot.resources.services.size(), 2U);
  EXPECT_EQ(made.snapshot.resources.services.front().meta.location.file, file);
}

TEST_F(ReadManifests, AnObjectOfTwoFilesIsTheFirstOnes) {
  const std::string first = write("a.yaml", service("a"));
  const std::string second = write("b.yaml", service("a"));
  const auto made = read_manifests({second, first});
  ASSERT_EQ(made.snapshot.problems.items().size(), 1U);
  EXPECT_EQ(made.snapshot.problems.items().front().to_string(),
            second + ":1:1: Service default/a: is defined in " + first + " already, which counts");
}

TEST_F(ReadManifests, WhatCannotBeReadIsAProblemAndTheRestIsRead) {
  const auto made = read_manifests({(root_ / "nowhere.yaml").string(), write("a.yaml", service("a"))});
  ASSERT_EQ(made.snapshot.problems.items().size(), 1U);
  EXPECT_EQ(made.snapshot.problems.items().front().message, "cannot be read");
  EXPECT_EQ(made.snapshot.resources.services.size(), 1U);
}

TEST_F(ReadManifests, ObjectsOfAForeignGroupComeAsTheyAre) {
  const std::string file = write("a.yaml",
                                 "# first\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\n"
                                 "spec: {anything: [1, yes]}\n---\nkind: List\napiVersion: v1\nitems:\n"
                                 "- {apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: c}}\n"
                                 "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}\n");
  const auto made = read_manifests({file}, "networking.k8s.io");
  ASSERT_EQ(made.foreign.size(), 2U);
  EXPECT_EQ(made.foreign[0].ref.to_string(), "Ingress default/i");
  EXPECT_EQ(made.foreign[0].location, (api::SourceLocation{file, 3, 1}));
  EXPECT_EQ(
      made.foreign[0].json,
      R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"i"},"spec":{"anything":[1,true]}})");
  EXPECT_EQ(made.foreign[1].ref.kind, "IngressClass");
  EXPECT_TRUE(read_manifests({file}).foreign.empty());
}

}  // namespace
}  // namespace gw::provider
