// SPDX-License-Identifier: Apache-2.0
// An analysis as text and as JSON.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "userspace/analyze/analyze.hpp"

namespace gw::analyze {
namespace {

using nlohmann::json;

const char* word(ObjectChange::Kind kind) {
  switch (kind) {
    case ObjectChange::Kind::Added: return "added";
    case ObjectChange::Kind::Changed: return "changed";
    case ObjectChange::Kind::Removed: break;
  }
  return "removed";
}

/// "file:line:column: ", or nothing.
std::string place(const api::SourceLocation& location) {
  return location.file.empty() ? "" : location.to_string() + ": ";
}

std::string section(const char* title, const std::vector<Effect>& effects) {
  std::string text;
  for (const Effect& effect : effects) {
    text += fmt::format("  {}{}: {}\n", place(effect.location), effect.object.to_string(), effect.message);
  }
  return text.empty() ? text : fmt::format("{}:\n{}", title, text);
}

std::string changes_text(const std::vector<ObjectChange>& changes) {
  std::string text;
  for (const auto& change : changes) {
    text += fmt::format("  {}{}: {}\n", place(change.location), change.ref.to_string(), word(change.kind));
  }
  return text.empty() ? text : "Change:\n" + text;
}

std::string unattached_text(const std::vector<Unattached>& unattached) {
  std::string text;
  for (const Unattached& item : unattached) {
    const std::string to = item.parent.empty() ? "any Gateway" : item.parent;
    text += fmt::format("  {}{} is not attached to {}{}{}\n", place(item.location), item.route.to_string(), to,
                        item.message.empty() ? "" : "\n    status: ", item.message);
    for (const Obstacle& obstacle : item.obstacles) {
      text += fmt::format("    {}: {}\n", obstacle.where, obstacle.why);
      const char* lead = "to change that: ";
      for (const std::string& change : obstacle.changes) {
        text += fmt::format("      {}{}\n", change.starts_with("or, ") ? "" : lead, change);
        lead = "or: ";
      }
    }
  }
  return text.empty() ? text : "Not attached:\n" + text;
}

json location_json(const api::SourceLocation& location, json object) {
  object["file"] = location.file;
  object["line"] = location.line;
  object["column"] = location.column;
  return object;
}

json ref_json(const api::ObjectRef& ref) {
  json object = {{"apiVersion", ref.group.empty() ? ref.version : ref.group + "/" + ref.version},
                 {"kind", ref.kind},
                 {"name", ref.name}};
  if (!ref.ns.empty()) object["namespace"] = ref.ns;
  return object;
}

json effects_json(const std::vector<Effect>& effects) {
  json list = json::array();
  for (const Effect& effect : effects) {
    list.push_back(location_json(effect.location, {{"object", ref_json(effect.object)}, {"message", effect.message}}));
  }
  return list;
}

json obstacles_json(const std::vector<Obstacle>& obstacles) {
  json list = json::array();
  for (const auto& obstacle : obstacles) {
    list.push_back({{"where", obstacle.where}, {"why", obstacle.why}, {"changes", obstacle.changes}});
  }
  return list;
}

}  // namespace

std::string to_text(const Analysis& analysis) {
  return changes_text(analysis.changes) + section("Breaks", analysis.breaks) +
         section("Does not work", analysis.stillborn) + section("Comes into effect", analysis.attaches) +
         section("Moves", analysis.moves) + unattached_text(analysis.unattached);
}

json to_json(const Analysis& analysis) {
  json changes = json::array();
  for (const auto& change : analysis.changes) {
    changes.push_back(
        location_json(change.location, {{"object", ref_json(change.ref)}, {"change", word(change.kind)}}));
  }
  json unattached = json::array();
  for (const auto& item : analysis.unattached) {
    unattached.push_back(location_json(item.location, {{"object", ref_json(item.route)},
                                                       {"parent", item.parent},
                                                       {"message", item.message},
                                                       {"obstacles", obstacles_json(item.obstacles)}}));
  }
  return {{"changes", changes},
          {"breaks", effects_json(analysis.breaks)},
          {"doesNotWork", effects_json(analysis.stillborn)},
          {"attaches", effects_json(analysis.attaches)},
          {"moves", effects_json(analysis.moves)},
          {"notAttached", unattached}};
}

}  // namespace gw::analyze
