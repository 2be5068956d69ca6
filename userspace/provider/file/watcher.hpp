// SPDX-License-Identifier: Apache-2.0
// Private to provider/file: finds the manifest files below a directory and hears of changes.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace gw::provider {

/// What tells two versions of a file apart without reading it.
struct FileSignature {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileSignature&) const = default;
};

class Watcher {
 public:
  static Result<Watcher> open(const std::string& root);

  [[nodiscard]] int fd() const { return inotify_.get(); }
  /// Drains the events. True if something below the root, or the root itself, changed. Files that were named are in
  /// touched().
  bool drain();
  /// Paths that events named since the last scan: to be read again even if their signature is the same, since
  /// timestamps are as coarse as the kernel's tick.
  [[nodiscard]] const std::set<std::string>& touched() const { return touched_; }

  struct Scan {
    std::map<std::string, FileSignature> files;  ///< by path, sorted
    bool root_exists = true;
  };
  /// Walks the tree, watches every directory of it, and forgets touched().
  Scan scan();

 private:
  Watcher(Fd inotify, std::string root) : inotify_(std::move(inotify)), root_(std::move(root)) {}
  void watch(const std::string& directory, bool is_parent_of_root);
  void scan_directory(const std::string& directory, Scan& scan,
                      std::set<std::pair<std::uint64_t, std::uint64_t>>& seen);
  void add_file(const std::string& path, bool is_link, Scan& scan);
  bool note(int watch_descriptor, std::uint32_t mask, const std::string& name);

  struct Watched {
    std::string directory;
    bool is_parent_of_root = false;
  };
  Fd inotify_;
  std::string root_;
  std::map<int, Watched> watched_;
  std::set<std::string> touched_;
};

}  // namespace gw::provider
