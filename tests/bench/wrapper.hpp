// SPDX-License-Identifier: Apache-2.0
// Programs under BPF_PROG_TEST_RUN with many repetitions, each with a frame as it came in: see bpf/test_run.bpf.c.
#pragma once

#include "tests/bench/bpf/test_run.h"
#include "tests/support/data_path.hpp"
#include "userspace/base/error.hpp"
#include "userspace/base/fd.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace gw::bench {

/// Tuples that wrapped programs read and write, in the kernel and here at once.
class Tuples {
 public:
  static Result<Tuples> create(std::uint32_t count);
  Tuples(Tuples&& other) noexcept;
  Tuples(const Tuples&) = delete;
  ~Tuples();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] std::span<tuple> all() const;

 private:
  Tuples(Fd fd, void* memory, std::size_t count) : fd_(std::move(fd)), memory_(memory), count_(count) {}
  Fd fd_;
  void* memory_;
  std::size_t count_;
};

/// A run's outcome.
struct Run {
  double ns = 0;              ///< of one repetition, the wrapper included
  std::uint32_t verdict = 0;  ///< what the program returned for the last frame
};

/// A program behind the wrapper, ready to be run.
class Wrapper {
 public:
  /// Around the program with that descriptor. `tuples` must outlive the wrapper. Fails if the program's kind is not
  /// that of the hook.
  static Result<Wrapper> around(testing::Hook hook, int program, const Tuples& tuples);
  /// Around a program that does nothing: what of a run's time is not the program's.
  static Result<Wrapper> around_nothing(testing::Hook hook, const Tuples& tuples);
  Wrapper(Wrapper&& other) noexcept;
  ~Wrapper();

  /// Runs the program with one frame after another; `frames.at` moves on.
  Result<Run> run(frames& frames, std::uint32_t repetitions, std::uint32_t ifindex);

 private:
  struct Loaded;
  static Result<Wrapper> load(testing::Hook hook, std::optional<int> program, const Tuples& tuples);
  explicit Wrapper(std::unique_ptr<Loaded> loaded);
  std::unique_ptr<Loaded> loaded_;
};

/// The word of a verdict: "redirect", "pass".
std::string verdict_text(testing::Hook hook, std::uint32_t verdict);

}  // namespace gw::bench
