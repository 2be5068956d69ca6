// SPDX-License-Identifier: Apache-2.0
// gwctl analyze: what a change breaks and brings into effect, and why something is not attached.
#include "userspace/analyze/analyze.hpp"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/preview.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

/// What only the kernel's side knows: its connections, and what it cannot serve.
struct Consequences {
  std::vector<std::string> connections;
  std::vector<std::string> rejections;
  std::vector<std::string> warnings;
};

/// Only of the daemon: with a state of its own nobody knows on which node it will be.
Consequences consequences_of(Env& env, const ChangeRequest& request, const States& states) {
  if (!request.state.empty() || request.files.empty()) return {};
  const auto preview = make_preview(env, request, states);
  if (!preview) {
    env.err << "connections and addresses are not looked at: " << preview.error().message << "\n";
    return {};
  }
  Consequences consequences{draining_connections(*preview), {}, {}};
  const auto& before = preview->plan_before.rejections;
  for (const auto& rejection : preview->plan_after.rejections) {
    if (std::ranges::find(before, rejection) == before.end()) consequences.rejections.push_back(rejection.to_string());
  }
  std::ranges::set_difference(preview->plan_after.warnings, preview->plan_before.warnings,
                              std::back_inserter(consequences.warnings));
  return consequences;
}

json problems_json(const std::vector<api::Problem>& problems) {
  json list = json::array();
  for (const auto& problem : problems) {
    list.push_back({{"file", problem.location.file},
                    {"line", problem.location.line},
                    {"column", problem.location.column},
                    {"object", problem.object},
                    {"field", problem.field},
                    {"message", problem.message}});
  }
  return list;
}

std::vector<std::string> problem_lines(const std::vector<api::Problem>& problems) {
  std::vector<std::string> lines;
  lines.reserve(problems.size());
  for (const auto& problem : problems) lines.push_back(problem.to_string());
  return lines;
}

}  // namespace

int analyze_change(Env& env, const ChangeRequest& request, Output output) {
  const auto states = read_states(env, request);
  if (!states) return report(env, states.error());
  const auto analysis = analyze::analyze(states->before, states->after, {});
  const Consequences consequences = consequences_of(env, request, *states);
  const bool is_clean = states->problems.empty() && !analysis.has_findings() && consequences.rejections.empty();
  if (output == Output::Json) {
    json document = analyze::to_json(analysis);
    document["problems"] = problems_json(states->problems);
    document["connections"] = consequences.connections;
    document["rejections"] = consequences.rejections;
    document["warnings"] = consequences.warnings;
    env.out << document.dump(2) << "\n";
    return is_clean ? kOk : kFindings;
  }
  print_list(env, "Problems", problem_lines(states->problems));
  env.out << analyze::to_text(analysis);
  print_list(env, "Not served on this node", consequences.rejections);
  print_list(env, "Warnings", consequences.warnings);
  print_list(env, "Connections that would drain", consequences.connections);
  if (is_clean) env.out << "Nothing breaks.\n";
  return is_clean ? kOk : kFindings;
}

}  // namespace gw::cli
