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
#include <optional>

namespace gw::provider {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                  IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

bool is_hidden(const std::string& name) { return name.empty() || name.front() == '.' || name.back() == '~'; }

bool is_manifest(const std::string& name) {
  return !is_hidden(name) && (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json"));
}

/// Something else than a plain file has this path.
bool leads_elsewhere(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

/// None if there is no regular file.
std::optional<FileSignature> signature_of(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return FileSignature{info.st_dev, info.st_ino, info.st_size, nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)};
}

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
  if ((mask & IN_Q_OVERFLOW) != 0) return walks_ = true;
  const auto watched = watched_.find(watch_descriptor);
  if (watched == watched_.end()) return false;
  if ((mask & IN_IGNORED) != 0) {
    watched_.erase(watched);
    return walks_ = true;
  }
  if (watched->second.role == Role::ParentOfRoot && name != fs::path(root_).filename().string()) return false;
  const bool is_of_file = watched->second.role == Role::InTree && (mask & IN_ISDIR) == 0 && !name.empty();
  if (is_of_file && is_manifest(name)) touched_.insert(watched->second.directory + "/" + name);
  // Where there are links, any name may be part of their way: "..data" of a ConfigMap.
  if (!is_of_file || has_links_) return walks_ = true;
  return is_manifest(name);
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

void Watcher::watch(const std::string& directory, Role role) {
  const int descriptor = inotify_add_watch(inotify_.get(), directory.c_str(), kEvents | IN_ONLYDIR);
  // A directory that vanished meanwhile is an event of its parent.
  if (descriptor < 0) return;
  const auto [entry, added] = watched_.try_emplace(descriptor, Watched{directory, role});
  if (!added && role == Role::InTree) entry->second = {directory, role};
}

void Watcher::add_file(const std::string& path, bool is_link, Files& files) {
  const auto signature = signature_of(path);
  if (!signature) return;
  files[path] = *signature;
  if (!is_link) return;
  has_links_ = true;
  std::error_code ignored;
  watch(fs::canonical(path, ignored).parent_path().string(), Role::LinkTarget);
}

void Watcher::walk_directory(const std::string& directory, Files& files,
                             std::set<std::pair<std::uint64_t, std::uint64_t>>& seen) {
  struct stat info{};
  if (::stat(directory.c_str(), &info) != 0 || !seen.emplace(info.st_dev, info.st_ino).second) return;
  // Watch before reading: what appears in between is then an event.
  watch(directory, Role::InTree);
  std::error_code error;
  for (auto entry = fs::directory_iterator(directory, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code ignored;
    if (is_hidden(name)) continue;
    if (entry->is_directory(ignored)) {
      walk_directory(entry->path().string(), files, seen);
    } else if (is_manifest(name)) {
      add_file(entry->path().string(), entry->is_symlink(ignored), files);
    }
  }
}

Watcher::Changes Watcher::walk() {
  Changes changes;
  watch(fs::path(root_).parent_path().string(), Role::ParentOfRoot);
  std::error_code ignored;
  changes.root_exists = fs::is_directory(root_, ignored);
  if (!changes.root_exists) return changes;
  Files files;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  has_links_ = false;
  walk_directory(root_, files, seen);
  for (const auto& [path, signature] : files) {
    const auto known = files_.find(path);
    const bool is_same = known != files_.end() && known->second == signature;
    if (!is_same || has_forgotten_ || touched_.contains(path)) changes.changed.push_back(path);
  }
  for (const auto& [path, signature] : files_) {
    if (!files.contains(path)) changes.gone.push_back(path);
  }
  files_ = std::move(files);
  walks_ = has_forgotten_ = false;
  return changes;
}

Watcher::Changes Watcher::look_at_touched() {
  Changes changes;
  for (const std::string& path : touched_) {
    const auto signature = signature_of(path);
    if (signature) {
      files_[path] = *signature;
      changes.changed.push_back(path);
    } else if (files_.erase(path) != 0) {
      changes.gone.push_back(path);
    }
  }
  return changes;
}

Watcher::Changes Watcher::collect() {
  drain();
  // A name that has become a link, or a directory, leads to other places.
  walks_ = walks_ || std::ranges::any_of(touched_, leads_elsewhere);
  Changes changes = walks_ ? walk() : look_at_touched();
  touched_.clear();
  return changes;
}

}  // namespace gw::provider
