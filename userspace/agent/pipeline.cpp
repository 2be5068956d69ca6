// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/pipeline.hpp"

#include <fmt/format.h>

#include <utility>

#include "userspace/datapath/reconcile.hpp"
#include "userspace/plan/id_table.hpp"

namespace gw::agent {
namespace {

using std::chrono::steady_clock;

/// The time since it was made, or asked the last time.
class Stopwatch {
 public:
  std::chrono::microseconds lap() {
    const auto now = steady_clock::now();
    return std::chrono::duration_cast<std::chrono::microseconds>(now - std::exchange(begin_, now));
  }

 private:
  steady_clock::time_point begin_ = steady_clock::now();
};

}  // namespace

Result<Pipeline> Pipeline::open(const datapath::Maps& maps, PipelineOptions options) {
  auto observed = datapath::observe(maps);
  if (!observed) return fail(observed.error());
  return Pipeline(maps, std::move(options), std::move(*observed));
}

Pipeline::Pipeline(const datapath::Maps& maps, PipelineOptions options, plan::Observed observed)
    : maps_(&maps),
      options_(std::move(options)),
      observed_(std::move(observed)),
      translator_(options_.translate),
      compiler_(plan::IdTable::restore(*observed_)),
      draining_(plan::draining({}, *observed_)) {}

const translate::Output& Pipeline::translate(const api::ResourceSet& resources) {
  times_ = {};
  Stopwatch watch;
  translated_ = translator_.translate(resources);
  times_.translate = watch.lap();
  return translated_;
}

const plan::Plan& Pipeline::compile(const net::Topology& topology, plan::Health health) {
  Stopwatch watch;
  options_.compile.health = std::move(health);
  compiler_.keep_draining(draining_);
  plan_ = compiler_.compile(translated_.config, topology, options_.compile);
  times_.compile = watch.lap();
  return plan_;
}

Result<std::vector<plan::Operation>> Pipeline::write(std::uint32_t now) {
  Stopwatch watch;
  if (!observed_) {
    auto observed = datapath::observe(*maps_);
    if (!observed) return fail(observed.error());
    observed_ = std::move(*observed);
  }
  auto operations = plan::diff(plan_, *observed_, now);
  times_.diff = watch.lap();
  if (auto done = carry_out(operations); !done) return fail(done.error());
  watch.lap();
  const auto missing = plan::diff(plan_, *observed_, now);
  if (!missing.empty()) {
    observed_.reset();
    return fail(fmt::format("the maps differ from what was written: {} and {} more", plan::to_string(missing.front()),
                            missing.size() - 1));
  }
  observed_ = plan::settle(std::move(*observed_), plan_);
  draining_ = plan::draining(plan_, *observed_);
  times_.read_back += watch.lap();
  return operations;
}

/// Nothing is known of the maps if this fails.
Result<> Pipeline::carry_out(const std::vector<plan::Operation>& operations) {
  Stopwatch watch;
  plan::Observed before = std::move(*observed_);
  observed_.reset();
  if (auto applied = datapath::apply(*maps_, operations); !applied) return applied;
  times_.apply = watch.lap();
  auto after = datapath::read_back(*maps_, std::move(before), operations);
  if (!after) return fail(after.error());
  observed_ = std::move(*after);
  times_.read_back = watch.lap();
  return {};
}

bool Pipeline::is_untidy() const {
  return observed_ && (observed_->tables.has_resting() || !plan::tidy(*observed_).empty());
}

Result<> Pipeline::tidy() {
  if (!observed_) return {};
  if (observed_->tables.has_resting()) {
    const std::uint64_t time = observed_->tables.now();
    if (auto waited = datapath::wait_for_programs(*maps_); !waited) return waited;
    observed_->tables.end_grace(time);
  }
  return carry_out(plan::tidy(*observed_));
}

}  // namespace gw::agent
