// SPDX-License-Identifier: Apache-2.0
// Our programs with one listener and connections through it, to be measured.
#pragma once

#include "tests/bench/conversation.hpp"
#include "tests/bench/wrapper.hpp"
#include "tests/support/data_path.hpp"
#include "userspace/plan/plan.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gw::bench {

enum class Mode : std::uint8_t { Dnat, FullNat, DsrSegment, DsrTunnel };
const char* to_text(Mode mode);

/// One line of the table: a kind of packet through one program.
struct Row {
  std::string program;
  testing::Hook hook;
  std::string packet;
  Wrapper* wrapper;
  frames* stream;
  std::optional<gw_counter> counts{};  ///< what the program counts for each packet
  bool forgets = false;                ///< connections that it begins are forgotten before their ring is full
  std::vector<double> ns{};
  std::uint32_t verdict = 0;
};

/// Errors leave as must() has it.
class Scenario {
 public:
  /// `entries`: of each flow table. `tuples` must outlive it.
  Scenario(std::uint32_t entries, Mode mode, Target target, Tuples& tuples);

  /// Completes handshakes until there are that many connections.
  void grow(std::uint32_t flows);
  /// Of the mode: what there is to measure. They point into this object.
  std::vector<Row> rows();
  /// Runs a row once. A packet that did not take the way that the row is about is an error.
  void run(Row& row, std::uint32_t repetitions);

  [[nodiscard]] frames* hot() { return &hot_; }
  [[nodiscard]] std::uint32_t flows() const { return flows_; }
  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] bool is_v6() const { return target_.is_v6(); }

 private:
  void configure();
  [[nodiscard]] gw_backend backend(std::uint32_t number) const;
  [[nodiscard]] plan::Plan plan_of_listener() const;
  void connect(std::uint32_t count);
  void pass(frames stream, std::uint32_t repetitions);
  Run run_with_room(Row& row, std::uint32_t repetitions);
  void shuffle();
  [[nodiscard]] std::uint32_t link_of(const frames& stream) const;
  [[nodiscard]] std::uint64_t count(gw_counter counter) const;

  Mode mode_;
  Target target_;
  Conversation talk_;
  Tuples& tuples_;
  std::unique_ptr<testing::DataPath> data_path_;
  Wrapper xdp_;
  Wrapper tc_;
  std::uint32_t flows_ = 0;
  frames hot_{}, reply_{}, miss_{}, fresh_;
};

}  // namespace gw::bench
