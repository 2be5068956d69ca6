// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/check.hpp"

#include <ostream>

#include "userspace/provider/file/read.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::agent {
namespace {

/// What is wrong with each object. Returns the number of lines.
int print_problems(const provider::Snapshot& manifests, std::ostream& out) {
  for (const auto& problem : manifests.problems) out << problem.to_string() << "\n";
  return static_cast<int>(manifests.problems.size());
}

/// How the objects fit together. Returns the number of lines.
int print_findings(const api::ResourceSet& all, std::ostream& out) {
  const auto translated = translate::translate(all, {});
  for (const auto& finding : translated.findings) out << finding.to_string() << "\n";
  return static_cast<int>(translated.findings.size());
}

}  // namespace

int check(const std::vector<std::string>& paths, CheckScope scope, std::ostream& out) {
  if (scope == CheckScope::Everything) {
    const auto manifests = provider::read_manifests(paths).snapshot;
    return print_problems(manifests, out) + print_findings(manifests.resources, out) == 0 ? 0 : 1;
  }
  int problems = 0;
  for (const std::string& path : paths) problems += print_problems(provider::read_manifests({path}).snapshot, out);
  return problems == 0 ? 0 : 1;
}

}  // namespace gw::agent
