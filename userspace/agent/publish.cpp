// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/publish.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>

#include "userspace/plan/diff.hpp"
#include "userspace/status/render.hpp"

namespace gw::agent {
namespace {

using nlohmann::json;

json finding(const char* severity, const std::string& object, const api::SourceLocation& location,
             const std::string& field, const std::string& message) {
  return {{"severity", severity},      {"object", object}, {"file", location.file}, {"line", location.line},
          {"column", location.column}, {"field", field},   {"message", message}};
}

Moment right_now() { return {health::Clock::now(), std::time(nullptr)}; }

/// Conditions that say that something of the user's does not work.
bool is_bad(const json& condition) {
  const std::string type = condition.value("type", "");
  const bool is_negative = type == "Conflicted" || type == "Detached";
  return condition.value("status", "") == (is_negative ? "True" : "False");
}

void add_bad_conditions(const std::string& object, const json& status, std::vector<json>& findings) {
  if (status.is_array()) {
    for (const json& item : status) add_bad_conditions(object, item, findings);
  }
  if (!status.is_object()) return;
  for (const auto& [key, value] : status.items()) {
    if (key != "conditions") {
      add_bad_conditions(object, value, findings);
      continue;
    }
    for (const json& condition : value) {
      if (!is_bad(condition)) continue;
      const std::string message =
          fmt::format("{}={} {}: {}", condition.value("type", ""), condition.value("status", ""),
                      condition.value("reason", ""), condition.value("message", ""));
      json entry = finding("error", object, {}, "", message);
      if (std::ranges::find(findings, entry) == findings.end()) findings.push_back(std::move(entry));
    }
  }
}

json collect_findings(const PublishInput& input, const json& rendered) {
  std::vector<json> findings;
  findings.reserve(input.snapshot.problems.size() + input.snapshot.stale_files.size());
  for (const auto& problem : input.snapshot.problems) {
    findings.push_back(finding("error", problem.object, problem.location, problem.field, problem.message));
  }
  for (const auto& file : input.snapshot.stale_files) {
    findings.push_back(
        finding("warning", "", {file, 0, 0}, "", "older versions of this file's broken objects stay in use"));
  }
  for (const auto& item : input.translated.findings) {
    findings.push_back(finding("warning", item.object.to_string(), item.location, "", item.message));
  }
  for (const auto& warning : input.plan.warnings) findings.push_back(finding("warning", "", {}, "", warning));
  for (const auto& item : findings_of(input.health, right_now())) {
    findings.push_back(finding("warning", item.object, {}, "", item.message));
  }
  if (!input.sockets.attached && input.config.cgroup.starts_with('/')) {
    findings.push_back(finding("error", "", {}, "", "cgroup: " + input.sockets.reason));
  }
  for (const auto& failure : input.outcome.attach_failures) findings.push_back(finding("error", "", {}, "", failure));
  if (input.outcome.failure) findings.push_back(finding("error", "", {}, "", *input.outcome.failure));
  for (const json& object : rendered["objects"]) {
    const json& metadata = object["metadata"];
    const std::string ns = metadata.value("namespace", "");
    add_bad_conditions(fmt::format("{} {}{}", object["kind"].get<std::string>(), ns.empty() ? "" : ns + "/",
                                   metadata["name"].get<std::string>()),
                       object["status"], findings);
  }
  return findings;
}

json describe_links(const std::vector<datapath::AttachResult>& attached) {
  json links = json::array();
  for (const auto& result : attached) {
    const char* mode = result.xdp ? "xdp" : result.tc ? "tc" : "none";
    links.push_back({{"name", result.link},
                     {"ifindex", result.ifindex},
                     {"dataPath", mode},
                     {"reason", result.failure.empty() ? result.reason : result.failure}});
  }
  return links;
}

json describe(const datapath::SocketStatus& sockets) {
  return {{"served", sockets.attached}, {"cgroup", sockets.cgroup}, {"reason", sockets.reason}};
}

json describe_features(const datapath::Features& features) {
  json described = json::array();
  for (const auto& feature : features.all()) {
    described.push_back({{"name", feature.word},
                         {"since", feature.since},
                         {"inKernel", feature.in_kernel},
                         {"inUse", feature.in_use},
                         {"missing", feature.in_use ? "" : describe_missing(feature)}});
  }
  return described;
}

std::string object_key(const std::string& api_version, const std::string& kind, const json& metadata) {
  return fmt::format("{} {} {}/{}", api_version, kind, metadata.value("namespace", ""), metadata.value("name", ""));
}

/// The data path column of `gwctl get -o wide` has no place in the API's status.
std::map<std::string, std::string> data_paths(const api::StatusReport& report) {
  std::map<std::string, std::string> paths;
  for (const auto& gateway : report.gateways) {
    for (const auto& listener : gateway.listeners) {
      if (!listener.data_path.empty())
        paths[gateway.ref.group + "/" + gateway.ref.ns + "/" + gateway.ref.name] = listener.data_path;
    }
  }
  return paths;
}

/// Every object's manifest, with its status where we have one.
json describe_objects(const PublishInput& input, const json& rendered) {
  std::map<std::string, json> statuses;
  for (const json& object : rendered["objects"]) {
    statuses[object_key(object["apiVersion"], object["kind"], object["metadata"])] = object["status"];
  }
  const auto paths = data_paths(input.report);
  json objects = json::array();
  for (const auto& [file, documents] : input.snapshot.raw) {
    for (const auto& raw : documents) {
      json object = json::parse(raw.json, nullptr, false);
      if (!object.is_object()) continue;
      if (!raw.ref.ns.empty()) object["metadata"]["namespace"] = raw.ref.ns;
      object.erase("status");
      const auto status = statuses.find(object_key(object["apiVersion"], object["kind"], object["metadata"]));
      if (status != statuses.end()) object["status"] = status->second;
      json entry = {{"object", object}, {"file", raw.location.file}, {"line", raw.location.line}};
      const auto path = paths.find(raw.ref.group + "/" + raw.ref.ns + "/" + raw.ref.name);
      if (raw.ref.kind == "Gateway" && path != paths.end()) entry["dataPath"] = path->second;
      objects.push_back(std::move(entry));
    }
  }
  return objects;
}

}  // namespace

std::shared_ptr<const admin::Snapshot> make_snapshot(const PublishInput& input) {
  const json rendered = status::render(input.report);
  const json findings = collect_findings(input, rendered);
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  input.events.update(findings, now);
  const json status = {{"ready", input.ready},
                       {"version", kVersion},
                       {"node", input.config.node_name},
                       {"pid", ::getpid()},
                       {"source", input.source},
                       {"startedAt", input.started_at},
                       {"updatedAt", now},
                       {"cycle", input.cycle},
                       {"listeners", input.plan.listeners.size()},
                       {"backends", input.plan.backends.size()},
                       {"links", describe_links(input.attached)},
                       {"hostProcesses", describe(input.sockets)},
                       {"features", describe_features(input.features)},
                       {"health", describe(input.health, right_now())},
                       {"findings", findings}};
  auto snapshot = std::make_shared<admin::Snapshot>();
  snapshot->ready = input.ready;
  snapshot->not_ready = input.outcome.failure.value_or("");
  snapshot->status_json = status.dump();
  snapshot->objects_json = json{{"objects", describe_objects(input, rendered)}}.dump();
  snapshot->events_json = input.events.to_json().dump();
  snapshot->plan_text = plan::dump(input.plan);
  snapshot->config_yaml = to_yaml(input.config);
  return snapshot;
}

std::set<std::string> problem_lines(const provider::Snapshot& snapshot, const translate::Output& translated,
                                    const plan::Plan& plan) {
  std::set<std::string> lines;
  for (const auto& problem : snapshot.problems) lines.insert(problem.to_string());
  for (const auto& file : snapshot.stale_files) {
    lines.insert(fmt::format("{}: older versions of its broken objects stay in use", file));
  }
  for (const auto& item : translated.findings) {
    lines.insert(fmt::format("{}:{}:{}: {}: {}", item.location.file, item.location.line, item.location.column,
                             item.object.to_string(), item.message));
  }
  lines.insert(plan.warnings.begin(), plan.warnings.end());
  for (const auto& rejection : plan.rejections) {
    lines.insert(fmt::format("listener {}: {}: {}", rejection.listener, rejection.reason, rejection.message));
  }
  return lines;
}

}  // namespace gw::agent
