// SPDX-License-Identifier: Apache-2.0
#include "userspace/compile/compile.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "userspace/compile/attachments.hpp"
#include "userspace/compile/backend.hpp"
#include "userspace/compile/health.hpp"
#include "userspace/compile/placement.hpp"
#include "userspace/compile/service.hpp"
#include "userspace/net/routing.hpp"

namespace gw::compile {
namespace {

using ServiceIds = std::unordered_set<std::uint32_t>;

/// How often each sentence is said.
class Warnings {
 public:
  void add(const std::set<std::string>& sentences) {
    for (const auto& sentence : sentences) changed_ = ++said_[sentence] == 1 || changed_;
  }
  void remove(const std::set<std::string>& sentences) {
    for (const auto& sentence : sentences) {
      const auto said = said_.find(sentence);
      if (--said->second != 0) continue;
      said_.erase(said);
      changed_ = true;
    }
  }
  /// The sentences, if there are others than at the last call.
  std::optional<std::vector<std::string>> take() {
    if (!std::exchange(changed_, false)) return std::nullopt;
    std::vector<std::string> sentences;
    sentences.reserve(said_.size());
    for (const auto& [sentence, count] : said_) sentences.push_back(sentence);
    return sentences;
  }

 private:
  std::map<std::string, std::size_t> said_;
  bool changed_ = false;
};

}  // namespace

class Compiler::State {
 public:
  explicit State(plan::IdTable ids) : ids_(std::move(ids)) {}

  void keep_draining(const plan::BackendMap& draining);
  const plan::Plan& compile(const ir::Config& config, const net::Topology& topology, const Options& options);
  [[nodiscard]] const plan::IdTable& ids() const { return ids_; }

 private:
  /// What compile() was called with, and what can be told from it.
  struct Input {
    Input(ir::Config of, net::Topology on, Options with)
        : config(std::move(of)), topology(std::move(on)), options(std::move(with)), routing(topology) {}
    ir::Config config;
    const net::Topology topology;
    Options options;
    const net::Routing routing;
  };
  bool is_for(const net::Topology& topology, const Options& options) const;
  bool must_place(const ir::Config& before) const;
  void place();
  ServiceIds changed_services(const ir::Config& before) const;
  void compile_services(const ServiceIds& changed);
  void forget_services();
  void compile_service(const UsedService& used);
  void use(const CompiledService& service, std::uint32_t id);
  void leave(const CompiledService& service, std::uint32_t id);
  void settle_backends();
  void settle_watches(std::uint32_t backend);
  void release_ids();
  void place_programs();

