// SPDX-License-Identifier: Apache-2.0
// The differential test: the programs against the model, first with the cases of the corpus, then with random ones
// until the time is over. The first difference is made small, printed and saved.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/differential/generate.hpp"
#include "tests/differential/harness.hpp"
#include "tests/differential/shrink.hpp"

namespace gw::differential {
namespace {

namespace fs = std::filesystem;

constexpr int kSkipped = 77;

struct Options {
  double seconds = 60;
  std::uint64_t seed = 0;  ///< 0: a random one
  std::string replay;
  std::string corpus = "tests/differential/corpus";
  std::string failures = ".";
};

/// Nothing if the case passes; else prints what fails.
std::optional<Failure> try_case(Harness& harness, const Case& one, const std::string& name) {
  auto result = harness.run(one);
  auto failure = result ? std::move(*result) : Failure{0, result.error().message};
  if (!failure) return failure;
  fmt::print("{}: step {}: {}\n{}\n", name, failure->step + 1, print(one.steps[failure->step]), failure->what);
  return failure;
}

bool replay(Harness& harness, const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const auto one = file ? parse_case(text.str()) : fail("cannot be read");
  if (one) return !try_case(harness, *one, path.string());
  fmt::print("{}: {}\n", path.string(), one.error().message);
  return false;
}

bool replay_all(Harness& harness, const std::string& directory) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  fmt::print("{} cases of {}\n", paths.size(), directory);
  return std::ranges::all_of(paths, [&](const fs::path& path) { return replay(harness, path); });
}

/// Prints and saves the small form of a failing case.
void report(Harness& harness, const Case& failing, const std::string& kind, const Options& options) {
  const Case small = shrink(failing, [&](const Case& candidate) {
    const auto failure = harness.run(candidate);
    return failure && *failure && (*failure)->kind() == kind;
  });
  fmt::print("\n{}\n", print(small));
  (void)try_case(harness, small, "made small");
  fs::create_directories(options.failures);
  std::string name = "differential.case";
  for (int number = 2; fs::exists(fs::path(options.failures) / name); ++number) {
    name = fmt::format("differential-{}.case", number);
  }
  const std::string path = (fs::path(options.failures) / name).string();
  std::ofstream(path) << print(small);
  fmt::print("saved as {}; once it passes it belongs into tests/differential/corpus\n", path);
}

void print_coverage(const Coverage& coverage, std::uint64_t cases, double seconds) {
  fmt::print("{} cases, {} packets, {:.0f} packets a second\n", cases, coverage.packets,
             static_cast<double>(coverage.packets) / seconds);
#define GW_PRINT_COUNTER(name, value, word, description) fmt::print("  {:22} {}\n", word, coverage.counters[value]);
  GW_DROP_REASONS(GW_PRINT_COUNTER)
  GW_EVENTS(GW_PRINT_COUNTER)
#undef GW_PRINT_COUNTER
  fmt::print("  {:22} {}\n", "at egress", coverage.answers_of_this_host);
}

/// What packets come to: not a promise of the kernel's that it breaks, and not connections that never become packets.
bool is_of_packets(gw_counter counter) { return counter != GW_DROP_INTERNAL && counter != GW_EVENT_SOCKET_CONNECTED; }

/// False, with the gaps printed, if so many cases did not meet all that packets come to, every state and every mode.
bool is_complete(const Coverage& coverage, std::uint64_t cases) {
  constexpr std::uint64_t kEnough = 5000;
  if (cases < kEnough) return true;
  std::string missing;
#define GW_CHECK_COUNTER(name, value, word, description) \
  if (is_of_packets(name) && coverage.counters[value] == 0) missing += " " word;
  GW_DROP_REASONS(GW_CHECK_COUNTER)
  GW_EVENTS(GW_CHECK_COUNTER)
#undef GW_CHECK_COUNTER
  for (std::size_t state = GW_FLOW_SYN_SENT; state < coverage.states.size(); ++state) {
    if (coverage.states[state] == 0) missing += fmt::format(" state {}", state);
  }
  for (std::size_t mode = 0; mode < coverage.modes.size(); ++mode) {
    if (coverage.modes[mode] == 0) missing += fmt::format(" mode {}", mode);
  }
  if (coverage.answers_of_this_host == 0) missing += " answers of this host";
  if (!missing.empty()) fmt::print("the random cases never met:{}\n", missing);
  return missing.empty();
}

bool run_random(Harness& harness, const Options& options) {
  using Clock = std::chrono::steady_clock;
  const std::uint64_t seed = options.seed != 0 ? options.seed : std::random_device{}();
  fmt::print("seed {}\n", seed);
  const auto begin = Clock::now();
  const auto elapsed = [begin] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  std::uint64_t number = 0;
  for (; elapsed() < options.seconds; ++number) {
    const Case one = Generator(seed, number).make();
    const auto failure = try_case(harness, one, fmt::format("case {} of seed {}", number, seed));
    if (!failure) continue;
    report(harness, one, failure->kind(), options);
    return false;
  }
  print_coverage(harness.coverage(), number, elapsed());
  return is_complete(harness.coverage(), number);
}

int run(const Options& options) {
  const auto harness = Harness::create();
  if (!harness) {
    fmt::print("skipped: {}\n", harness.error().message);
    return kSkipped;
  }
  if (!options.replay.empty()) return replay(**harness, options.replay) ? 0 : 1;
  return replay_all(**harness, options.corpus) && run_random(**harness, options) ? 0 : 1;
}

}  // namespace
}  // namespace gw::differential

int main(int argc, char** argv) {
  gw::differential::Options options;
  CLI::App app("The programs against the model");
  app.add_option("--seconds", options.seconds, "how long to try random cases");
  app.add_option("--seed", options.seed, "of the random cases; 0: a new one");
  app.add_option("--replay", options.replay, "run this case only");
  app.add_option("--corpus", options.corpus, "directory of the cases to run first");
  app.add_option("--failures", options.failures, "directory for what fails");
  CLI11_PARSE(app, argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  return gw::differential::run(options);
}
