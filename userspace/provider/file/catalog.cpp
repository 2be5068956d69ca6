// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "userspace/base/exchange.hpp"

namespace gw::provider {
namespace {

using api::ObjectRef;

/// The same object whatever the version it is written in.
ObjectRef identity(ObjectRef ref) {
  ref.version.clear();
  return ref;
}

/// Of objects that a file defined: which of them stay although the new text does not have them.
class Kept {
 public:
  explicit Kept(const api::Decoded& decoded) : incomplete_(decoded.incomplete) {
    for (const auto& document : decoded.raw) defined_.insert(identity(document.ref));
    for (const auto& ref : decoded.rejected) rejected_.insert(identity(ref));
  }
  [[nodiscard]] bool stays(const ObjectRef& ref) const {
    return !defined_.contains(ref) && (incomplete_ || rejected_.contains(ref));
  }

 private:
  bool incomplete_;
  std::set<ObjectRef> defined_;
  std::set<ObjectRef> rejected_;
};

template <typename Kind, typename RefOf>
void keep(const Kept& kept, const api::Objects<Kind>& old, api::Objects<Kind>& into, RefOf ref_of) {
  for (const auto& object : old.pointers()) {
    if (kept.stays(identity(ref_of(*object)))) into.push_back(object);
  }
}

/// The generation of an object whose manifest was `before`. 0: the new one says it itself. A new generation stands for
/// a change of anything but metadata and status.
std::int64_t next_generation(std::int64_t generation, const std::string& before, const std::string& now) {
  if (before == now) return generation;
  auto old_object = nlohmann::json::parse(before, nullptr, false);
  auto object = nlohmann::json::parse(now, nullptr, false);
  if (object.contains("metadata") && object["metadata"].contains("generation")) return 0;
  for (const char* key : {"metadata", "status"}) {
    old_object.erase(key);
    object.erase(key);
  }
  return std::max<std::int64_t>(generation, 1) + (object == old_object ? 0 : 1);
}

}  // namespace

void Catalog::put(const std::string& path, api::Decoded decoded) {
  File& file = files_[path];
  file.path = path;
  undefine(file);
  const Kept kept(decoded);
  const api::ResourceSet old = std::exchange(file.objects, std::move(decoded.objects));
  api::ResourceSet::for_each_member([&](auto member) {
    keep(kept, old.*member, file.objects.*member, [](const auto& object) { return object.ref(); });
  });
  const auto old_documents = std::exchange(file.documents, std::move(decoded.raw));
  const std::size_t defined = file.documents.size();
  keep(kept, old_documents, file.documents, [](const auto& document) { return document.ref; });
  file.is_stale = file.documents.size() != defined;
  file.problems = std::move(decoded.problems);
  define(file);
  changed_.insert(path);
}

void Catalog::remove(const std::string& path) {
  const auto file = files_.find(path);
  if (file == files_.end()) return;
  undefine(file->second);
  for (const auto& document : file->second.documents) {
    Definition& definition = definitions_.at(identity(document.ref));
    if (definition.owner == &file->second) definition.owner = nullptr;
  }
  files_.erase(file);
  changed_.insert(path);
}

void Catalog::define(const File& file) {
  const auto path = [](const File* of) -> const std::string& { return of->path; };
  for (const auto& document : file.documents) {
    ObjectRef ref = identity(document.ref);
    auto& files = definitions_[ref].files;
    files.insert(std::ranges::lower_bound(files, file.path, {}, path), &file);
    affected_.insert(std::move(ref));
  }
}

void Catalog::undefine(const File& file) {
  for (const auto& document : file.documents) {
    ObjectRef ref = identity(document.ref);
    Definition& definition = definitions_[ref];
    std::erase(definition.files, &file);
    affected_.insert(std::move(ref));
  }
}

/// Returns the files that have to be looked at: those with a part in an affected definition.
std::set<const Catalog::File*> Catalog::choose_owners() {
  std::set<const File*> files;
  for (const ObjectRef& ref : affected_) {
    Definition& definition = definitions_[ref];
    if (std::ranges::find(definition.files, definition.owner) == definition.files.end()) {
      definition.owner = definition.files.empty() ? nullptr : definition.files.front();
    }
    files.insert(definition.files.begin(), definition.files.end());
  }
  return files;
}

/// The object's definition, if it has to be published from this file.
Catalog::Definition* Catalog::owned_by(const File& file, const ObjectRef& ref) {
  if (!affected_.contains(ref)) return nullptr;
  Definition& definition = definitions_.at(ref);
  return definition.owner == &file ? &definition : nullptr;
}

/// Files carry no generation: it counts the changes of the spec, as an API server would.
void Catalog::publish_documents(const File& file) {
  std::vector<std::shared_ptr<const api::RawObject>> owned;
  for (const auto& document : file.documents.pointers()) {
    const ObjectRef ref = identity(document->ref);
    if (definitions_.at(ref).owner == &file) owned.push_back(document);
    Definition* const definition = owned_by(file, ref);
    if (definition == nullptr || definition->document == document) continue;
    if (definition->document != nullptr) {
      definition->generation = next_generation(definition->generation, definition->document->json, document->json);
    }
    definition->document = document;
  }
  if (owned.empty()) {
    snapshot_.raw.erase(file.path);
  } else {
    snapshot_.raw.set(file.path, api::Objects<api::RawObject>(std::move(owned)));
  }
}

/// What is published of the affected definitions, by the member of ResourceSet that holds it.
std::map<std::size_t, Catalog::Published> Catalog::affected_objects() const {
  std::map<std::size_t, Published> objects;
  for (const ObjectRef& ref : affected_) {
    const Definition& definition = definitions_.at(ref);
    if (definition.object != nullptr) objects[definition.member].insert(definition.object.get());
  }
  return objects;
}

/// `gone`: what is published of the kind and affected.
template <typename Kind>
void Catalog::publish_kind(const std::set<const File*>& files, api::Objects<Kind> api::ResourceSet::* member,
                           std::size_t index, Published gone) {
  std::vector<std::shared_ptr<const Kind>> fresh;
  for (const File* const file : files) {
    for (const auto& object : (file->objects.*member).pointers()) {
      Definition* const definition = owned_by(*file, identity(object->ref()));
      if (definition == nullptr) continue;
      auto published = object;
      if (definition->generation > 1) {
        Kind copy = *object;
        copy.meta.generation = definition->generation;
        published = std::make_shared<const Kind>(std::move(copy));
      }
      const auto* const before = static_cast<const Kind*>(definition->object.get());
      if (before != nullptr && *before == *published) {
        gone.erase(before);
        continue;
      }
      definition->object = published;
      definition->member = index;
      fresh.push_back(std::move(published));
    }
  }
  if (gone.empty() && fresh.empty()) return;
  const auto is_gone = [&gone](const auto& object) { return gone.contains(object.get()); };
  const auto is_before = [](const Kind& a, const Kind& b) { return api::is_before(a, b); };
  snapshot_.resources.*member =
      api::Objects<Kind>(exchange((snapshot_.resources.*member).pointers(), is_gone, std::move(fresh), is_before));
}

std::vector<api::Problem> Catalog::problems_of(const File& file) const {
  std::vector<api::Problem> problems = file.problems;
  for (const auto& document : file.documents) {
    const ObjectRef ref = identity(document.ref);
    const File* const owner = definitions_.at(ref).owner;
    if (owner == &file) continue;
    problems.push_back(
        {document.location, ref.to_string(), "", fmt::format("is defined in {} already, which counts", owner->path)});
  }
  return problems;
}

void Catalog::report(const File& file) {
  const auto known = problems_.find(file.path);
  std::vector<api::Problem> problems = problems_of(file);
  if (file.is_stale != stale_files_.contains(file.path)) {
    reports_changed_ = true;
    if (file.is_stale) {
      stale_files_.insert(file.path);
    } else {
      stale_files_.erase(file.path);
    }
  }
  if (problems == (known == problems_.end() ? std::vector<api::Problem>() : known->second)) return;
  reports_changed_ = true;
  if (problems.empty()) {
    problems_.erase(known);
  } else {
    problems_[file.path] = std::move(problems);
  }
}

void Catalog::publish_reports() {
  if (!std::exchange(reports_changed_, false)) return;
  std::vector<api::Problem> problems;
  for (const auto& [path, of_file] : problems_) std::ranges::copy(of_file, std::back_inserter(problems));
  snapshot_.problems = std::move(problems);
  snapshot_.stale_files = std::vector<std::string>(stale_files_.begin(), stale_files_.end());
}

const Snapshot& Catalog::snapshot() {
  std::set<const File*> files = choose_owners();
  for (const std::string& path : changed_) {
    if (const auto file = files_.find(path); file != files_.end()) {
      files.insert(&file->second);
      continue;
    }
    snapshot_.raw.erase(path);
    reports_changed_ = problems_.erase(path) + stale_files_.erase(path) != 0 || reports_changed_;
  }
  for (const File* const file : files) publish_documents(*file);
  auto before = affected_objects();
  std::size_t index = 0;
  api::ResourceSet::for_each_member([&](auto member) {
    publish_kind(files, member, index, std::move(before[index]));
    ++index;
  });
  for (const File* const file : files) report(*file);
  publish_reports();
  for (const ObjectRef& ref : affected_) {
    if (definitions_.at(ref).files.empty()) definitions_.erase(ref);
  }
  affected_.clear();
  changed_.clear();
  return snapshot_;
}

}  // namespace gw::provider
