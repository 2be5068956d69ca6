// SPDX-License-Identifier: Apache-2.0
// Runs a case through the programs and through the model, and says where they differ.
#pragma once

#include "tests/differential/case.hpp"
#include "tests/differential/model/model.hpp"
#include "tests/support/data_path.hpp"
#include "userspace/base/error.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gw::differential {

struct Failure {
  std::size_t step = 0;  ///< index of the packet in the case's steps
  std::string what;      ///< lines "what: details"

  /// What is different in the first place, without the details.
  [[nodiscard]] std::string kind() const { return what.substr(0, what.find(':')); }
};

/// What a run has met with: a generator that never gets somewhere tests nothing there.
struct Coverage {
  std::uint64_t packets = 0;
  std::array<std::uint64_t, GW_COUNTER_MAX> counters{};
  std::array<std::uint64_t, GW_FLOW_CLOSED + 1> states{};  ///< packets after which a connection was in that state
  std::array<std::uint64_t, kModeCount> modes{};           ///< the same of modes
  std::uint64_t answers_of_this_host = 0;                  ///< forwarded at egress
};

class Harness {
 public:
  /// An error says why there can be none: not root, no BPF.
  static Result<std::unique_ptr<Harness>> create();

  /// From an empty gateway on. An error if the kernel refuses what cannot be refused.
  Result<std::optional<Failure>> run(const Case& one);
  [[nodiscard]] const Coverage& coverage() const { return coverage_; }

 private:
  /// Programs with tables of one size, and the Maglev tables that they have been given.
  struct Setup {
    std::unique_ptr<testing::DataPath> data_path;
    std::map<std::vector<std::uint32_t>, std::uint32_t> tables;
  };
  struct Run;

  Harness() = default;
  Result<Setup*> setup_for(std::uint32_t flow_entries);

  std::map<std::uint32_t, Setup> setups_;
  Coverage coverage_;
};

}  // namespace gw::differential
