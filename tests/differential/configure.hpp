// SPDX-License-Identifier: Apache-2.0
// Writes changes of the configuration into the maps, and into the network where they are its own.
#pragma once

#include "tests/differential/model/config.hpp"
#include "tests/support/data_path.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace gw::differential {

/// Ids of the Maglev tables that the maps hold, by their slots. Tables stay: making one takes as long as a thousand
/// packets.
using TableIds = std::map<std::vector<std::uint32_t>, std::uint32_t>;

/// The maps are empty of configuration before its life and after it.
class Configurator {
 public:
  /// By listener: how many connections the agent counts.
  using Connections = std::function<std::map<std::uint32_t, std::int32_t>()>;

  Configurator(const testing::DataPath& data_path, TableIds& tables, Connections connections)
      : data_path_(data_path), tables_(tables), connections_(std::move(connections)) {}

  /// Writes what a Config is in the beginning.
  Result<> begin();
  /// `config`: after the change.
  Result<> change(const Change& change, const Config& config);
  /// Takes everything out again.
  Result<> end();

 private:
  Result<> write(const SetBackend& change, const Config& config);
  Result<> write(const RemoveBackend& change, const Config& config);
  Result<> write(const DrainBackend& change, const Config& config);
  Result<> write(const SetService& change, const Config& config);
  Result<> write(const SetListener& change, const Config& config);
  Result<> write(const RemoveListener& change, const Config& config);
  Result<> write(const SetNatPorts& change, const Config& config);
  Result<> write(const SetLink& change, const Config& config);
  Result<> write(const SetForwarding& change, const Config& config);
  Result<> write(const SetHopsByDestination& change, const Config& config);
  Result<> write(const RaiseGeneration& change, const Config& config);
  Result<> write(const Recount& change, const Config& config);
  Result<> write_control(const Config& config);
  Result<> write_admission(const Listener& listener);
  Result<> erase_admission(const Listener& listener, const Listener& next);
  Result<std::uint32_t> table_of(const std::vector<std::uint32_t>& slots);

  const testing::DataPath& data_path_;
  TableIds& tables_;
  Connections connections_;
  Config written_;  ///< what is in the maps
};

}  // namespace gw::differential