  std::unique_ptr<Input> input_;
  plan::IdTable ids_;
  plan::Plan plan_;
  Placement placement_;
  std::unordered_map<std::uint32_t, CompiledService> services_;          ///< by id
  std::unordered_map<std::string, std::vector<std::uint32_t>> by_name_;  ///< ids: one for each family
  std::map<ir::ServicePort, std::vector<std::uint32_t>> by_port_;        ///< ids of those that refer to it
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> users_;  ///< backend id -> service ids
  std::unordered_set<std::uint32_t> touched_;                            ///< backends whose users have changed
  std::vector<std::pair<std::uint32_t, std::string>> draining_;          ///< ids and keys of backends that only drain
  ServiceIds checked_;                                                   ///< those that health checks have a say in
  std::size_t local_backends_ = 0;                                       ///< on this node's own addresses
  ServiceIds lacking_;                                                   ///< those that did not get all ids they need
  Warnings warnings_;
  bool has_all_ids_ = false;  ///< ids_ holds none that nothing uses
};

void Compiler::State::keep_draining(const plan::BackendMap& draining) {
  for (auto& restored : ids_.keep_draining(draining)) draining_.push_back(std::move(restored));
}

bool Compiler::State::is_for(const net::Topology& topology, const Options& options) const {
  if (input_ == nullptr || input_->topology != topology) return false;
  Options same = options;
  same.health = input_->options.health;
  return input_->options == same;
}

const plan::Plan& Compiler::State::compile(const ir::Config& config, const net::Topology& topology,
                                           const Options& options) {
  const bool is_other_place = !is_for(topology, options);
  ir::Config before;
  if (is_other_place) {
    input_ = std::make_unique<Input>(config, topology, options);
  } else {
    before = std::exchange(input_->config, config);
  }
  ServiceIds changed = changed_services(before);
  if (options.health != input_->options.health) {
    input_->options.health = options.health;
    changed.insert(checked_.begin(), checked_.end());
  }
  if (is_other_place || must_place(before)) {
    place();
    for (const UsedService& used : placement_.services) {
      const bool is_new = !services_.contains(used.id);
      if (is_new) by_name_[used.name].push_back(used.id);
      if (is_new || is_other_place || placement_.listener_ports.contains(used.name)) changed.insert(used.id);
    }
  }
  compile_services(changed);
  const bool answered_here = local_backends_ != 0;
  settle_backends();
  release_ids();
  const bool has_other_links = before.interfaces != input_->config.interfaces;
  if (is_other_place || has_other_links || answered_here != (local_backends_ != 0)) place_programs();
  if (auto warnings = warnings_.take()) plan_.warnings = std::move(*warnings);
  return plan_;
}

/// Services that read something that is not as it was in `before`. New ones are not among them.
ServiceIds Compiler::State::changed_services(const ir::Config& before) const {
  ServiceIds changed;
  visit_differences(before.services, input_->config.services, [&](const std::string& name, const auto*, const auto*) {
    const auto ids = by_name_.find(name);
    if (ids != by_name_.end()) changed.insert(ids->second.begin(), ids->second.end());
  });
  visit_differences(before.endpoints, input_->config.endpoints,
                    [&](const ir::ServicePort& port, const auto*, const auto*) {
                      const auto ids = by_port_.find(port);
                      if (ids != by_port_.end()) changed.insert(ids->second.begin(), ids->second.end());
                    });
  changed.insert(lacking_.begin(), lacking_.end());
  return changed;
}

/// Whether something that place() reads is not as it was in `before`.
bool Compiler::State::must_place(const ir::Config& before) const {
  if (input_->config.listeners != before.listeners) return true;
  bool found = false;
  visit_differences(before.services, input_->config.services,
                    [&found](const std::string&, const ir::Service* was, const ir::Service* is) {
                      found = found || was == nullptr || is == nullptr || !are_placed_alike(*was, *is);
                    });
  return found;
}

/// Listeners anew. Services that have none any more are forgotten.
void Compiler::State::place() {
  warnings_.remove(placement_.warnings);
  placement_ = place_listeners(input_->config, input_->topology, input_->routing, ids_);
  warnings_.add(placement_.warnings);
  become(plan_.listeners, placement_.listeners);
  become(plan_.sources, placement_.sources);
  become(plan_.limited, placement_.limited);
  become(plan_.idle_timeouts, placement_.idle_timeouts);
  become(plan_.names, placement_.names);
  plan_.placed = std::move(placement_.placed);
  plan_.rejections = std::move(placement_.rejections);
  forget_services();
}

void Compiler::State::forget_services() {
  std::vector<bool> live(GW_SERVICES_MAX + 1);  // by id
  for (const UsedService& used : placement_.services) live[used.id] = true;
  std::erase_if(services_, [&](const auto& entry) {
    if (live[entry.first]) return false;
    leave(entry.second, entry.first);
    lacking_.erase(entry.first);
    checked_.erase(entry.first);
    plan_.services.erase(entry.first);
    return true;
  });
  for (auto entry = by_name_.begin(); entry != by_name_.end();) {
    std::erase_if(entry->second, [&](std::uint32_t id) { return !live[id]; });
    entry = entry->second.empty() ? by_name_.erase(entry) : std::next(entry);
  }
}

/// In the order of the listeners: that is how ids of backends are given out.
void Compiler::State::compile_services(const ServiceIds& changed) {
  lacking_.clear();
  if (changed.empty()) return;
  for (const UsedService& used : placement_.services) {
    if (changed.contains(used.id)) compile_service(used);
  }
}

void Compiler::State::compile_service(const UsedService& used) {
  static const ListenerPorts no_ports;
  const auto ports = placement_.listener_ports.find(used.name);
  CompiledService compiled =
      gw::compile::compile_service({.name = used.name,
                                    .family = used.family,
                                    .service = input_->config.services.get(used.name),
                                    .config = input_->config,
                                    .listeners = ports == placement_.listener_ports.end() ? no_ports : ports->second,
                                    .topology = input_->topology,
                                    .routing = input_->routing,
                                    .options = input_->options},
                                   ids_.backends);
  CompiledService& service = services_[used.id];
  leave(service, used.id);
  service = std::move(compiled);
  use(service, used.id);
  if (service.lacks_ids) lacking_.insert(used.id);
  if (service.is_checked) {
    checked_.insert(used.id);
  } else {
    checked_.erase(used.id);
  }
  plan_.services.set(used.id, service.service);
}

void Compiler::State::use(const CompiledService& service, std::uint32_t id) {
  for (const auto& [backend, value] : service.backends) {
    users_[backend].push_back(id);
    touched_.insert(backend);
  }
  for (const auto& port : service.ports) by_port_[port].push_back(id);
  warnings_.add(service.warnings);
}

void Compiler::State::leave(const CompiledService& service, std::uint32_t id) {
  for (const auto& [backend, value] : service.backends) {
    std::erase(users_[backend], id);
    touched_.insert(backend);
  }
  for (const auto& port : service.ports) {
    const auto users = by_port_.find(port);
    std::erase(users->second, id);
    if (users->second.empty()) by_port_.erase(users);
  }
  warnings_.remove(service.warnings);
}

/// A backend is what all its users say together.
void Compiler::State::settle_backends() {
  for (const std::uint32_t backend : touched_) {
    const auto users = users_.find(backend);
    if (users->second.empty()) continue;
    gw_backend value = services_.at(users->second.front()).backends.at(backend);
    for (const std::uint32_t user : users->second) {
      value = combine(value, services_.at(user).backends.at(backend));
    }
    if (!plan_.backends.contains(backend) && plan::is_local(value)) ++local_backends_;
    plan_.backends.set(backend, value);
  }
  for (const std::uint32_t backend : touched_) settle_watches(backend);
}

void Compiler::State::settle_watches(std::uint32_t backend) {
  for (const std::uint32_t protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
    const gw_backend_health_key key{backend, protocol};
    std::optional<plan::Watch> watch;
    for (const std::uint32_t user : users_.at(backend)) {
      const auto& watched = services_.at(user).watched;
      const auto found = watched.find(key);
      if (found != watched.end()) watch = watch ? combine(*watch, found->second) : found->second;
    }
    if (watch) {
      plan_.watched.set(key, std::move(*watch));
    } else {
      plan_.watched.erase(key);
    }
  }
}

/// Gives back the ids that nothing uses. At first these may be any; later only those that have just lost their users,
/// and those that were kept for what drains.
void Compiler::State::release_ids() {
  for (const std::uint32_t backend : touched_) {
    const auto users = users_.find(backend);
    if (!users->second.empty()) continue;
    if (const gw_backend* const value = plan_.backends.get(backend)) {
      ids_.backends.release(plan::IdTable::backend_key(*value));
      if (plan::is_local(*value)) --local_backends_;
    }
    plan_.backends.erase(backend);
    users_.erase(users);
  }
  touched_.clear();
  for (const auto& [id, key] : draining_) {
    if (!users_.contains(id)) ids_.backends.release(key);
  }
  draining_.clear();
  if (std::exchange(has_all_ids_, true)) return;
  ids_.backends.release_unless([this](std::uint32_t id) { return users_.contains(id); });
}

/// Backends of this node answer through its own stack, so what leaves the links is looked at if there are any.
void Compiler::State::place_programs() {
  std::vector<plan::Attachment> attachments = choose_attachments(input_->config, input_->topology, input_->options);
  for (auto& attachment : attachments) attachment.egress = local_backends_ != 0;
  plan_.attachments = std::move(attachments);
}

Compiler::Compiler(plan::IdTable ids) : state_(std::make_unique<State>(std::move(ids))) {}
Compiler::Compiler(Compiler&&) noexcept = default;
Compiler& Compiler::operator=(Compiler&&) noexcept = default;
Compiler::~Compiler() = default;

void Compiler::keep_draining(const plan::BackendMap& draining) { state_->keep_draining(draining); }
const plan::Plan& Compiler::compile(const ir::Config& config, const net::Topology& topology, const Options& options) {
  return state_->compile(config, topology, options);
}
const plan::IdTable& Compiler::ids() const { return state_->ids(); }

AttachMode attach_mode(std::string_view word) {
  if (word == "xdp") return AttachMode::Xdp;
  return word == "tc" ? AttachMode::Tc : AttachMode::Auto;
}

Output compile(const ir::Config& config, const net::Topology& topology, const plan::IdTable& ids,
               const Options& options) {
  Compiler compiler(ids);
  plan::Plan plan = compiler.compile(config, topology, options);
  return {.plan = std::move(plan), .ids = compiler.ids()};
}

}  // namespace gw::compile
