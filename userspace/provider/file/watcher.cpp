// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/watcher.hpp"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace gw::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

bool is_hidden(const std::string& name) { return name.empty() || name.front() == '.' || name.back() == '~'; }

bool is_manifest(const std::string& name) {
  return !is_hidden(name) && (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

Result<Watcher> Watcher::open(const std::string& root) {
  struct stat info{};
  if (::stat(root.c_str(), &info) != 0) return fail_errno(errno, fmt::format("open the manifest directory {}", root));
  if (!S_ISDIR(info.st_mode)) return fail(fmt::format("{} is not a directory (--manifests takes one)", root));
  Fd inotify(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.is_open()) return fail_errno(errno, "start inotify");
  return Watcher(std::move(inotify), fs::absolute(root).lexically_normal().string());
}

bool Watcher::note(int watch_descriptor, std::uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto watched = watched_.find(watch_descriptor);
  if (watched == watched_.end()) return false;
  if ((mask & IN_IGNORED) != 0) {
    watched_.erase(watched);
    return true;
  }
  if (watched->second.is_parent_of_root) return name == fs::path(root_).filename().string();
  if (!name.empty()) touched_.insert(watched->second.directory + "/" + name);
  return true;
}

bool Watcher::drain() {
  bool changed = false;
  alignas(inotify_event) std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t length = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (length <= 0) return changed;
    for (ssize_t at = 0; at < length;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const char* const name = buffer.data() + at + sizeof(event);
      changed = note(event.wd, event.mask, event.len == 0 ? "" : name) || changed;
      at += static_cast<ssize_t>(sizeof(event) + event.len);
    }
  }
}

void Watcher::watch(const std::string& directory, bool is_parent_of_root) {
  const int descriptor = inotify_add_watch(inotify_.get(), directory.c_str(), kEvents | IN_ONLYDIR);
  // A directory that vanished meanwhile is an event of its parent.
  if (descriptor < 0) return;
  const auto [entry, added] = watched_.try_emplace(descriptor, Watched{directory, is_parent_of_root});
  if (!added && !is_parent_of_root) entry->second = {directory, false};
}

void Watcher::add_file(const std::string& path, bool is_link, Scan& scan) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  scan.files[path] = {info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
  std::error_code ignored;
  if (is_link) watch(fs::canonical(path, ignored).parent_path().string(), false);
}

void Watcher::scan_directory(const std::string& directory, Scan& scan,
                             std::set<std::pair<std::uint64_t, std::uint64_t>>& seen) {
  struct stat info{};
  if (::stat(directory.c_str(), &info) != 0 || !seen.emplace(info.st_dev, info.st_ino).second) return;
  // Watch before reading: what appears in between is then an event.
  watch(directory, false);
  std::error_code error;
  for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (is_hidden(name)) continue;
    if (entry->is_directory(ignored)) {
      scan_directory(entry->path().string(), scan, seen);
    } else if (is_manifest(name)) {
      add_file(entry->path().string(), entry->is_symlink(ignored), scan);
    }
  }
}

Watcher::Scan Watcher::scan() {
  touched_.clear();
  Scan scan;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  watch(fs::path(root_).parent_path().string(), true);
  std::error_code ignored;
  scan.root_exists = fs::is_directory(root_, ignored);
  if (scan.root_exists) scan_directory(root_, scan, seen);
  return scan;
}

}  // namespace gw::provider
