// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/agent.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <utility>

#include "userspace/agent/links.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/net/discover.hpp"
#include "userspace/net/forwarding.hpp"
#include "userspace/net/neighbours.hpp"
#include "userspace/net/port_range.hpp"
#include "userspace/net/sockets.hpp"
#include "userspace/plan/diff.hpp"

namespace gw::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kMaxRetryDelay{30};
/// Between two rounds through the flow tables, and between two steps of one round.
constexpr std::chrono::seconds kExpiryRound{5};
constexpr std::chrono::milliseconds kExpiryStep{1};
/// Changes of links, addresses and routes come in bursts: one cycle for those that come within this time.
constexpr std::chrono::milliseconds kKernelBurst{10};
/// Between a change of tables and the making ready for the next one, which takes some tens of milliseconds.
constexpr std::chrono::milliseconds kTidyDelay{500};

datapath::FlowTimeouts flow_timeouts(const config::FlowSettings& settings) {
  return {.handshake = settings.handshake,
          .established = settings.established,
          .closing = settings.closing,
          .closed = settings.closed,
          .udp_request = settings.udp_request,
          .udp_stream = settings.udp_stream};
}

/// Seconds of the clock that the programs stamp flows with.
std::uint32_t monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec);
}

Result<> choose_nat_ports(const datapath::Maps& maps, const config::NatPorts& configured) {
  if (configured.first != 0) return datapath::set_nat_ports(maps, configured.first, configured.last);
  const auto ephemeral = net::host_ephemeral_ports();
  if (!ephemeral) return fail(ephemeral.error());
  const auto ports = net::nat_ports(*ephemeral);
  if (!ports) {
    return fail("net.ipv4.ip_local_port_range leaves no ports for full NAT (narrow it, or set natPorts)");
  }
  spdlog::info("full NAT uses source ports {}-{}", ports->first, ports->last);
  return datapath::set_nat_ports(maps, ports->first, ports->last);
}

