// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/file_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "userspace/provider/file/watcher.hpp"

namespace gw::provider {
namespace {

using api::ObjectRef;
using std::chrono::steady_clock;

constexpr std::uintmax_t kMaxFileSize = 16U << 20U;

/// The same object whatever the version it is written in.
ObjectRef identity(ObjectRef ref) {
  ref.version.clear();
  return ref;
}

/// What one file contributes.
struct FileContent {
  FileSignature signature;
  api::ResourceSet objects;
  std::vector<api::RawObject> raw;
  std::vector<api::Problem> problems;
  bool is_stale = false;
};

api::Decoded read(const std::string& path) {
  api::Decoded failed;
  failed.incomplete = true;
  const auto reject = [&](std::string message) {
    failed.problems.push_back({{path, 1, 1}, "", "", std::move(message)});
    return failed;
  };
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxFileSize)
    return reject(fmt::format("has {} bytes (at most {} are read)", size, kMaxFileSize));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf() || size == 0)) return reject("cannot be read");
  return api::decode(text.str(), path);
}

/// The part of a manifest that a new generation stands for: everything but metadata and status.
std::string spec_of(const std::string& json) {
  auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) return json;
  object.erase("metadata");
  object.erase("status");
  return object.dump();
}

bool sets_generation(const std::string& json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  return object.is_object() && object.contains("metadata") && object["metadata"].contains("generation");
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
    read_all_ = true;
    mark_dirty();
  }
  [[nodiscard]] std::optional<steady_clock::time_point> due() const {
    if (!dirty_since_) return std::nullopt;
    return std::min(last_event_ + options_.debounce, *dirty_since_ + options_.max_delay);
  }
  Snapshot reload();

 private:
  void read_changed(const Watcher::Scan& scan, const std::set<std::string>& touched);
  void take(FileContent& content, api::Decoded decoded);
  void assign_owners();
  void raise_generations(api::ResourceSet& objects, const std::vector<api::RawObject>& raw);
  Snapshot merge(bool root_exists);
  void merge_file(const std::string& path, const FileContent& content, Snapshot& snapshot);

  struct Generation {
    std::string spec;
    std::int64_t number = 1;
  };

  Watcher watcher_;
  FileOptions options_;
  std::optional<steady_clock::time_point> dirty_since_;
  steady_clock::time_point last_event_;
  bool read_all_ = true;
  std::map<std::string, FileContent> files_;
  std::map<ObjectRef, std::string> owners_;  ///< which file an object is taken from
  std::map<ObjectRef, Generation> generations_;
};

Snapshot FileProvider::State::reload() {
  watcher_.drain();
  const std::set<std::string> touched = watcher_.touched();
  const Watcher::Scan scan = watcher_.scan();
  dirty_since_.reset();
  if (scan.root_exists) {
    std::erase_if(files_, [&](const auto& file) { return !scan.files.contains(file.first); });
    read_changed(scan, touched);
  }
  read_all_ = false;
  assign_owners();
  return merge(scan.root_exists);
}

void FileProvider::State::read_changed(const Watcher::Scan& scan, const std::set<std::string>& touched) {
  for (const auto& [path, signature] : scan.files) {
    const auto known = files_.find(path);
    const bool unchanged = known != files_.end() && known->second.signature == signature;
    if (unchanged && !read_all_ && !touched.contains(path)) continue;
    FileContent& content = files_[path];
    content.signature = signature;
    take(content, read(path));
  }
}

/// Replaces a file's objects. Those that the new text breaks, or may have broken, stay as they were.
void FileProvider::State::take(FileContent& content, api::Decoded decoded) {
  std::set<ObjectRef> defined;
  std::set<ObjectRef> rejected;
  for (const auto& object : decoded.raw) defined.insert(identity(object.ref));
  for (const auto& ref : decoded.rejected) rejected.insert(identity(ref));
  const auto stays = [&](const ObjectRef& ref) {
    return !defined.contains(ref) && (decoded.incomplete || rejected.contains(ref));
  };
  content.is_stale = false;
  std::vector<api::RawObject> kept_raw;
  for (auto& object : content.raw) {
    if (stays(identity(object.ref))) kept_raw.push_back(std::move(object));
  }
  content.is_stale = !kept_raw.empty();
  api::ResourceSet old = std::move(content.objects);
  content.objects = std::move(decoded.objects);
  api::ResourceSet::for_each_member([&](auto member) {
    for (auto& object : old.*member) {
      if (stays(identity(object.ref()))) (content.objects.*member).push_back(std::move(object));
    }
  });
  content.raw = std::move(decoded.raw);
  std::ranges::move(kept_raw, std::back_inserter(content.raw));
  content.problems = std::move(decoded.problems);
}

void FileProvider::State::assign_owners() {
  std::map<ObjectRef, std::set<std::string>> definers;
  for (const auto& [path, content] : files_) {
    for (const auto& object : content.raw) definers[identity(object.ref)].insert(path);
  }
  std::erase_if(owners_, [&](const auto& owner) {
    const auto found = definers.find(owner.first);
    return found == definers.end() || !found->second.contains(owner.second);
  });
  for (const auto& [ref, paths] : definers) owners_.try_emplace(ref, *paths.begin());
}

/// Files carry no generation: it counts the changes of the spec, as an API server would.
void FileProvider::State::raise_generations(api::ResourceSet& objects, const std::vector<api::RawObject>& raw) {
  std::map<ObjectRef, std::int64_t> numbers;
  for (const auto& object : raw) {
    const ObjectRef ref = identity(object.ref);
    if (sets_generation(object.json)) continue;
    Generation& generation = generations_[ref];
    std::string spec = spec_of(object.json);
    if (!generation.spec.empty() && generation.spec != spec) ++generation.number;
    generation.spec = std::move(spec);
    numbers[ref] = generation.number;
  }
  api::ResourceSet::for_each_member([&](auto member) {
    for (auto& object : objects.*member) {
      const auto number = numbers.find(identity(object.ref()));
      if (number != numbers.end()) object.meta.generation = number->second;
    }
  });
}

void FileProvider::State::merge_file(const std::string& path, const FileContent& content, Snapshot& snapshot) {
  const auto is_owned = [&](const ObjectRef& ref) { return owners_.at(ref) == path; };
  std::ranges::copy(content.problems, std::back_inserter(snapshot.problems));
  if (content.is_stale) snapshot.stale_files.push_back(path);
  for (const auto& object : content.raw) {
    const ObjectRef ref = identity(object.ref);
    if (is_owned(ref)) {
      snapshot.raw.push_back(object);
    } else {
      snapshot.problems.push_back({object.location, ref.to_string(), "",
                                   fmt::format("is defined in {} already, which counts", owners_.at(ref))});
    }
  }
  api::ResourceSet::for_each_member([&](auto member) {
    for (const auto& object : content.objects.*member) {
      if (is_owned(identity(object.ref()))) (snapshot.resources.*member).push_back(object);
    }
  });
}

Snapshot FileProvider::State::merge(bool root_exists) {
  Snapshot snapshot;
  if (!root_exists) {
    snapshot.problems.push_back({{"", 0, 0}, "", "", "the manifest directory is gone; its last objects stay in use"});
  }
  for (const auto& [path, content] : files_) merge_file(path, content, snapshot);
  raise_generations(snapshot.resources, snapshot.raw);
  snapshot.resources.sort();
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
