// SPDX-License-Identifier: Apache-2.0
// A directory of manifests as the source of objects: every *.yaml, *.yml and *.json below it, watched by inotify.
#pragma once

#include "userspace/api/decode.hpp"
#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/base/error.hpp"
#include "userspace/base/shared_list.hpp"
#include "userspace/base/shared_map.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace gw::provider {

/// What the directory holds, as of one reload(). What did not change is the same object as in the last one.
struct Snapshot {
  api::ResourceSet resources;                                ///< sorted
  SharedMap<std::string, api::Objects<api::RawObject>> raw;  ///< the same objects' documents, by file
  SharedList<api::Problem> problems;
  SharedList<std::string> stale_files;  ///< files of which older objects are still in use
};

struct FileOptions {
  /// How long a file must have been left alone: editors write in several steps.
  std::chrono::milliseconds debounce{5};
  /// After which a file that is written again and again is read all the same.
  std::chrono::milliseconds max_delay{50};
};

/// Hidden files and directories, and names that end in "~", are not read. Symbolic links are followed; ConfigMap
/// mounts, which swap a link to a directory, work. Of an object that two files define, the file that had it first keeps
/// it. A broken file keeps the last good version of its objects. Not thread-safe.
class FileProvider {
 public:
  static Result<FileProvider> open(const std::string& directory, const FileOptions& options);
  FileProvider(FileProvider&&) noexcept;
  FileProvider& operator=(FileProvider&&) noexcept;
  ~FileProvider();

  /// Readable when files have changed; then call on_readable().
  [[nodiscard]] int fd() const;
  void on_readable();
  /// When reload() should be called; nothing if nothing has changed.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> due() const;
  /// Everything counts as changed.
  void mark_all_dirty();
  /// Reads what has changed and returns everything.
  Snapshot reload();

 private:
  class State;
  explicit FileProvider(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gw::provider
