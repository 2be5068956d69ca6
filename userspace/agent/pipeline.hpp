// SPDX-License-Identifier: Apache-2.0
// Manifests and kernel facts -> maps: translate, compile, diff, apply, read back. All of the cycle but its events, its
// attachments and what it tells people. It remembers what the last run found, so that a change costs what it touches
// (docs/design/0017).
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/base/error.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/net/topology.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/plan/health.hpp"
#include "userspace/plan/plan.hpp"
#include "userspace/translate/translate.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace gw::agent {

struct PipelineOptions {
  translate::Options translate;
  compile::Options compile;
};

class Pipeline {
 public:
  /// How long the steps took.
  struct Times {
    std::chrono::microseconds translate{0};
    std::chrono::microseconds compile{0};
    std::chrono::microseconds diff{0};
    std::chrono::microseconds apply{0};
    std::chrono::microseconds read_back{0};
  };

  /// Goes on from what an earlier agent left in the maps, which must outlive the pipeline.
  static Result<Pipeline> open(const datapath::Maps& maps, PipelineOptions options);

  const translate::Output& translate(const api::ResourceSet& resources);
  [[nodiscard]] const translate::Output& translated() const { return translated_; }
  /// Makes the plan of what was translated last, for this node. `health`: what is known of endpoints now.
  const plan::Plan& compile(const net::Topology& topology, plan::Health health);
  [[nodiscard]] const plan::Plan& plan() const { return plan_; }

  /// Writes the difference between the maps and plan(), then reads back: only what the kernel confirms counts. After a
  /// failure the next call begins with a look at all of the maps. `now`: seconds of CLOCK_MONOTONIC. Returns the
  /// operations that were carried out.
  Result<std::vector<plan::Operation>> write(std::uint32_t now);
  /// What the maps hold, as far as it is known.
  [[nodiscard]] const std::optional<plan::Observed>& observed() const { return observed_; }
  /// Backends that the maps hold for connections that they have, and no more.
  [[nodiscard]] const plan::BackendMap& draining() const { return draining_; }

  /// Whether tidy() has anything to do.
  [[nodiscard]] bool is_untidy() const;
  /// Makes the next changes cheap: see plan::tidy(). Waits for programs that are running.
  Result<> tidy();

  /// Of the last translate(), compile() and write().
  [[nodiscard]] const Times& times() const { return times_; }

 private:
  Pipeline(const datapath::Maps& maps, PipelineOptions options, plan::Observed observed);
  Result<> carry_out(const std::vector<plan::Operation>& operations);

  const datapath::Maps* maps_;
  PipelineOptions options_;
  std::optional<plan::Observed> observed_;
  translate::Translator translator_;
  compile::Compiler compiler_;
  translate::Output translated_;
  plan::Plan plan_;
  plan::BackendMap draining_;
  Times times_;
};

}  // namespace gw::agent
