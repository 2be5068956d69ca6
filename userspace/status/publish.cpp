// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/publish.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "userspace/api/policy.hpp"
#include "userspace/status/render.hpp"

namespace gw::status {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string file_name(const json& object) {
  const std::string api_version = object["apiVersion"];
  const std::string group = api_version.substr(0, api_version.find('/'));
  const json& metadata = object["metadata"];
  return fmt::format("{}.{}_{}_{}.json", lower(object["kind"]), group, metadata.value("namespace", ""),
                     metadata["name"].get<std::string>());
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
  if (!name.ends_with(".json")) return false;
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

Result<> replace_file(const std::string& path, const std::string& content) {
  const std::string temporary = path + ".tmp";
  {
    std::ofstream file(temporary, std::ios::trunc);
    file << content << std::flush;
    if (!file) return fail(fmt::format("write {}", temporary));
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return fail_errno(errno, fmt::format("replace {}", path));
  return {};
}

}  // namespace

Result<> FileStatusWriter::write(const api::StatusReport& report) {
  std::error_code error;
  fs::create_directories(directory_, error);
  if (error) return fail_errno(error.value(), fmt::format("create directory {}", directory_));
  for (const auto& entry : fs::directory_iterator(directory_, error)) {
    // What an earlier agent wrote goes too, if its object is gone.
    const std::string name = entry.path().filename().string();
    if (is_ours(name)) written_.try_emplace(name);
  }
  std::map<std::string, std::string> current;
  const json rendered = render(report);
  for (const json& object : rendered["objects"]) {
    const std::string name = file_name(object);
    const std::string path = directory_ + "/" + name;
    const std::string content = object.dump();
    current[name] = content;
    if (const auto before = written_.find(name); before != written_.end() && before->second == content) continue;
    json stamped = object;
    stamp(stamped["status"], read_status(path), now_text());
    if (auto replaced = replace_file(path, stamped.dump(2) + "\n"); !replaced) return replaced;
  }
  for (const auto& [name, content] : written_) {
    if (!current.contains(name)) fs::remove(directory_ + "/" + name, error);
  }
  written_ = std::move(current);
  return {};
}

}  // namespace gw::status
