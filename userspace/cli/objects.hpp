// SPDX-License-Identifier: Apache-2.0
// The objects that the daemon knows, as gwctl asks for them.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/cli/env.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace gw::cli {

/// A kind that gwctl can show.
struct Kind {
  const char* kind;                  ///< "TCPRoute"
  const char* plural;                ///< "tcproutes"
  std::vector<const char*> aliases;  ///< singular and short names
  bool is_namespaced = true;
};

const std::vector<Kind>& known_kinds();
/// By any of its names, upper or lower case. An error lists what there is.
Result<Kind> find_kind(const std::string& name);

struct Selection {
  std::string ns = "default";
  bool all_namespaces = false;
  std::string name;  ///< empty: all
};

/// GET /v1/objects: each {"object": manifest with status, "file", "line", "dataPath"}.
Result<std::vector<nlohmann::json>> fetch_objects(Env& env);
std::vector<nlohmann::json> select(const std::vector<nlohmann::json>& objects, const Kind& kind,
                                   const Selection& selection);

/// GET /v1/status.
Result<nlohmann::json> fetch_status(Env& env);

/// A string at a JSON pointer, or "".
std::string text_at(const nlohmann::json& value, const char* pointer);
/// The status word of a condition in a list of them, or "Unknown".
std::string condition_status(const nlohmann::json& conditions, const std::vector<std::string>& types);
/// Over the conditions of parents or ancestors: True, False, Partial (some entries yes, some no) or Unknown.
std::string over_entries(const nlohmann::json& entries, const std::vector<std::string>& types);

bool is_legacy(const nlohmann::json& object);

}  // namespace gw::cli
