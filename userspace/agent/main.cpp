// SPDX-License-Identifier: Apache-2.0
// portcullis: the daemon.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <iostream>

#include "userspace/agent/agent.hpp"
#include "userspace/agent/check.hpp"
#include "userspace/agent/publish.hpp"
#include "userspace/net/namespace.hpp"

namespace gw::agent {
namespace {

constexpr int kFailed = 1;

/// Fills in what depends on the command line and the host.
void complete(config::Config& config, const RunOptions& options) {
  if (!options.attach.empty()) config.attach = options.attach;
  if (config.node_name.empty()) config.node_name = net::host_name();
  if (config.status_dir.empty()) {
    config.status_dir = (std::filesystem::path(options.admin_socket).parent_path() / "status").string();
  }
}

Result<config::Config> effective_config(const RunOptions& options) {
  config::Config config;
  if (!options.config_file.empty()) {
    auto loaded = config::load(options.config_file);
    if (!loaded) return loaded;
    config = std::move(*loaded);
  }
  complete(config, options);
  return config;
}

int report(const Error& error) {
  spdlog::error("{}", error.message);
  return kFailed;
}

int run(const RunOptions& options, bool print_config) {
  auto config = effective_config(options);
  if (!config) return report(config.error());
  if (print_config) {
    std::cout << config::to_yaml(*config);
    return 0;
  }
  spdlog::set_level(spdlog::level::from_str(config->log_level));
  auto agent = Agent::create(options, std::move(*config));
  if (!agent) return report(agent.error());
  if (auto ran = (*agent)->run(); !ran) return report(ran.error());
  if (!options.unload_on_exit) return 0;
  agent->reset();
  const auto unloaded = datapath::unload(options.pin_dir);
  return unloaded ? 0 : report(unloaded.error());
}

int unload(const std::string& pin_dir) {
  const auto unloaded = datapath::unload(pin_dir);
  return unloaded ? 0 : report(unloaded.error());
}

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_st("portcullis"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  CLI::App app("Portcullis: a Gateway API gateway that forwards in the kernel");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);

  RunOptions options;
  bool print_config = false;
  auto* const run_command = app.add_subcommand("run", "Serve the Gateways of a directory of manifests");
  auto* const manifests = run_command->add_option("--manifests", options.manifests, "Directory of YAML and JSON files");
  run_command->add_option("--config", options.config_file, "Configuration file (YAML)");
  run_command->add_option("--pin-dir", options.pin_dir, "bpffs directory of this instance")->capture_default_str();
  run_command->add_option("--admin", options.admin_socket, "Unix socket for gwctl")->capture_default_str();
  run_command->add_option("--attach", options.attach, "Hook for all interfaces; overrides the configuration file")
      ->check(CLI::IsMember({"auto", "xdp", "tc"}));
  run_command->add_flag("--unload-on-exit", options.unload_on_exit, "Remove programs and maps when stopping");
  run_command->add_flag("--print-config", print_config, "Print the effective configuration and exit");

  std::vector<std::string> paths;
  auto* const check_command =
      app.add_subcommand("check", "Validate manifests offline; exit code 1 if there are problems");
  check_command->add_option("PATH", paths, "Files and directories")->required();
  bool objects_only = false;
  check_command->add_flag("--objects-only", objects_only, "Each object by itself, not whether it fits to the others");

  auto* const unload_command = app.add_subcommand("unload", "Detach all programs and remove all pinned maps");
  unload_command->add_option("--pin-dir", options.pin_dir, "bpffs directory of the instance")->capture_default_str();

  try {
    app.parse(argc, argv);
    if (run_command->parsed() && !print_config && manifests->empty()) throw CLI::RequiredError("--manifests");
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (check_command->parsed())
    return check(paths, objects_only ? CheckScope::Objects : CheckScope::Everything, std::cout);
  if (unload_command->parsed()) return unload(options.pin_dir);
  return run(options, print_config);
}

}  // namespace
}  // namespace gw::agent

int main(int argc, char** argv) {
  try {
    return gw::agent::main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "portcullis: %s\n", error.what());
    return 1;
  }
}
