// SPDX-License-Identifier: Apache-2.0
// Private to provider/file: what the files hold -> one set of objects. Of an object that several files define, the file
// that had it first keeps it. A change costs what it touches: everything else stays the same object.
#pragma once

#include "userspace/api/decode.hpp"
#include "userspace/provider/file/file_provider.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

namespace gw::provider {

class Catalog {
 public:
  /// Replaces what a file holds. Of its old objects those stay that the new text breaks, or may have broken.
  void put(const std::string& path, api::Decoded decoded);
  void remove(const std::string& path);
  /// Everything, after what was put and removed.
  const Snapshot& snapshot();

 private:
  struct File {
    std::string path;
    api::ResourceSet objects;  ///< as decoded
    api::Objects<api::RawObject> documents;
    std::vector<api::Problem> problems;
    bool is_stale = false;
  };
  /// One object, whoever defines it.
  struct Definition {
    std::vector<const File*> files;  ///< that define it; sorted by path
    const File* owner = nullptr;     ///< the one that it is taken from
    // As it was published last:
    std::shared_ptr<const void> object;
    std::size_t member = 0;  ///< which of ResourceSet's members holds it
    std::shared_ptr<const api::RawObject> document;
    std::int64_t generation = 1;  ///< 0: the manifest says it itself
  };
  using Definitions = std::map<api::ObjectRef, Definition>;
  using Published = std::unordered_set<const void*>;

  void define(const File& file);
  void undefine(const File& file);
  std::set<const File*> choose_owners();
  Definition* owned_by(const File& file, const api::ObjectRef& ref);
  void publish_documents(const File& file);
  [[nodiscard]] std::map<std::size_t, Published> affected_objects() const;
  template <typename Kind>
  void publish_kind(const std::set<const File*>& files, api::Objects<Kind> api::ResourceSet::* member,
                    std::size_t index, Published gone);
  void report(const File& file);
  [[nodiscard]] std::vector<api::Problem> problems_of(const File& file) const;
  void publish_reports();

  std::map<std::string, File> files_;                          ///< by path
  Definitions definitions_;                                    ///< by identity: the ref without the version
  std::set<api::ObjectRef> affected_;                          ///< identities of what changed since the last snapshot()
  std::set<std::string> changed_;                              ///< paths of the files that did
  std::map<std::string, std::vector<api::Problem>> problems_;  ///< of the files that have any
  std::set<std::string> stale_files_;
  bool reports_changed_ = false;
  Snapshot snapshot_;
};

}  // namespace gw::provider
