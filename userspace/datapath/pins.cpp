// SPDX-License-Identifier: Apache-2.0
#include "userspace/datapath/pins.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "maps/names.h"

namespace gw::datapath {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBpffsMountPoint = "/sys/fs/bpf";

bool is_bpffs(const std::string& path) {
  struct statfs info{};
  return ::statfs(path.c_str(), &info) == 0 && static_cast<unsigned long>(info.f_type) == BPF_FS_MAGIC;
}

/// The nearest ancestor that exists.
std::string existing_ancestor(fs::path path) {
  std::error_code ignored;
  while (!path.empty() && !fs::exists(path, ignored) && path != path.root_path()) path = path.parent_path();
  return path.string();
}

Result<> mount_bpffs_if_missing(const std::string& pin_dir) {
  if (is_bpffs(existing_ancestor(pin_dir))) return {};
  if (!pin_dir.starts_with(kBpffsMountPoint)) {
    return fail(fmt::format("{} is not on a BPF file system (mount one there, or choose a directory below {})", pin_dir,
                            kBpffsMountPoint));
  }
  if (::mount("bpf", kBpffsMountPoint, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") == 0) return {};
  return fail_errno(errno, fmt::format("mount the BPF file system at {}", kBpffsMountPoint));
}

Result<> make_directories(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail_errno(error.value(), fmt::format("create directory {}", path));
  return {};
}

std::string links_dir(std::string_view pin_dir) { return versioned_dir(pin_dir) + "/links"; }

Result<> remove_pin(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno(errno, fmt::format("remove pin {}", path));
}

}  // namespace

std::string versioned_dir(std::string_view pin_dir) { return fmt::format("{}/v{}", pin_dir, GW_SCHEMA_VERSION); }

std::string map_path(std::string_view pin_dir, std::string_view map_name) {
  return fmt::format("{}/{}", versioned_dir(pin_dir), map_name);
}

Result<PinDirectory> PinDirectory::open(const std::string& pin_dir) {
  if (auto mounted = mount_bpffs_if_missing(pin_dir); !mounted) return fail(mounted.error());
  if (auto made = make_directories(links_dir(pin_dir)); !made) return fail(made.error());
  Fd lock(::open(pin_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock.is_open()) return fail_errno(errno, fmt::format("open directory {}", pin_dir));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(fmt::format("{} is in use by another portcullis (give each instance its own --pin-dir)", pin_dir));
    }
    return fail_errno(errno, fmt::format("lock directory {}", pin_dir));
  }
  return PinDirectory(pin_dir, std::move(lock));
}

std::string PinDirectory::link_path(std::string_view hook, std::uint32_t ifindex) const {
  return fmt::format("{}/{}_{}", links_dir(pin_dir_), hook, ifindex);
}

std::string PinDirectory::cgroup_link_path(std::string_view hook) const {
  return fmt::format("{}/cgroup_{}", links_dir(pin_dir_), hook);
}

std::vector<PinDirectory::PinnedLink> PinDirectory::links() const {
  std::vector<PinnedLink> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(links_dir(pin_dir_), ignored)) {
    const std::string name = entry.path().filename().string();
    const auto separator = name.find('_');
    if (separator == std::string::npos) continue;
    PinnedLink link{name.substr(0, separator), 0};
    std::from_chars(name.data() + separator + 1, name.data() + name.size(), link.ifindex);
    if (link.ifindex != 0) found.push_back(std::move(link));
  }
  return found;
}

Result<> PinDirectory::remove_link(std::string_view hook, std::uint32_t ifindex) const {
  return remove_pin(link_path(hook, ifindex));
}

Result<> PinDirectory::remove_cgroup_link(std::string_view hook) const { return remove_pin(cgroup_link_path(hook)); }

Result<> PinDirectory::remove_all() const {
  std::error_code error;
  fs::remove_all(pin_dir_, error);
  if (error) return fail_errno(error.value(), fmt::format("remove pins below {}", pin_dir_));
  return {};
}

}  // namespace gw::datapath
