// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/check.hpp"

#include <fmt/format.h>

#include <ostream>

#include "userspace/provider/file/read.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::agent {
namespace {

/// How the objects fit together. Returns the number of lines.
int print_findings(const api::ResourceSet& all, std::ostream& out) {
  const auto translated = translate::translate(all, {});
  for (const auto& finding : translated.findings) {
    out << fmt::format("{}:{}:{}: {}: {}\n", finding.location.file, finding.location.line, finding.location.column,
                       finding.object.to_string(), finding.message);
  }
  return static_cast<int>(translated.findings.size());
}

}  // namespace

int check(const std::vector<std::string>& paths, CheckScope scope, std::ostream& out) {
  const auto manifests = provider::read_manifests(paths).snapshot;
  for (const auto& problem : manifests.problems) out << problem.to_string() << "\n";
  int problems = static_cast<int>(manifests.problems.size());
  if (scope == CheckScope::Everything) problems += print_findings(manifests.resources, out);
  return problems == 0 ? 0 : 1;
}

}  // namespace gw::agent
