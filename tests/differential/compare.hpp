// SPDX-License-Identifier: Apache-2.0
// What the programs did and hold, beside what the model says.
#pragma once

#include "tests/differential/model/model.hpp"
#include "tests/support/data_path.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gw::differential {

/// The flow tables of both families. IPv4 addresses are mapped.
using Flows = std::map<Tuple, gw_flow6>;
/// By number.
using Counters = std::vector<std::uint64_t>;
/// By limited listener.
using CountedConnections = std::map<std::uint32_t, std::int32_t>;

std::string text_of(const Tuple& tuple);

// Each returns what is different, in lines "what: details"; empty if nothing is.

std::string compare_outcome(const Expectation& expected, const testing::Outcome& actual);
/// `counted`: by how much the counters have grown.
std::string compare_counters(const Expectation& expected, const Counters& counted);
std::string compare_connections(const CountedConnections& expected, const CountedConnections& actual);
/// `now`: seconds of CLOCK_MONOTONIC.
std::string compare_flows(const Model& model, const Flows& flows, const testing::DataPath& data_path,
                          std::uint32_t now);

}  // namespace gw::differential
