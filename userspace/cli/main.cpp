// SPDX-License-Identifier: Apache-2.0
// gwctl: asks the daemon and the maps.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>
#include <exception>
#include <iostream>
#include <map>

#include "userspace/admin/client.hpp"
#include "userspace/cli/commands.hpp"

namespace gw::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 fine, 1 error (status: not ready), 2 (status: ready, with findings).\n"
    "Without a running daemon only dump-maps works.";

struct Arguments {
  std::string pin_dir = GW_PIN_DIR_DEFAULT;
  std::string admin = "/run/portcullis/admin.sock";
  std::string kinds;
  std::string map;
  Selection selection;
  Output output = Output::Table;
};

std::uint32_t monotonic_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return static_cast<std::uint32_t>(now.tv_sec);
}

Env make_env(const Arguments& arguments) {
  return {.out = std::cout,
          .err = std::cerr,
          .ask = [socket = arguments.admin](const std::string& path) { return admin::Client(socket).get(path); },
          .read_maps = [pin_dir = arguments.pin_dir] { return read_map_view(pin_dir); },
          .now = std::time(nullptr),
          .monotonic = monotonic_seconds()};
}

void add_output(CLI::App* command, Arguments& arguments, const std::vector<std::string>& words) {
  const std::map<std::string, Output> all = {
      {"table", Output::Table}, {"wide", Output::Wide}, {"yaml", Output::Yaml}, {"json", Output::Json}};
  std::map<std::string, Output> allowed;
  for (const auto& word : words) allowed.emplace(word, all.at(word));
  command->add_option("-o,--output", arguments.output, "Output format")
      ->transform(CLI::CheckedTransformer(allowed))
      ->default_str("table");
}

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("gwctl: what Portcullis serves, and what is in the kernel");
  app.footer(kFooter);
  app.set_version_flag("--version", GW_VERSION);
  app.require_subcommand(1);
  app.add_option("--pin-dir", arguments.pin_dir, "bpffs directory of the instance")->capture_default_str();
  app.add_option("--admin", arguments.admin, "Unix socket of the daemon")->capture_default_str();

  auto* const get_command = app.add_subcommand("get", "List objects: gateways, tcproutes, services, ..., or all");
  get_command->add_option("KIND", arguments.kinds, "A kind, or several separated by commas")->required();
  get_command->add_option("NAME", arguments.selection.name, "One object");
  get_command->add_option("-n,--namespace", arguments.selection.ns, "Namespace")->capture_default_str();
  get_command->add_flag("-A,--all-namespaces", arguments.selection.all_namespaces, "All namespaces");
  add_output(get_command, arguments, {"table", "wide", "yaml", "json"});

  auto* const describe_command = app.add_subcommand("describe", "Everything about one object");
  describe_command->add_option("KIND", arguments.kinds, "A kind")->required();
  describe_command->add_option("NAME", arguments.selection.name, "One object")->required();
  describe_command->add_option("-n,--namespace", arguments.selection.ns, "Namespace")->capture_default_str();

  auto* const status_command = app.add_subcommand("status", "Is the daemon ready, and what needs attention?");
  add_output(status_command, arguments, {"table", "json"});

  auto* const dump_command = app.add_subcommand("dump-maps", "The pinned maps, decoded; works without the daemon");
  dump_command->add_option("MAP", arguments.map,
                           "One of: listeners services maglev backends flows control links counters names");
  add_output(dump_command, arguments, {"table", "json"});

  CLI11_PARSE(app, argc, argv);
  Env env = make_env(arguments);
  if (get_command->parsed()) return get(env, arguments.kinds, arguments.selection, arguments.output);
  if (describe_command->parsed()) return describe(env, arguments.kinds, arguments.selection);
  if (status_command->parsed()) return status(env, arguments.output);
  return dump_maps(env, arguments.map, arguments.output);
}

}  // namespace
}  // namespace gw::cli

int main(int argc, char** argv) {
  try {
    return gw::cli::main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gwctl: %s\n", error.what());
    return 1;
  }
}
