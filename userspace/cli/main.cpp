// SPDX-License-Identifier: Apache-2.0
// gwctl: asks the daemon and the maps.
#include <fmt/format.h>

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
    "Exit codes: 0 fine; 1 error, or for status: not ready; 2 done, with findings: what needs attention (status),\n"
    "breaks or is not attached (analyze), is not served (plan), is wrong in the files (plan, diff), or has no\n"
    "counterpart (convert).\n"
    "dump-maps and convert need no daemon; nor do analyze, plan and diff with --state.";

struct Arguments {
  std::string pin_dir = GW_PIN_DIR_DEFAULT;
  std::string admin = "/run/portcullis/admin.sock";
  std::string kinds;
  std::string map;
  Selection selection;
  ChangeRequest change;
  std::vector<std::string> files;
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
      ->default_str(words.front());
}

/// Returns the option for the files.
CLI::Option* add_change(CLI::App* command, ChangeRequest& change) {
  command->add_option("--state", change.state,
                      "Compare with the manifests of this directory (\"none\": with nothing), not with the daemon's");
  command->add_flag_callback(
      "--delete", [&change] { change.action = analyze::Action::Delete; }, "The objects of the files are removed");
  return command->add_option("-f,--filename", change.files,
                             "Files or directories of the change; - for the standard input");
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
  dump_command->add_option("MAP", arguments.map, fmt::format("One of: {}", fmt::join(map_names(), " ")));
  add_output(dump_command, arguments, {"table", "json"});

  auto* const analyze_command =
      app.add_subcommand("analyze", "What a change breaks and brings into effect; why something is not attached");
  add_change(analyze_command, arguments.change)->description("Files or directories of the change; none: what is there");
  add_output(analyze_command, arguments, {"table", "json"});
  auto* const plan_command = app.add_subcommand("plan", "What a change does to the maps");
  add_change(plan_command, arguments.change)->required();
  add_output(plan_command, arguments, {"table", "json"});
  auto* const diff_command =
      app.add_subcommand("diff", "Manifests, intermediate representation and plan, before and after");
  add_change(diff_command, arguments.change)->required();
  add_output(diff_command, arguments, {"table", "json"});
  auto* const convert_command =
      app.add_subcommand("convert", "The API of 2021 and Ingress as gateway.networking.k8s.io/v1");
  convert_command->add_option("-f,--filename", arguments.files, "Files or directories; - for the standard input")
      ->required();
  add_output(convert_command, arguments, {"yaml", "json"});

  CLI11_PARSE(app, argc, argv);
  Env env = make_env(arguments);
  if (get_command->parsed()) return get(env, arguments.kinds, arguments.selection, arguments.output);
  if (describe_command->parsed()) return describe(env, arguments.kinds, arguments.selection);
  if (status_command->parsed()) return status(env, arguments.output);
  if (analyze_command->parsed()) return analyze_change(env, arguments.change, arguments.output);
  if (plan_command->parsed()) return plan_change(env, arguments.change, arguments.output);
  if (diff_command->parsed()) return diff_change(env, arguments.change, arguments.output);
  if (convert_command->parsed()) return convert_files(env, arguments.files, arguments.output);
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
