// SPDX-License-Identifier: Apache-2.0
// test_run packet [options]   nanoseconds a packet, for each mode, family and hook, over some numbers of flows
// test_run flows [options]    the same for a flow table that grows: DNAT by XDP
// test_run memory [options]   the flow tables' price
//
// Prints a JSON object a line; `test_run --help` lists the options. The programs are the ones of this build, over maps
// and in a network namespace of their own (tests/support/data_path.hpp), run by BPF_PROG_TEST_RUN on one CPU.
#include <bpf/bpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>

#include "tests/bench/scenario.hpp"
#include "tests/support/backends.hpp"
#include "tests/support/must.hpp"

namespace gw::bench {
namespace {

using testing::DataPath;
using testing::give_up;
using testing::Hook;
using testing::ip;
using testing::must;

/// For a million connections.
constexpr std::uint32_t kLargeTable = 1U << 21;

struct Settings {
  std::vector<std::uint32_t> flows = {1, 1000, 100'000, 900'000};
  std::uint32_t entries = 0;  ///< of each flow table; 0: as many as are needed
  std::uint32_t repetitions = 50'000;
  int rounds = 5;
  std::vector<std::string> families = {"ipv4", "ipv6"};
  std::string against;
  std::string address = "10.0.1.1";
  std::uint16_t port = 8080;
  std::string protocol = "tcp";
};

/// The default table as long as the connections, and the half-open ones that measuring adds, fit into it.
std::uint32_t entries_for(const Settings& settings, std::uint32_t flows) {
  if (settings.entries != 0) return settings.entries;
  return 2 * (flows + GW_LIMBO_RING_MAX) <= GW_FLOWS_MAX ? std::uint32_t{GW_FLOWS_MAX} : kLargeTable;
}

void print(const Row& row, const Scenario& scenario) {
  std::cout << fmt::format(
                   "{{\"program\": \"{}\", \"hook\": \"{}\", \"family\": \"{}\", \"mode\": \"{}\", \"packet\": \"{}\", "
                   "\"flows\": {}, \"verdict\": \"{}\", \"ns\": [{}]}}",
                   row.program, to_string(row.hook), scenario.is_v6() ? "ipv6" : "ipv4", to_text(scenario.mode()),
                   row.packet, scenario.flows(), verdict_text(row.hook, row.verdict), fmt::join(row.ns, ", "))
            << std::endl;
}

/// Round after round through all rows, so that what disturbs the machine for a while hits each alike. The first round
/// only warms up.
void measure(Scenario& scenario, std::vector<Row> rows, const Settings& settings) {
  for (int round = 0; round <= settings.rounds; ++round) {
    for (Row& row : rows) scenario.run(row, settings.repetitions);
    if (round != 0) continue;
    for (Row& row : rows) row.ns.clear();
  }
  for (const Row& row : rows) print(row, scenario);
}

std::uint8_t protocol_number(const std::string& word) { return word == "udp" ? testing::kUdp : testing::kTcp; }

/// Another pinned XDP program, which gets the frames that ours gets, to an address of its own.
class Other {
 public:
  Other(const Settings& settings, const Tuples& tuples)
      : target_{ip(settings.address.c_str()), settings.port, protocol_number(settings.protocol)},
        talk_(target_),
        program_(bpf_obj_get(settings.against.c_str())),
        fresh_(in_order(talk_.request(), kNewFirst, kNewCount)) {
    if (!program_.is_open()) give_up(errno_error(errno, "open the program " + settings.against));
    wrapper_.emplace(must(Wrapper::around(Hook::Xdp, program_.get(), tuples)));
  }

  [[nodiscard]] bool is_of(const Target& target) const { return target.is_v6() == target_.is_v6(); }

  void grow(std::uint32_t flows) {
    for (frames stream : {in_order(talk_.request(), flows_, flows - flows_),
                          in_order(talk_.acknowledgement(), flows_, flows - flows_)}) {
      must(wrapper_->run(stream, flows - flows_, 0));
    }
    flows_ = flows;
    hot_ = scattered(talk_.acknowledgement(), flows);
    miss_ = scattered(talk_.miss(), flows);
  }

  std::vector<Row> rows() {
    std::vector<Row> made;
    const auto add = [&](const char* packet, frames* stream) {
      made.push_back(
          {.program = "other", .hook = Hook::Xdp, .packet = packet, .wrapper = &*wrapper_, .stream = stream});
    };
    add("hot", &hot_);
    add("new", &fresh_);
    add("miss", &miss_);
    return made;
  }