/// What the kernel has and the configuration allows; says what is missing.
Result<datapath::Features> choose_features(const std::vector<std::string>& disabled) {
  auto features = datapath::Features::probe();
  if (!features) return features;
  for (const std::string& word : disabled) features->turn_off(word);
  for (const auto& feature : features->all()) {
    if (!feature.in_use) spdlog::info("{}", describe_missing(feature));
  }
  return features;
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::create(const RunOptions& options, config::Config config) {
  auto loop = EventLoop::create();
  if (!loop) return fail(loop.error());
  auto pins = datapath::PinDirectory::open(options.pin_dir);
  if (!pins) return fail(pins.error());
  auto admin = admin::Server::start(options.admin_socket);
  if (!admin) return fail(admin.error());
  auto monitor = net::Monitor::open();
  if (!monitor) return fail(monitor.error());
  auto provider = provider::FileProvider::open(options.manifests, {});
  if (!provider) return fail(provider.error());
  auto features = choose_features(config.disabled_features);
  if (!features) return fail(features.error());
  auto programs = datapath::load(*pins, {.max_flow_entries = config.flows.max_entries, .features = *features});
  if (!programs) return fail(programs.error());
  auto maps = datapath::Maps::open(options.pin_dir);
  if (!maps) return fail(maps.error());
  for (const std::string& note : programs->notes) spdlog::warn("{}", note);
  std::unique_ptr<Parts> parts(new Parts{std::move(*loop), std::move(*pins), std::move(*features), std::move(*programs),
                                         std::move(*maps), std::move(*provider), std::move(*monitor),
                                         std::move(*admin)});
  auto pipeline = Pipeline::open(parts->maps, {.translate = {}, .compile = config::compile_options(config)});
  if (!pipeline) return fail(pipeline.error());
  std::unique_ptr<Agent> agent(new Agent(options, std::move(config), std::move(parts), std::move(*pipeline)));
  auto health = HealthChecks::create(agent->parts_->loop, agent->parts_->maps, [at = agent.get()] { at->cycle(); });
  if (!health) return fail(health.error());
  agent->health_ = std::move(*health);
  if (auto connected = agent->connect_events(); !connected) return fail(connected.error());
  if (auto restored = agent->restore(); !restored) return fail(restored.error());
  return agent;
}

Agent::Agent(RunOptions options, config::Config config, std::unique_ptr<Parts> parts, Pipeline pipeline)
    : options_(std::move(options)),
      config_(std::move(config)),
      parts_(std::move(parts)),
      pipeline_(std::move(pipeline)),
      attacher_(parts_->pins, parts_->programs),
      sockets_(datapath::SocketHooks::load(parts_->pins, config_.cgroup, parts_->features)),
      expirer_(parts_->maps, flow_timeouts(config_.flows)),
      status_writer_(config_.status_dir),
      started_at_(std::time(nullptr)) {}

Result<> Agent::connect_events() {
  EventLoop& loop = parts_->loop;
  auto reload = loop.add_timer([this] { on_manifests_changed(); });
  auto retry = loop.add_timer([this] { cycle(); });
  auto expiry = loop.add_timer([this] { on_expiry_timer(); });
  auto drain = loop.add_timer([this] { cycle(); });
  auto topology = loop.add_timer([this] { on_topology_changed(); });
  auto tidy = loop.add_timer([this] { on_tidy_timer(); });
  if (!reload || !retry || !expiry || !drain || !topology || !tidy) return fail("cannot create the agent's timers");
  reload_timer_ = *reload;
  retry_timer_ = *retry;
  expiry_timer_ = *expiry;
  drain_timer_ = *drain;
  topology_timer_ = *topology;
  tidy_timer_ = *tidy;
  const auto stop = [this] { parts_->loop.stop(); };
  const auto reread = [this] {
    spdlog::info("SIGHUP: reading everything again");
    parts_->provider.mark_all_dirty();
    on_manifests_changed();
  };
  const auto manifests = [this] {
    parts_->provider.on_readable();
    schedule_reload();
  };
  for (auto connected : {loop.on_signal(SIGTERM, stop), loop.on_signal(SIGINT, stop), loop.on_signal(SIGHUP, reread),
                         loop.on_readable(parts_->provider.fd(), manifests),
                         loop.on_readable(parts_->monitor.fd(), [this] { on_kernel_changed(); })}) {
    if (!connected) return connected;
  }
  return {};
}

/// What an earlier agent left in the maps is where this one goes on.
Result<> Agent::restore() {
  const plan::Observed& found = *pipeline_.observed();
  health_->restore(found);
  if (!found.listeners.empty()) {
    spdlog::info("found {} listeners and {} backends in the kernel, going on from there", found.listeners.size(),
                 found.backends.size());
  }
  if (auto chosen = choose_nat_ports(parts_->maps, config_.nat_ports); !chosen) return chosen;
  if (const std::uint64_t cookie = sockets_.netns_cookie(); cookie != 0) {
    if (auto set = datapath::set_netns_cookie(parts_->maps, cookie); !set) return set;
  }
  hops_changed_ = true;
  (void)read_topology();
  return {};
}

Result<> Agent::run() {
  spdlog::info("portcullis {} on node {}, manifests from {}", kVersion, config_.node_name, options_.manifests);
  parts_->provider.mark_all_dirty();
  on_manifests_changed();
  expiry_timer_->set(steady_clock::now() + kExpiryRound);
  auto ran = parts_->loop.run();
  notify_service_manager("STOPPING=1");
  spdlog::info("stopping; the data path {}", options_.unload_on_exit ? "is unloaded" : "goes on without us");
  return ran;
}

void Agent::schedule_reload() {
  if (const auto due = parts_->provider.due()) reload_timer_->set(*due);
}

void Agent::on_manifests_changed() {
  snapshot_ = parts_->provider.reload();
  cycle();
  schedule_reload();
}

void Agent::on_kernel_changed() {
  const auto changes = parts_->monitor.drain();
  if (!changes) {
    spdlog::error("netlink: {}", changes.error().message);
    return;
  }
  if (!changes->topology && !changes->neighbours) return;
  // Flows look their next hops up again at once; the rest can wait for the end of the burst. Until then nobody knows
  // what the routes ask for.
  const bool unknown = changes->topology || topology_is_due_;
  bump_generation(unknown ? datapath::NextHops::ByFlow : next_hops());
  if (!changes->topology || topology_is_due_) return;
  topology_is_due_ = true;
  topology_timer_->set(steady_clock::now() + kKernelBurst);
}

void Agent::on_topology_changed() {
  topology_is_due_ = false;
  if (!read_topology()) {
    bump_generation(next_hops());
    watch_peers();
    return;
  }
  hops_changed_ = true;
  peers_are_due_ = true;
  cycle();
}

void Agent::bump_generation(datapath::NextHops next_hops) {
  if (auto bumped = datapath::bump_generation(parts_->maps, next_hops); !bumped) {
    spdlog::error("{}", bumped.error().message);
  }
}

/// Where the links' forwarding is not ours, it may depend on the link that a packet comes in by.
datapath::NextHops Agent::next_hops() const {
  return topology_.routed_by_destination && config_.enable_forwarding ? datapath::NextHops::ByDestination
                                                                      : datapath::NextHops::ByFlow;
}

/// False if nothing that we look at is different.
bool Agent::read_topology() {
  auto topology = net::discover(config_.node_name);
  if (!topology) {
    spdlog::error("cannot read links and routes, keeping what was known: {}", topology.error().message);
    return false;
  }
  if (*topology == topology_) return false;
  topology_ = std::move(*topology);
  return true;
}

void Agent::on_expiry_timer() {
  const auto complete = expirer_.step(monotonic_seconds());
  if (!complete) spdlog::error("expiring flows: {}", complete.error().message);
  const bool rest = !complete || *complete;
  if (complete && *complete) {
    confirm_neighbours();
    watch_peers();
  }
  expiry_timer_->set(steady_clock::now() + (rest ? std::chrono::milliseconds(kExpiryRound) : kExpiryStep));
}

void Agent::confirm_neighbours() {
  const auto confirmed = net::confirm_neighbours(expirer_.next_hops_in_use());
  if (!confirmed) spdlog::warn("{}", confirmed.error().message);
}

std::set<std::uint32_t> Agent::find_peers() const {
  if (!parts_->features.has(GW_FEATURE_PEER_REDIRECT)) return {};
  return peer_links(topology_, attacher_, attached_);
}

/// The kernel does not report programs that are attached to a link (tcx), so it is asked again and again.
void Agent::watch_peers() {
  if (find_peers() == peers_) return;
  peers_are_due_ = true;
  cycle();
}

/// Manifests and kernel facts -> maps, attachments, status.
void Agent::cycle() {
  const auto begin = steady_clock::now();
  const translate::Output& translated = pipeline_.translate(snapshot_.resources);
  health_->watch_endpoints(translated.config);
  const plan::Plan& plan = pipeline_.compile(topology_, health_->found());
  enable_forwarding(plan);
  const status::ApplyOutcome outcome = apply();
  expirer_.set_idle_timeouts(plan.idle_timeouts);
  health_->watch_backends(plan);
  log_problems();
  publish(outcome);
  say_ready(outcome);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin);
  const Pipeline::Times& times = pipeline_.times();
  spdlog::debug(
      "cycle {}: {} listeners, {} backends, {} us (translate {}, compile {}, diff {}, apply {}, read back {})", cycles_,
      plan.listeners.size(), plan.backends.size(), took.count(), times.translate.count(), times.compile.count(),
      times.diff.count(), times.apply.count(), times.read_back.count());
}

