// SPDX-License-Identifier: Apache-2.0
// gwctl plan: the operations on the maps that a change leads to.
#include <nlohmann/json.hpp>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/preview.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

std::vector<std::string> operation_lines(const Preview& preview) {
  std::vector<std::string> lines;
  lines.reserve(preview.operations.size());
  for (const auto& operation : preview.operations) lines.push_back(plan::to_string(operation));
  return lines;
}

std::vector<std::string> rejection_lines(const plan::Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& rejection : plan.rejections) lines.push_back(rejection.to_string());
  return lines;
}

json rejections_json(const plan::Plan& plan) {
  json list = json::array();
  for (const auto& rejection : plan.rejections) {
    list.push_back({{"listener", rejection.listener}, {"reason", rejection.reason}, {"message", rejection.message}});
  }
  return list;
}

void print_text(Env& env, const Preview& preview) {
  if (!preview.is_of_kernel) env.out << "Compared with the plan of the state before, as no maps were read.\n";
  const auto lines = operation_lines(preview);
  if (lines.empty()) env.out << "Nothing changes in the maps.\n";
  print_list(env, "Operations, in their order", lines);
  print_list(env, "Connections that would drain", draining_connections(preview));
  print_list(env, "Not served", rejection_lines(preview.plan_after));
  print_list(env, "Warnings", preview.plan_after.warnings.items());
}

}  // namespace

int plan_change(Env& env, const ChangeRequest& request, Output output) {
  const auto states = read_states(env, request);
  if (!states) return report(env, states.error());
  const auto preview = make_preview(env, request, *states);
  if (!preview) return report(env, preview.error());
  for (const auto& problem : states->problems) env.err << problem.to_string() << "\n";
  if (output == Output::Json) {
    const json document = {{"comparedWith", preview->is_of_kernel ? "maps" : "plan"},
                           {"operations", operation_lines(*preview)},
                           {"connections", draining_connections(*preview)},
                           {"rejections", rejections_json(preview->plan_after)},
                           {"warnings", preview->plan_after.warnings.items()}};
    env.out << document.dump(2) << "\n";
  } else {
    print_text(env, *preview);
  }
  const bool is_clean = states->problems.empty() && preview->plan_after.rejections.empty();
  return is_clean ? kOk : kFindings;
}

}  // namespace gw::cli
