// SPDX-License-Identifier: Apache-2.0
// full_compile DIRECTORY NODE ROUNDS
//     Reads a directory of manifests and compiles all of it, as the agent does at its start, in the network namespace
//     that it is run in. Prints {"read_ms": x, "translate_ms": [...], "compile_ms": [...], "listeners": n, "backends":
//     n}.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <vector>

#include "userspace/compile/compile.hpp"
#include "userspace/net/discover.hpp"
#include "userspace/provider/file/file_provider.hpp"
#include "userspace/translate/translate.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

int run(const std::string& directory, const std::string& node, int rounds) {
  auto provider = gw::provider::FileProvider::open(directory, {});
  const auto topology = gw::net::discover(node);
  if (!provider || !topology) {
    std::cerr << "full_compile: " << (provider ? topology.error() : provider.error()).message << "\n";
    return 1;
  }
  provider->mark_all_dirty();
  const auto begin = Clock::now();
  const gw::provider::Snapshot snapshot = provider->reload();
  const double read_ms = ms_since(begin);
  if (!snapshot.problems.empty()) {
    std::cerr << "full_compile: " << snapshot.problems.begin()->to_string() << "\n";
    return 1;
  }
  gw::compile::Options options;
  options.attach = gw::compile::AttachMode::Tc;
  std::vector<double> translate_ms;
  std::vector<double> compile_ms;
  std::size_t listeners = 0;
  std::size_t backends = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    const auto translated = gw::translate::translate(snapshot.resources, {});
    translate_ms.push_back(ms_since(start));
    const auto middle = Clock::now();
    const auto compiled = gw::compile::compile(translated.config, *topology, {}, options);
    compile_ms.push_back(ms_since(middle));
    listeners = compiled.plan.listeners.size();
    backends = compiled.plan.backends.size();
  }
  std::cout << fmt::format(
      "{{\"read_ms\": {:.2f}, \"translate_ms\": [{:.3f}], \"compile_ms\": [{:.3f}], \"listeners\": {}, \"backends\": "
      "{}}}\n",
      read_ms, fmt::join(translate_ms, ", "), fmt::join(compile_ms, ", "), listeners, backends);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4) return run(argv[1], argv[2], std::atoi(argv[3]));
  std::cerr << "usage: full_compile DIRECTORY NODE ROUNDS\n";
  return 2;
}
