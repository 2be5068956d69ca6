// SPDX-License-Identifier: Apache-2.0
// (IR, topology, ids) -> plan. A pure function: two nodes with the same configuration, endpoints and
// health compute the same Maglev tables, whatever either had before.
#pragma once

#include "userspace/ir/config.hpp"
#include "userspace/net/topology.hpp"
#include "userspace/plan/health.hpp"
#include "userspace/plan/id_table.hpp"
#include "userspace/plan/plan.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gw::compile {

enum class AttachMode : std::uint8_t {
  Auto,  ///< native XDP where the driver has it, tc elsewhere and on veth
  Xdp,   ///< native XDP on every link
  Tc,    ///< tc on every link
};

/// Of "auto", "xdp", "tc"; Auto for anything else.
AttachMode attach_mode(std::string_view word);

struct Options {
  AttachMode attach = AttachMode::Auto;
  std::vector<std::string>
      interfaces;                 ///< link names or shell patterns to attach to; empty: every Ethernet link that is up
  std::chrono::seconds drain{0};  ///< of backends whose policy does not say
  plan::Health health = {};       ///< what is known of endpoints now

  bool operator==(const Options&) const = default;
};

struct Output {
  plan::Plan plan;
  plan::IdTable ids;
};

Output compile(const ir::Config& config, const net::Topology& topology, const plan::IdTable& ids,
               const Options& options);

/// compile() for one configuration after another, each with the ids of the one before. What has not changed is not done
/// again, and is shared with the plan before; the result is that of compile() at any time.
class Compiler {
 public:
  explicit Compiler(plan::IdTable ids);
  Compiler(Compiler&&) noexcept;
  Compiler& operator=(Compiler&&) noexcept;
  ~Compiler();

  /// For the next compile(): backends that still drain, so that one that comes back finds its flows.
  void keep_draining(const plan::BackendMap& draining);
  const plan::Plan& compile(const ir::Config& config, const net::Topology& topology, const Options& options);
  [[nodiscard]] const plan::IdTable& ids() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gw::compile
