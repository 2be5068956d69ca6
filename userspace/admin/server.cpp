// SPDX-License-Identifier: Apache-2.0
#include "userspace/admin/server.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <csignal>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <thread>

#include "userspace/base/fd.hpp"

namespace gw::admin {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kText = "text/plain; charset=utf-8";

/// Whether somebody accepts connections on a unix socket. Only a refusal means that its owner is gone.
bool is_alive(const std::string& path) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
  return errno != ECONNREFUSED;
}

std::shared_ptr<const Snapshot> nothing_yet() {
  const auto text = [](const char* constant) { return Document([constant] { return std::string(constant); }); };
  return std::shared_ptr<const Snapshot>(new Snapshot{.ready = false,
                                                      .not_ready = "starting",
                                                      .status = text(R"({"ready":false})"),
                                                      .objects = text(R"({"objects":[]})"),
                                                      .events = text(R"({"events":[]})"),
                                                      .plan = text(""),
                                                      .config = text("")});
}

/// Makes room for our socket. Removes nothing but a socket that nobody serves any more.
Result<> prepare_path(const std::string& path) {
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return fail(fmt::format("the admin socket's path {} is too long (at most {} characters)", path,
                            sizeof(sockaddr_un{}.sun_path) - 1));
  }
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return fail_errno(error.value(), fmt::format("create directory {}", parent.string()));
  const auto status = std::filesystem::symlink_status(path, error);
  if (!std::filesystem::exists(status)) return {};
  if (!std::filesystem::is_socket(status)) {
    return fail(fmt::format("{} exists and is not a socket (choose another --admin)", path));
  }
  if (is_alive(path)) {
    return fail(fmt::format("{} is in use by another portcullis (give each instance its own --admin)", path));
  }
  std::filesystem::remove(path, error);
  if (error) return fail_errno(error.value(), fmt::format("remove the stale socket {}", path));
  return {};
}

}  // namespace

struct Server::State {
  std::string path;
  httplib::Server http;
  std::thread thread;
  std::atomic<bool> ended = false;
  std::mutex mutex;
  std::shared_ptr<const Snapshot> snapshot = nothing_yet();

  std::shared_ptr<const Snapshot> current() {
    const std::lock_guard lock(mutex);
    return snapshot;
  }
  void serve(const char* route, Document Snapshot::* document, const char* type) {
    http.Get(route, [this, document, type](const httplib::Request&, httplib::Response& response) {
      const auto now = current();
      response.set_content(((*now).*document).text(), type);
    });
  }
  void add_routes() {
    http.Get("/healthz",
             [](const httplib::Request&, httplib::Response& response) { response.set_content("ok\n", kText); });
    http.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      const auto now = current();
      response.status = now->ready ? 200 : 503;
      response.set_content(now->ready ? "ready\n" : "not ready: " + now->not_ready + "\n", kText);
    });
    serve("/v1/status", &Snapshot::status, kJson);
    serve("/v1/objects", &Snapshot::objects, kJson);
    serve("/v1/events", &Snapshot::events, kJson);
    serve("/v1/plan", &Snapshot::plan, kText);
    serve("/v1/config", &Snapshot::config, kText);
  }
  void run() {
    // Signals are the agent's.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    http.listen_after_bind();
    ended = true;
  }
};

Server::Server(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(const std::string& socket_path) {
  if (auto prepared = prepare_path(socket_path); !prepared) return fail(prepared.error());
  auto state = std::make_unique<State>();
  state->path = socket_path;
  state->http.set_address_family(AF_UNIX);
  state->http.new_task_queue = [] { return new httplib::ThreadPool(2); };
  state->add_routes();
  // The port is meaningless for a unix socket, and must not be 0.
  if (!state->http.bind_to_port(socket_path, 80)) return fail_errno(errno, fmt::format("listen on {}", socket_path));
  if (::chmod(socket_path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0) {
    return fail_errno(errno, fmt::format("set the mode of {}", socket_path));
  }
  state->thread = std::thread([running = state.get()] { running->run(); });
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  // stop() before the thread has begun to listen would be forgotten.
  while (!state_->http.is_running() && !state_->ended) std::this_thread::yield();
  state_->http.stop();
  state_->thread.join();
  std::error_code ignored;
  std::filesystem::remove(state_->path, ignored);
}

void Server::publish(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(state_->mutex);
  state_->snapshot = std::move(snapshot);
}

}  // namespace gw::admin
