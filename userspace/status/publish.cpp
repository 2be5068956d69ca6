// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/publish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "userspace/api/policy.hpp"
#include "userspace/base/fnv.hpp"
#include "userspace/status/render.hpp"

namespace gw::status {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

constexpr std::string_view kSuffix = ".json";
constexpr std::string_view kTemporary = ".tmp";

/// A name of 253 characters and its namespace are more than a file's name may have: a hash stands for the end of it.
std::string file_name(const api::ObjectRef& ref) {
  constexpr std::size_t kMost = NAME_MAX - kSuffix.size() - kTemporary.size();
  const std::string group = ref.group.empty() ? ref.version : ref.group;
  std::string name = fmt::format("{}.{}_{}_{}", lower(ref.kind), group, ref.ns, ref.name);
  if (name.size() > kMost) {
    Fnv hash;
    hash.add(name);
    const std::string stand_in = fmt::format("~{:016x}", hash.value());
    name = name.substr(0, kMost - stand_in.size()) + stand_in;
  }
  return name.append(kSuffix);
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

/// The object's status as the file holds it, or null.
json read_status(const std::string& path) {
  std::ifstream file(path);
  const json object = file ? json::parse(file, nullptr, false) : json();
  return object.is_object() ? object.value("status", json()) : json();
}

/// Whether a file's name is one that we give.
bool is_ours(const std::string& name) {
  if (!name.ends_with(kSuffix)) return false;
  return std::ranges::any_of(
      std::array{api::kGatewayGroup, api::kLegacyGroup, api::kPolicyGroup},
      [&](const char* group) { return name.find(fmt::format(".{}_", group)) != std::string::npos; });
}

/// Gives each condition the time at which its status last changed: the old one's, if that agrees.
void stamp(json& value, const json& old, const std::string& now) {
  if (value.is_object() && value.contains("type") && value.contains("status") && value.contains("reason")) {
    const bool same =
        old.is_object() && old.value("status", json()) == value["status"] && old.contains("lastTransitionTime");
    value["lastTransitionTime"] = same ? old["lastTransitionTime"] : json(now);
    return;
  }
  if (value.is_object()) {
    for (auto& [key, child] : value.items()) stamp(child, old.is_object() ? old.value(key, json()) : json(), now);
  }
  if (!value.is_array()) return;
  for (std::size_t i = 0; i < value.size(); ++i) {
    stamp(value[i], old.is_array() && i < old.size() ? old[i] : json(), now);
  }
}

/// Calls `visit(ref, status)` for each status that is new or another one, and with null for each that is gone. Both are
/// sorted by ref.
template <typename Status, typename Visit>
void visit_changes(const api::Objects<Status>& before, const api::Objects<Status>& now, Visit visit) {
  constexpr const Status* kGone = nullptr;
  auto old = before.pointers().begin();
  const auto end = before.pointers().end();
  for (const auto& status : now.pointers()) {
    if (old != end && *old == status) {
      ++old;
      continue;
    }
    for (; old != end && (*old)->ref < status->ref; ++old) visit((*old)->ref, kGone);
    const bool is_same = old != end && **old == *status;
    if (!is_same) visit(status->ref, status.get());
    if (old != end && (*old)->ref == status->ref) ++old;
  }
  for (; old != end; ++old) visit((*old)->ref, kGone);
}

Result<> replace_file(const std::string& path, const std::string& content) {
  const std::string temporary = path + std::string(kTemporary);
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << content << std::flush;
    if (!file) return fail(fmt::format("write {}", temporary));
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, fmt::format("replace {}", path));
  return {};
}

}  // namespace

/// What an earlier agent wrote goes, if its object is gone.
Result<> FileStatusWriter::remove_strays(const api::StatusReport& report) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return fail_errno(error.value(), fmt::format("create directory {}", directory_));
  std::set<std::string> names;
  api::StatusReport::for_each_member([&](auto member) {
    for (const auto& status : report.*member) names.insert(file_name(status.ref));
  });
  std::vector<fs::path> strays;
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    const std::string name = entry.path().filename().string();
    if (is_ours(name) && !names.contains(name)) strays.push_back(entry.path());
  }
  for (const auto& stray : strays) fs::remove(stray, error);
  return {};
}

Result<> FileStatusWriter::replace(const api::ObjectRef& ref, const json& object) {
  const std::string path = directory_ + "/" + file_name(ref);
  json stamped = object;
  stamp(stamped["status"], read_status(path), now_text());
  return replace_file(path, stamped.dump(2) + "\n");
}

Result<> FileStatusWriter::write(std::shared_ptr<const api::StatusReport> report) {
  if (report == written_) return {};
  const auto before = std::exchange(written_, nullptr);
  if (before == nullptr) {
    if (auto removed = remove_strays(*report); !removed) return removed;
  }
  static const api::StatusReport nothing;
  const api::StatusReport& old = before == nullptr ? nothing : *before;
  Result<> done;
  api::StatusReport::for_each_member([&](auto member) {
    visit_changes(old.*member, (*report).*member, [&](const auto& ref, const auto* status) {
      if (!done) return;
      if (status != nullptr) {
        done = replace(ref, render_object(ref, render(*status)));
      } else {
        std::error_code ignored;
        fs::remove(directory_ + "/" + file_name(ref), ignored);
      }
    });
  });
  if (done) written_ = std::move(report);
  return done;
}

}  // namespace gw::status
