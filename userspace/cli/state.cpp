// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/state.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "userspace/api/decode.hpp"
#include "userspace/provider/file/read.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

json without_status(json object) {
  object.erase("status");
  if (object.contains("metadata")) object["metadata"].erase("namespace");  // the title says it
  return object;
}

/// The places of the objects themselves are those of the files that the daemon read.
template <typename Kind>
void place(api::Objects<Kind>& objects, const api::SourceLocation& location) {
  std::vector<std::shared_ptr<const Kind>> placed;
  for (const Kind& object : objects) {
    Kind copy = object;
    copy.meta.location = location;
    placed.push_back(std::make_shared<const Kind>(std::move(copy)));
  }
  objects = api::Objects<Kind>(std::move(placed));
}

void add_object(const json& entry, Resources& resources) {
  const std::string file = entry.value("file", "");
  const json& object = entry["object"];
  api::Decoded decoded = api::decode(object.dump(), file);
  const api::SourceLocation location{file, entry.value("line", 0), 1};
  api::ResourceSet::for_each_member([&](auto member) {
    if ((decoded.objects.*member).empty()) return;
    place(decoded.objects.*member, location);
    (resources.objects.*member).append(decoded.objects.*member);
  });
  for (const auto& document : decoded.raw)
    resources.documents[analyze::identity(document.ref)] = without_status(object);
}

void add_documents(const provider::Snapshot& snapshot, Documents& documents) {
  for (const auto& [file, of_file] : snapshot.raw) {
    for (const auto& document : of_file) {
      documents[analyze::identity(document.ref)] = without_status(json::parse(document.json, nullptr, false));
    }
  }
}

/// The daemon shows no bytes of Secrets, so they are read where it read them.
void read_secrets(Env& env, Resources& resources) {
  const auto status = fetch_status(env);
  const std::string source = status ? status->value("source", "") : "";
  std::error_code ignored;
  if (source.empty() || !std::filesystem::is_directory(source, ignored)) return;
  resources.objects.secrets = provider::read_manifests({source}).snapshot.resources.secrets;
}

Result<Resources> read_before(Env& env, const std::string& state) {
  if (state.empty()) return fetch_resources(env);
  if (state == "none") return Resources{};
  std::error_code ignored;
  if (!std::filesystem::exists(state, ignored)) {
    return fail(fmt::format("--state {} is not there (expected a directory or file of manifests, or \"none\")", state));
  }
  const auto manifests = provider::read_manifests({state});
  for (const auto& problem : manifests.snapshot.problems) env.err << problem.to_string() << "\n";
  Resources resources{manifests.snapshot.resources, {}};
  add_documents(manifests.snapshot, resources.documents);
  return resources;
}

}  // namespace

Result<Resources> fetch_resources(Env& env) {
  const auto objects = fetch_objects(env);
  if (!objects) return fail(objects.error());
  return to_resources(env, *objects);
}

Resources to_resources(Env& env, const std::vector<json>& objects) {
  Resources resources;
  bool has_secrets = false;
  for (const json& entry : objects) {
    const bool is_secret = text_at(entry, "/object/kind") == "Secret";
    has_secrets = has_secrets || is_secret;
    if (!is_secret) add_object(entry, resources);
  }
  if (has_secrets) read_secrets(env, resources);
  resources.objects.sort();
  return resources;
}

Result<States> read_states(Env& env, const ChangeRequest& request) {
  auto before = read_before(env, request.state);
  if (!before) {
    return fail(
        fmt::format("{}; --state DIR compares with manifests, --state none with nothing", before.error().message));
  }
  const auto manifests = provider::read_manifests(request.files);
  States states;
  states.problems = manifests.snapshot.problems.items();
  states.after = analyze::put_into_effect(before->objects, manifests.snapshot.resources, request.action);
  states.before = std::move(before->objects);
  states.documents_after = before->documents;
  states.documents_before = std::move(before->documents);
  Documents of_change;
  add_documents(manifests.snapshot, of_change);
  for (auto& [ref, document] : of_change) {
    if (request.action == analyze::Action::Delete) {
      states.documents_after.erase(ref);
    } else {
      states.documents_after[ref] = std::move(document);
    }
  }
  return states;
}

}  // namespace gw::cli
