// SPDX-License-Identifier: Apache-2.0
// Over a real unix socket.
#include "userspace/admin/server.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "userspace/admin/client.hpp"

namespace gw::admin {
namespace {

namespace fs = std::filesystem;

class Admin : public ::testing::Test {
 protected:
  void SetUp() override { directory_ = fs::temp_directory_path() / ("admin-test-" + std::to_string(::getpid())); }
  void TearDown() override { fs::remove_all(directory_); }
  [[nodiscard]] std::string path() const { return (directory_ / "run" / "admin.sock").string(); }
  [[nodiscard]] Client client() const { return Client(path()); }
  fs::path directory_;
};

TEST_F(Admin, ServesWhatWasPublishedLast) {
  const auto server = Server::start(path());
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ(client().get("/healthz"), "ok\n");
  EXPECT_NE(client().get("/readyz").error().message.find("not ready: starting"), std::string::npos);
  int made = 0;
  const auto text = [&made](const char* constant) {
    return Document([&made, constant] {
      ++made;
      return std::string(constant);
    });
  };
  (*server)->publish(std::shared_ptr<const Snapshot>(new Snapshot{.ready = true,
                                                                  .not_ready = "",
                                                                  .status = text(R"({"ready":true})"),
                                                                  .objects = text("{}"),
                                                                  .events = text("{}"),
                                                                  .plan = text("the plan"),
                                                                  .config = text("")}));
  EXPECT_EQ(client().get("/readyz"), "ready\n");
  EXPECT_EQ(client().get("/v1/status"), R"({"ready":true})");
  EXPECT_EQ(client().get("/v1/plan"), "the plan");
  EXPECT_EQ(client().get("/v1/plan"), "the plan");
  EXPECT_EQ(made, 2) << "only what was asked for, and once";
  EXPECT_FALSE(client().get("/nothing"));
}

TEST_F(Admin, TheSocketIsForOwnerAndGroup) {
  const auto server = Server::start(path());
  ASSERT_TRUE(server);
  struct stat info{};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660U);
}

TEST_F(Admin, ALiveServerIsNotPushedAside) {
  const auto first = Server::start(path());
  ASSERT_TRUE(first);
  const auto second = Server::start(path());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("in use by another portcullis"), std::string::npos);
  EXPECT_EQ(client().get("/healthz"), "ok\n");
}

TEST_F(Admin, TheSocketOfADeadServerIsReplaced) {
  fs::create_directories(directory_ / "run");
  const std::string make =
      "/usr/bin/python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('" + path() + "')\"";
  ASSERT_EQ(std::system(make.c_str()), 0);
  EXPECT_TRUE(Server::start(path()));
}

TEST_F(Admin, NothingButASocketIsRemoved) {
  fs::create_directories(directory_ / "run");
  std::ofstream(path()) << "precious";
  EXPECT_FALSE(Server::start(path()));
  EXPECT_TRUE(fs::exists(path()));
}

TEST_F(Admin, WithoutAServerTheClientSaysWhatWouldBeRight) {
  EXPECT_NE(client().get("/healthz").error().message.find("is portcullis running"), std::string::npos);
}

}  // namespace
}  // namespace gw::admin