 private:
  Target target_;
  Conversation talk_;
  Fd program_;
  std::optional<Wrapper> wrapper_;
  std::uint32_t flows_ = 0;
  frames hot_{}, miss_{}, fresh_;
};

Target target_of(const std::string& family, std::uint8_t protocol) {
  return {ip(family == "ipv6" ? "2001:db8:1::1" : "10.0.1.1"), 8080, protocol};
}

void append(std::vector<Row>& rows, std::vector<Row> more) {
  rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void measure_mode(const Settings& settings, Mode mode, const Target& target, Tuples& tuples) {
  std::map<Hook, Wrapper> nothing;
  for (const Hook hook : {Hook::Xdp, Hook::Tc}) nothing.emplace(hook, must(Wrapper::around_nothing(hook, tuples)));
  std::optional<Other> other;
  if (!settings.against.empty() && mode == Mode::Dnat) other.emplace(settings, tuples);
  if (other && !other->is_of(target)) other.reset();
  std::optional<Scenario> scenario;
  std::uint32_t entries = 0;
  for (const std::uint32_t flows : settings.flows) {
    if (const std::uint32_t wanted = entries_for(settings, flows); wanted != entries) {
      scenario.reset();
      scenario.emplace(entries = wanted, mode, target, tuples);
    }
    scenario->grow(flows);
    std::vector<Row> rows = scenario->rows();
    if (other) {
      other->grow(flows);
      append(rows, other->rows());
    }
    for (auto& [hook, wrapper] : nothing) {
      if (mode != Mode::Dnat) continue;
      rows.push_back(
          {.program = "null", .hook = hook, .packet = "hot", .wrapper = &wrapper, .stream = scenario->hot()});
    }
    measure(*scenario, std::move(rows), settings);
  }
}

void measure_packets(const Settings& settings, Tuples& tuples) {
  for (const std::string& family : settings.families) {
    for (const Mode mode : {Mode::Dnat, Mode::FullNat, Mode::DsrSegment, Mode::DsrTunnel}) {
      measure_mode(settings, mode, target_of(family, protocol_number(settings.protocol)), tuples);
    }
  }
}

void measure_flows(const Settings& settings, Tuples& tuples) {
  for (const std::string& family : settings.families) {
    Scenario scenario(entries_for(settings, settings.flows.back()), Mode::Dnat, target_of(family, testing::kTcp),
                      tuples);
    for (const std::uint32_t flows : settings.flows) {
      scenario.grow(flows);
      std::vector<Row> rows = scenario.rows();
      std::erase_if(rows, [](const Row& row) {
        return row.hook != Hook::Xdp || row.packet == "miss" || row.packet == "new, in a flood";
      });
      measure(scenario, std::move(rows), settings);
    }
  }
}

/// Bytes of kernel memory of a map, as the kernel states them.
std::uint64_t memory_of(int map) {
  std::ifstream info(fmt::format("/proc/self/fdinfo/{}", map));
  for (std::string word; info >> word;) {
    std::uint64_t bytes = 0;
    if (word == "memlock:" && info >> bytes) return bytes;
  }
  give_up({"the kernel does not say how much memory a map has", 0});
}

void print_memory(const Settings& settings) {
  const auto data_path = must(DataPath::load(entries_for(settings, settings.flows.back())));
  const auto say = [](const char* family, const datapath::RawMap& map) {
    std::cout << fmt::format("{{\"family\": \"{}\", \"entries\": {}, \"bytes\": {}}}", family, map.max_entries(),
                             memory_of(map.fd()))
              << std::endl;
  };
  say("ipv4", data_path->maps().flows4.raw());
  say("ipv6", data_path->maps().flows6.raw());
}

/// One CPU: its caches, and one set of rings.
void stay_on_one_cpu() {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) last = cpu;
  }
  CPU_ZERO(&allowed);
  CPU_SET(last, &allowed);
  sched_setaffinity(0, sizeof(allowed), &allowed);
}

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("Runs the programs by BPF_PROG_TEST_RUN and prints what a packet costs.", "test_run");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* description) {
    CLI::App* const made = app.add_subcommand(name, description);
    made->add_option("--entries", settings.entries, "of each flow table; a connection has two; 0: as many as needed")
        ->capture_default_str();
    if (std::string(name) == "memory") return made;
    made->add_option("--flows", settings.flows, "numbers of connections, rising")
        ->delimiter(',')
        ->capture_default_str();
    made->add_option("--repetitions", settings.repetitions, "packets of a run")->capture_default_str();
    made->add_option("--rounds", settings.rounds, "runs of each row")->capture_default_str();
    made->add_option("--families", settings.families)->delimiter(',')->capture_default_str();
    return made;
  };
  CLI::App* const packet = command("packet", "each mode, family and hook");
  packet->add_option("--protocol", settings.protocol)->check(CLI::IsMember({"tcp", "udp"}))->capture_default_str();
  packet->add_option("--against", settings.against, "another pinned XDP program, run with the same frames");
  packet->add_option("--address", settings.address, "what the other program serves")->capture_default_str();
  packet->add_option("--port", settings.port)->capture_default_str();
  CLI::App* const flows = command("flows", "a table that grows, DNAT by XDP");
  command("memory", "the tables' price");
  CLI11_PARSE(app, argc, argv);
  if (!IpAddress::parse(settings.address)) {
    std::cerr << "test_run: --address " << settings.address << " is not an IP address\n";
    return 2;
  }
  std::ranges::sort(settings.flows);
  stay_on_one_cpu();
  if (!packet->parsed() && !flows->parsed()) {
    print_memory(settings);
    return 0;
  }
  Tuples tuples = must(Tuples::create(settings.flows.back()));
  packet->parsed() ? measure_packets(settings, tuples) : measure_flows(settings, tuples);
  return 0;
}

}  // namespace
}  // namespace gw::bench

int main(int argc, char** argv) {
  try {
    return gw::bench::run(argc, argv);
  } catch (const std::runtime_error& failure) {
    std::cerr << "test_run: " << failure.what() << "\n";
    return 1;
  }
}
