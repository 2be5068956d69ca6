// SPDX-License-Identifier: Apache-2.0
// gwctl analyze: what a change breaks and brings into effect, and why something is not attached.
#include "userspace/analyze/analyze.hpp"

#include <nlohmann/json.hpp>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/preview.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

/// Connections can only be counted where the maps can be read.
std::vector<std::string> connections_of(Env& env, const ChangeRequest& request, const States& states) {
  if (!request.state.empty() || request.files.empty()) return {};
  const auto preview = make_preview(env, request, states);
  return preview ? draining_connections(*preview) : std::vector<std::string>();
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

void print_text(Env& env, const States& states, const analyze::Analysis& analysis,
                const std::vector<std::string>& connections) {
  if (!states.problems.empty()) env.out << "Problems:\n";
  for (const auto& problem : states.problems) env.out << "  " << problem.to_string() << "\n";
  env.out << analyze::to_text(analysis);
  if (!connections.empty()) env.out << "Connections that would drain:\n";
  for (const std::string& sentence : connections) env.out << "  " << sentence << "\n";
  const bool is_clean = states.problems.empty() && !analysis.has_findings();
  if (is_clean) env.out << "Nothing breaks.\n";
}

}  // namespace

int analyze_change(Env& env, const ChangeRequest& request, Output output) {
  const auto states = read_states(env, request);
  if (!states) return report(env, states.error());
  const auto analysis = analyze::analyze(states->before, states->after, {});
  const auto connections = connections_of(env, request, *states);
  if (output == Output::Json) {
    json document = analyze::to_json(analysis);
    document["problems"] = problems_json(states->problems);
    document["connections"] = connections;
    env.out << document.dump(2) << "\n";
  } else {
    print_text(env, *states, analysis, connections);
  }
  return states->problems.empty() && !analysis.has_findings() ? kOk : kFindings;
}

}  // namespace gw::cli
