// SPDX-License-Identifier: Apache-2.0
// Writes changes of the configuration into the maps, and into the network where they are its own.
#pragma once

#include "tests/differential/model/config.hpp"
#include "tests/support/data_path.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace gw::differential {

/// Ids of the Maglev tables that the maps hold, by their slots. Tables stay: making one takes as long as a thousand
/// packets.
using TableIds = std::map<std::vector<std::uint32_t>, std::uint32_t>;

/// The maps are empty of configuration before its life and after it.
class Configurator {
 public:
  Configurator(const testing::DataPath& data_path, TableIds& tables) : data_path_(data_path), tables_(tables) {}

  /// Writes what a Config is in the beginning.
  Result<> begin();
  /// `config`: after the change.
  Result<> change(const Change& change, const Config& config);
  /// Takes everything out again.
  Result<> end();

 private:
  Result<> write(const SetBackend& change, const Config& config);
  Result<> write(const RemoveBackend& change, const Config& config);
  Result<> write(const SetService& change, const Config& config);
  Result<> write(const SetListener& change, const Config& config);
  Result<> write(const RemoveListener& change, const Config& config);
  Result<> write(const SetNatPorts& change, const Config& config);
  Result<> write(const SetLink& change, const Config& config);
  Result<> write(const SetForwarding& change, const Config& config);
  Result<> write(const RaiseGeneration& change, const Config& config);
  Result<> write_control(const Config& config);
  Result<std::uint32_t> table_of(const std::vector<std::uint32_t>& slots);

  const testing::DataPath& data_path_;
  TableIds& tables_;
  Config written_;  ///< what is in the maps
};

}  // namespace gw::differential