void Agent::on_tidy_timer() {
  tidying_is_due_ = false;
  if (auto tidied = pipeline_.tidy(); !tidied) spdlog::warn("{}", tidied.error().message);
}

/// The kernel's route lookup refuses packets from a link on which forwarding is off.
void Agent::enable_forwarding(const plan::Plan& plan) {
  if (!config_.enable_forwarding) return;
  for (const auto& attachment : plan.attachments) {
    if (!forwarding_links_.insert(attachment.ifindex).second) continue;
    const auto changes = net::enable_forwarding(attachment.link);
    if (!changes) {
      spdlog::warn("{}: {}", attachment.link, changes.error().message);
      continue;
    }
    for (const auto& change : *changes) {
      spdlog::info("set {} from {} to {} (enableForwarding: false to do without)", change.sysctl, change.before,
                   change.after);
    }
  }
}

/// Maps first: a program that is attached finds its tables filled.
status::ApplyOutcome Agent::apply() {
  status::ApplyOutcome outcome;
  if (auto written = write_maps(); !written) {
    outcome.failure = written.error().message;
    spdlog::error("the kernel does not hold the new configuration yet, next try in {} s: {}", retry_delay_.count(),
                  *outcome.failure);
    retry_timer_->set(steady_clock::now() + retry_delay_);
    retry_delay_ = std::min(retry_delay_ * 2, kMaxRetryDelay);
  } else {
    retry_timer_->clear();
    retry_delay_ = std::chrono::seconds(1);
  }
  outcome.attach_failures = attach(pipeline_.plan());
  if (std::exchange(hops_changed_, false)) bump_generation(topology_is_due_ ? datapath::NextHops::ByFlow : next_hops());
  return outcome;
}

Result<> Agent::write_maps() {
  const auto operations = pipeline_.write(monotonic_seconds());
  if (!operations) return fail(operations.error());
  if (spdlog::should_log(spdlog::level::debug)) {
    for (const auto& operation : *operations) spdlog::debug("{}", plan::to_string(operation));
  }
  // Flows of a backend that is gone find out when they look their next hop up again; sockets have to be told.
  if (std::ranges::any_of(
          *operations, [](const auto& operation) { return std::holds_alternative<plan::RemoveBackend>(operation); })) {
    hops_changed_ = true;
    orphans_are_due_ = true;
  }
  schedule_drain();
  schedule_tidying();
  if (std::exchange(orphans_are_due_, false)) end_orphans(pipeline_.observed()->backends);
  return {};
}

