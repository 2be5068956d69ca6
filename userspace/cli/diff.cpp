// SPDX-License-Identifier: Apache-2.0
// gwctl diff: manifests, intermediate representation and plan, before and after a change.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/line_diff.hpp"
#include "userspace/cli/preview.hpp"
#include "userspace/cli/yaml.hpp"
#include "userspace/ir/dump.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;

const char* word(analyze::ObjectChange::Kind kind) {
  switch (kind) {
    case analyze::ObjectChange::Kind::Added: return "added";
    case analyze::ObjectChange::Kind::Changed: return "changed";
    case analyze::ObjectChange::Kind::Removed: break;
  }
  return "removed";
}

std::string document_text(const Documents& documents, const api::ObjectRef& ref) {
  const auto found = documents.find(analyze::identity(ref));
  return found == documents.end() ? "" : to_yaml(found->second);
}

struct Part {
  std::string title;
  std::string lines;  ///< of line_diff()
};

std::vector<Part> object_parts(const States& states) {
  std::vector<Part> parts;
  for (const auto& change : analyze::difference(states.before, states.after)) {
    parts.push_back({fmt::format("{} {}", change.ref.to_string(), word(change.kind)),
                     line_diff(document_text(states.documents_before, change.ref),
                               document_text(states.documents_after, change.ref))});
  }
  return parts;
}

void print(Env& env, const Part& part) {
  if (!part.lines.empty()) env.out << "== " << part.title << "\n" << part.lines;
}

json to_json(const std::vector<Part>& parts) {
  json list = json::array();
  for (const Part& part : parts) list.push_back({{"what", part.title}, {"diff", part.lines}});
  return list;
}

}  // namespace

int diff_change(Env& env, const ChangeRequest& request, Output output) {
  const auto states = read_states(env, request);
  if (!states) return report(env, states.error());
  const auto preview = make_preview(env, request, *states);
  if (!preview) return report(env, preview.error());
  for (const auto& problem : states->problems) env.err << problem.to_string() << "\n";
  const auto objects = object_parts(*states);
  const Part ir{"intermediate representation",
                line_diff(ir::dump(preview->before.config), ir::dump(preview->after.config))};
  const Part plan{"plan", line_diff(plan::dump(preview->plan_before), plan::dump(preview->plan_after))};
  if (output == Output::Json) {
    env.out << json{{"objects", to_json(objects)}, {"ir", ir.lines}, {"plan", plan.lines}}.dump(2) << "\n";
  } else {
    for (const Part& part : objects) print(env, part);
    print(env, ir);
    print(env, plan);
  }
  return states->problems.empty() ? kOk : kFindings;
}

}  // namespace gw::cli
