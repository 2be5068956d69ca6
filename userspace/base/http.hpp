// SPDX-License-Identifier: Apache-2.0
// What the Gateway API and the intermediate representation say of HTTP in the same words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace gw {

struct HeaderValue {
  std::string name;  ///< as written; compared without regard to case
  std::string value;
  bool operator==(const HeaderValue&) const = default;
};

struct HeaderModifier {
  std::vector<HeaderValue> set;
  std::vector<HeaderValue> add;
  std::vector<std::string> remove;
  bool operator==(const HeaderModifier&) const = default;
};

struct Cors {
  std::vector<std::string> allow_origins;
  bool allow_credentials = false;
  std::vector<std::string> allow_methods;
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  std::uint32_t max_age_seconds = 5;
  bool operator==(const Cors&) const = default;
};

}  // namespace gw
