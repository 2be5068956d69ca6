// SPDX-License-Identifier: Apache-2.0
// Private to provider/file: finds the manifest files below a directory and hears of changes.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
  /// Drains the events. True if something below the root, or the root itself, may have changed.
  bool drain();

  struct Changes {
    std::vector<std::string> changed;  ///< paths of files to be read, new ones among them; sorted
    std::vector<std::string> gone;     ///< sorted
    bool root_exists = true;           ///< false: nothing can be said of the files
  };
  /// What has changed since the last call. Looks at the files that events named, and walks the whole tree where these
  /// do not tell everything: at first, when directories or links change, when events were lost.
  Changes collect();
  /// The next collect() says of every file that it has changed.
  void forget_signatures() { has_forgotten_ = walks_ = true; }

 private:
  Watcher(Fd inotify, std::string root) : inotify_(std::move(inotify)), root_(std::move(root)) {}
  enum class Role : std::uint8_t {
    InTree,        ///< one of the tree
    ParentOfRoot,  ///< only the root matters in it
    LinkTarget,    ///< outside of the tree, or hidden in it: a file of the tree is a link into it
  };
  struct Watched {
    std::string directory;
    Role role = Role::InTree;
  };
  using Files = std::map<std::string, FileSignature>;
  void watch(const std::string& directory, Role role);
  void walk_directory(const std::string& directory, Files& files,
                      std::set<std::pair<std::uint64_t, std::uint64_t>>& seen);
  void add_file(const std::string& path, bool is_link, Files& files);
  bool note(int watch_descriptor, std::uint32_t mask, const std::string& name);
  Changes walk();
  Changes look_at_touched();

  Fd inotify_;
  std::string root_;
  std::map<int, Watched> watched_;
  Files files_;  ///< of the last collect()
  /// Paths that events named since then: to be read even if their signature is the same, since timestamps are as coarse
  /// as the kernel's tick.
  std::set<std::string> touched_;
  bool walks_ = true;       ///< the next collect() walks the tree
  bool has_links_ = false;  ///< some file of the tree is a link
  bool has_forgotten_ = false;
};

}  // namespace gw::provider
