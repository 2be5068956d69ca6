// SPDX-License-Identifier: Apache-2.0
// gwctl status: is the daemon ready, and what should somebody look at?
#include <fmt/format.h>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/table.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

std::string place(const json& finding) {
  const std::string file = text_at(finding, "/file");
  if (file.empty()) return {};
  if (text_at(finding, "/line") == "0") return file + ": ";
  return fmt::format("{}:{}:{}: ", file, text_at(finding, "/line"), text_at(finding, "/column"));
}

std::string subject(const json& finding) {
  const std::string object = text_at(finding, "/object");
  const std::string field = text_at(finding, "/field");
  std::string text = object;
  if (!field.empty()) text += (text.empty() ? "" : " ") + field;
  return text.empty() ? "" : text + ": ";
}

void print_findings(Env& env, const json& findings) {
  if (findings.empty()) {
    env.out << "Findings: none\n";
    return;
  }
  env.out << fmt::format("Findings: {}\n", findings.size());
  for (const json& finding : findings) {
    env.out << fmt::format("  {}: {}{}{}\n", text_at(finding, "/severity"), place(finding), subject(finding),
                           text_at(finding, "/message"));
  }
}

void print_links(Env& env, const json& links) {
  Table table({"LINK", "DATA PATH", "WHY"});
  for (const json& link : links)
    table.add({text_at(link, "/name"), text_at(link, "/dataPath"), text_at(link, "/reason")});
  env.out << "\n" << table.to_string() << "\n";
}

std::string host_processes(const json& status) {
  if (text_at(status, "/hostProcesses/served") == "true") {
    return fmt::format("served (cgroup {})", text_at(status, "/hostProcesses/cgroup"));
  }
  return fmt::format("not served ({})", text_at(status, "/hostProcesses/reason"));
}

/// Kernel features that are not used; nothing to say is the rule on a new kernel.
void print_missing_features(Env& env, const json& status) {
  for (const json& feature : status.value("features", json::array())) {
    if (!feature.value("inUse", true)) env.out << fmt::format("Kernel feature {}\n", text_at(feature, "/missing"));
  }
}

std::string health(const json& status) {
  const json::json_pointer out("/health/outOfUse");
  return fmt::format("{} endpoints checked, {} watched, {} out of use", text_at(status, "/health/checked"),
                     text_at(status, "/health/watched"), status.contains(out) ? status.at(out).size() : 0);
}

void print(Env& env, const json& status, bool ready) {
  env.out << fmt::format("portcullis {} on node {}: {}\n", text_at(status, "/version"), text_at(status, "/node"),
                         ready ? "ready" : "not ready");
  if (!status.contains("findings")) return;
  env.out << fmt::format("Source: {}\nListeners in the kernel: {}, backends: {}\n", text_at(status, "/source"),
                         text_at(status, "/listeners"), text_at(status, "/backends"));
  env.out << fmt::format("This host's own processes: {}\n", host_processes(status));
  print_missing_features(env, status);
  if (status.contains("health")) env.out << fmt::format("Health: {}\n", health(status));
  print_links(env, status["links"]);
  print_findings(env, status["findings"]);
}

}  // namespace

int status(Env& env, Output output) {
  const auto document = fetch_status(env);
  if (!document) return report(env, document.error());
  const bool ready = document->value("ready", false);
  const bool has_findings = document->contains("findings") && !document->at("findings").empty();
  if (output == Output::Json) {
    env.out << document->dump(2) << "\n";
  } else {
    print(env, *document, ready);
  }
  if (!ready) return kError;
  return has_findings ? kFindings : kOk;
}

}  // namespace gw::cli
