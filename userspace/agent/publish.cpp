// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/publish.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

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

/// Adds the bad conditions of an object, each once.
class BadConditions {
 public:
  BadConditions(const api::ObjectRef& object, std::vector<json>& findings)
      : object_(object), findings_(findings), first_(static_cast<std::ptrdiff_t>(findings.size())) {}

  void add(const api::Conditions& conditions) {
    for (const auto& condition : conditions.all()) {
      if (api::is_bad(condition)) add(condition);
    }
  }

 private:
  void add(const api::Condition& condition) {
    const char* const status = condition.status == api::ConditionStatus::True ? "True" : "False";
    const std::string message =
        fmt::format("{}={} {}: {}", condition.type, status, condition.reason, condition.message);
    json entry = finding("error", object_.to_string(), {}, "", message);
    if (std::find(findings_.begin() + first_, findings_.end(), entry) == findings_.end()) {
      findings_.push_back(std::move(entry));
    }
  }

  const api::ObjectRef& object_;
  std::vector<json>& findings_;
  std::ptrdiff_t first_;  ///< where the object's own begin
};

void add_conditions(const api::GatewayClassStatus& status, BadConditions& bad) { bad.add(status.conditions); }
template <typename Owner>
void add_owner_conditions(const Owner& status, BadConditions& bad) {
  bad.add(status.conditions);
  for (const auto& listener : status.listeners) bad.add(listener.conditions);
}
void add_conditions(const api::GatewayStatus& status, BadConditions& bad) { add_owner_conditions(status, bad); }
void add_conditions(const api::ListenerSetStatus& status, BadConditions& bad) { add_owner_conditions(status, bad); }
void add_conditions(const api::RouteStatus& status, BadConditions& bad) {
  for (const auto& parent : status.parents) bad.add(parent.conditions);
}
void add_conditions(const api::PolicyStatus& status, BadConditions& bad) {
  bad.add(status.conditions);
  for (const auto& ancestor : status.ancestors) bad.add(ancestor.conditions);
}

std::vector<json> collect_findings(const PublishInput& input) {
  std::vector<json> findings;
  findings.reserve(input.snapshot.problems.size() + input.snapshot.stale_files.size());
  for (const auto& problem : input.snapshot.problems) {
    findings.push_back(finding("error", problem.object, problem.location, problem.field, problem.message));
  }
  for (const auto& file : input.snapshot.stale_files) {
    findings.push_back(
        finding("warning", "", {file, 0, 0}, "", "older versions of this file's broken objects stay in use"));
  }
  for (const auto& item : input.findings) {
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
  api::StatusReport::for_each_member([&](auto member) {
    for (const auto& status : (*input.report).*member) {
      BadConditions bad(status.ref, findings);
      add_conditions(status, bad);
    }
  });
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
json describe_objects(const PublishInput& input) {
  std::map<api::ObjectRef, json> statuses;
  api::StatusReport::for_each_member([&](auto member) {
    for (const auto& status : (*input.report).*member) statuses[status.ref] = status::render(status);
  });
  const auto paths = data_paths(*input.report);
  json objects = json::array();
  for (const auto& [file, documents] : input.snapshot.raw) {
    for (const auto& raw : documents) {
      json object = json::parse(raw.json, nullptr, false);
      if (!object.is_object()) continue;
      if (!raw.ref.ns.empty()) object["metadata"]["namespace"] = raw.ref.ns;
      object.erase("status");
      const auto status = statuses.find(raw.ref);
      if (status != statuses.end()) object["status"] = status->second;
      json entry = {{"object", object}, {"file", raw.location.file}, {"line", raw.location.line}};
      const auto path = paths.find(raw.ref.group + "/" + raw.ref.ns + "/" + raw.ref.name);
      if (raw.ref.kind == "Gateway" && path != paths.end()) entry["dataPath"] = path->second;
      objects.push_back(std::move(entry));
    }
  }
  return objects;
}

std::string status_json(const PublishInput& input, const std::vector<json>& findings) {
  const json status = {{"ready", input.ready},
                       {"version", kVersion},
                       {"node", input.config.node_name},
                       {"pid", ::getpid()},
                       {"source", input.source},
                       {"startedAt", input.started_at},
                       {"updatedAt", input.updated_at},
                       {"cycle", input.cycle},
                       {"listeners", input.plan.listeners.size()},
                       {"backends", input.plan.backends.size()},
                       {"links", describe_links(input.attached)},
                       {"hostProcesses", describe(input.sockets)},
                       {"features", describe_features(input.features)},
                       {"health", describe(input.health, right_now())},
                       {"findings", findings}};
  return status.dump();
}

std::string objects_json(const PublishInput& input) { return json{{"objects", describe_objects(input)}}.dump(); }

}  // namespace

/// The documents are made by whoever asks for them, in the admin server's threads.
std::shared_ptr<const admin::Snapshot> make_snapshot(PublishInput input, EventLog& events) {
  std::vector<json> findings = collect_findings(input);
  events.update(findings, input.updated_at);
  const bool ready = input.ready;
  std::string not_ready = input.outcome.failure.value_or("");
  const auto shared = std::make_shared<const PublishInput>(std::move(input));
  const auto document = [&shared](auto make) { return admin::Document([shared, make] { return make(*shared); }); };
  return std::shared_ptr<const admin::Snapshot>(new admin::Snapshot{
      .ready = ready,
      .not_ready = std::move(not_ready),
      .status = admin::Document([shared, findings = std::move(findings)] { return status_json(*shared, findings); }),
      .objects = document(objects_json),
      .events = admin::Document([events] { return events.to_json().dump(); }),
      .plan = document([](const PublishInput& of) { return plan::dump(of.plan); }),
      .config = document([](const PublishInput& of) { return config::to_yaml(of.config); })});
}

Problems problems_of(const provider::Snapshot& snapshot, const translate::Output& translated, const plan::Plan& plan) {
  return {snapshot.problems, snapshot.stale_files, translated.findings, plan.warnings, plan.rejections};
}

std::set<std::string> lines_of(const Problems& problems) {
  std::set<std::string> lines;
  for (const auto& problem : problems.manifests) lines.insert(problem.to_string());
  for (const auto& file : problems.stale_files) {
    lines.insert(fmt::format("{}: older versions of its broken objects stay in use", file));
  }
  for (const auto& item : problems.findings) lines.insert(item.to_string());
  lines.insert(problems.warnings.begin(), problems.warnings.end());
  for (const auto& rejection : problems.rejections) lines.insert(rejection.to_string());
  return lines;
}

}  // namespace gw::agent