void Agent::schedule_drain() {
  if (const auto left = plan::next_drained(pipeline_.draining(), monotonic_seconds())) {
    drain_timer_->set(steady_clock::now() + std::chrono::seconds(*left) + std::chrono::milliseconds(100));
  } else {
    drain_timer_->clear();
  }
}

/// Connections of this host's own to a backend that is gone.
void Agent::end_orphans(const plan::BackendMap& backends) {
  const auto orphans = sockets_.forget_orphans(backends);
  const auto ended = orphans ? net::destroy_sockets(*orphans) : fail(orphans.error());
  if (!ended) spdlog::warn("connections of this host to backends that are gone: {}", ended.error().message);
}

void Agent::schedule_tidying() {
  if (tidying_is_due_ || !pipeline_.is_untidy()) return;
  tidying_is_due_ = true;
  tidy_timer_->set(steady_clock::now() + kTidyDelay);
}

std::vector<std::string> Agent::attach(const plan::Plan& plan) {
  auto wanted = plan.attachments.items();
  // Backends that drain still have answers to give.
  if (std::ranges::any_of(pipeline_.draining(), plan::is_local, &plan::BackendMap::value_type::second)) {
    for (auto& attachment : wanted) attachment.egress = true;
  }
  const auto before = std::exchange(attached_, attacher_.apply(wanted));
  peers_are_due_ |=
      !std::ranges::equal(before, attached_, {}, &datapath::AttachResult::ifindex, &datapath::AttachResult::ifindex);
  std::vector<std::string> failures;
  for (const auto& result : attached_) {
    if (!result.failure.empty()) failures.push_back(fmt::format("{}: {}", result.link, result.failure));
  }
  std::set<std::uint32_t> peers = std::exchange(peers_are_due_, false) ? find_peers() : peers_;
  if (auto set = datapath::set_links(parts_->maps, link_maps(topology_, attached_, peers)); !set) {
    failures.push_back(set.error().message);
  } else if (peers != peers_) {
    peers_ = std::move(peers);
    hops_changed_ = true;
  }
  attach_sockets();
  return failures;
}

/// Says what became of it when that changes.
void Agent::attach_sockets() {
  const datapath::SocketStatus before = sockets_.status();
  sockets_.attach();
  const datapath::SocketStatus& now = sockets_.status();
  if (cycles_ != 0 && now == before) return;
  if (now.attached) {
    spdlog::info("this host's own processes are served, those of cgroup {}", now.cgroup);
  } else if (config_.cgroup != "off") {
    spdlog::warn("this host's own processes are not served: {}", now.reason);
  }
}

void Agent::publish(const status::ApplyOutcome& outcome) {
  ++cycles_;
  auto report = completer_.complete(pipeline_.translated().report, pipeline_.plan(), outcome);
  if (auto written = status_writer_.write(report); !written) spdlog::error("status: {}", written.error().message);
  PublishInput input{.source = options_.manifests,
                     .started_at = started_at_,
                     .updated_at = std::time(nullptr),
                     .cycle = cycles_,
                     .config = config_,
                     .snapshot = snapshot_,
                     .findings = pipeline_.translated().findings,
                     .plan = pipeline_.plan(),
                     .outcome = outcome,
                     .attached = attached_,
                     .sockets = sockets_.status(),
                     .features = parts_->features,
                     .health = health_->report(),
                     .report = std::move(report),
                     .ready = ready_ || !outcome.failure};
  parts_->admin->publish(make_snapshot(std::move(input), events_));
}

void Agent::say_ready(const status::ApplyOutcome& outcome) {
  if (ready_ || outcome.failure) return;
  ready_ = true;
  spdlog::info("ready");
  notify_service_manager("READY=1");
}

/// Says each problem when it appears and when it is gone, not at every cycle.
void Agent::log_problems() {
  Problems problems = problems_of(snapshot_, pipeline_.translated(), pipeline_.plan());
  if (problems == problems_) return;
  problems_ = std::move(problems);
  std::set<std::string> now = lines_of(problems_);
  for (const std::string& line : now) {
    if (!logged_.contains(line)) spdlog::warn("{}", line);
  }
  for (const std::string& line : logged_) {
    if (!now.contains(line)) spdlog::info("resolved: {}", line);
  }
  logged_ = std::move(now);
}

}  // namespace gw::agent
