// SPDX-License-Identifier: Apache-2.0
// What this kernel offers of what the data path can use (maps/feature.h), and what is to be used of it.
#pragma once

#include "maps/feature.h"
#include "userspace/base/error.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gw::datapath {

struct Feature {
  gw_feature id{};
  const char* word = "";     ///< "tcx"
  const char* since = "";    ///< the first Linux version that has it
  const char* without = "";  ///< what is done without it
  bool in_kernel = false;
  bool in_use = false;
};

class Features {
 public:
  /// Reads the running kernel's own description of itself (BTF). Everything it has is in use.
  static Result<Features> probe();

  [[nodiscard]] const std::vector<Feature>& all() const { return features_; }
  [[nodiscard]] bool has(gw_feature feature) const;
  /// The features not in use, as the programs want to be told: enum gw_feature.
  [[nodiscard]] std::uint32_t off() const;

  /// Does without the feature from now on. False if there is none of that name.
  bool turn_off(const std::string& word);

 private:
  std::vector<Feature> features_;
};

/// The names that turn_off() knows.
std::vector<std::string> feature_words();

/// "tcx is off (Linux 6.6 has it): the tc program stands in a clsact filter"
std::string describe_missing(const Feature& feature);

}  // namespace gw::datapath
