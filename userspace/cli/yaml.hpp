// SPDX-License-Identifier: Apache-2.0
// JSON values as YAML text, for people.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace gw::cli {

/// Block style, keys sorted; strings are quoted where YAML would read them as something else.
std::string to_yaml(const nlohmann::json& value, int indent = 0);
/// The same with the keys in their order.
std::string to_yaml(const nlohmann::ordered_json& value, int indent = 0);

}  // namespace gw::cli
