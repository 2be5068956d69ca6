// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/file_provider.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "userspace/provider/file/catalog.hpp"
#include "userspace/provider/file/read.hpp"
#include "userspace/provider/file/watcher.hpp"

namespace gw::provider {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kMostThreads = 8;
/// For fewer a thread is not worth its start.
constexpr std::size_t kFilesPerThread = 32;

api::Decoded read(const std::string& path) {
  const auto text = read_text(path);
  if (text) return api::decode(*text, path);
  api::Decoded failed;
  failed.incomplete = true;
  failed.problems.push_back({{path, 1, 1}, "", "", text.error().message});
  return failed;
}

/// Files side by side, each as read() has it: parsing is most of what a start with many of them costs.
std::vector<api::Decoded> read_all(const std::vector<std::string>& paths) {
  std::vector<api::Decoded> decoded(paths.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&decoded, &paths, &next] {
    for (std::size_t i = next++; i < paths.size(); i = next++) decoded[i] = read(paths[i]);
  };
  const std::size_t cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min(cores, paths.size() / kFilesPerThread); ++i) others.emplace_back(work);
  work();
  others.clear();
  return decoded;
}

}  // namespace

class FileProvider::State {
 public:
  State(Watcher watcher, const FileOptions& options) : watcher_(std::move(watcher)), options_(options) {}

  Watcher& watcher() { return watcher_; }
  void mark_dirty() {
    const auto now = steady_clock::now();
    if (!dirty_since_) dirty_since_ = now;
    last_event_ = now;
  }
  void mark_all_dirty() {
    watcher_.forget_signatures();
    mark_dirty();
  }
  [[nodiscard]] std::optional<steady_clock::time_point> due() const {
    if (!dirty_since_) return std::nullopt;
    return std::min(last_event_ + options_.debounce, *dirty_since_ + options_.max_delay);
  }
  Snapshot reload();

 private:
  Watcher watcher_;
  FileOptions options_;
  std::optional<steady_clock::time_point> dirty_since_;
  steady_clock::time_point last_event_;
  Catalog catalog_;
};

Snapshot FileProvider::State::reload() {
  const Watcher::Changes changes = watcher_.collect();
  dirty_since_.reset();
  for (const std::string& path : changes.gone) catalog_.remove(path);
  std::vector<api::Decoded> decoded = read_all(changes.changed);
  for (std::size_t i = 0; i < decoded.size(); ++i) catalog_.put(changes.changed[i], std::move(decoded[i]));
  Snapshot snapshot = catalog_.snapshot();
  if (!changes.root_exists) {
    std::vector<api::Problem> problems = snapshot.problems.items();
    problems.insert(problems.begin(),
                    {{"", 0, 0}, "", "", "the manifest directory is gone; its last objects stay in use"});
    snapshot.problems = std::move(problems);
  }
  return snapshot;
}

Result<FileProvider> FileProvider::open(const std::string& directory, const FileOptions& options) {
  auto watcher = Watcher::open(directory);
  if (!watcher) return fail(watcher.error());
  return FileProvider(std::make_unique<State>(std::move(*watcher), options));
}

FileProvider::FileProvider(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileProvider::FileProvider(FileProvider&&) noexcept = default;
FileProvider& FileProvider::operator=(FileProvider&&) noexcept = default;
FileProvider::~FileProvider() = default;

int FileProvider::fd() const { return state_->watcher().fd(); }

void FileProvider::on_readable() {
  if (state_->watcher().drain()) state_->mark_dirty();
}

std::optional<steady_clock::time_point> FileProvider::due() const { return state_->due(); }
void FileProvider::mark_all_dirty() { state_->mark_all_dirty(); }
Snapshot FileProvider::reload() { return state_->reload(); }

}  // namespace gw::provider
