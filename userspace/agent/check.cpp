// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/check.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "userspace/api/decode.hpp"
#include "userspace/provider/file/file_provider.hpp"
#include "userspace/translate/translate.hpp"

namespace gw::agent {
namespace {

/// A directory is read as the daemon would read it.
provider::Snapshot read_directory(const std::string& path, std::ostream& out, int& problems) {
  auto provider = provider::FileProvider::open(path, {});
  if (!provider) {
    out << path << ":0:0: " << provider.error().message << "\n";
    ++problems;
    return {};
  }
  provider->mark_all_dirty();
  return provider->reload();
}

provider::Snapshot read_file(const std::string& path, std::ostream& out, int& problems) {
  provider::Snapshot snapshot;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file) {
    out << path << ":0:0: cannot be read\n";
    ++problems;
    return snapshot;
  }
  text << file.rdbuf();
  api::Decoded decoded = api::decode(text.str(), path);
  snapshot.resources = std::move(decoded.objects);
  snapshot.resources.sort();
  snapshot.problems = std::move(decoded.problems);
  return snapshot;
}

void merge(api::ResourceSet& all, const api::ResourceSet& more) {
  api::ResourceSet::for_each_member([&](auto member) { (all.*member).append(more.*member); });
  all.sort();
}

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
  int problems = 0;
  api::ResourceSet all;
  for (const auto& path : paths) {
    std::error_code ignored;
    const bool is_directory = std::filesystem::is_directory(path, ignored);
    const auto snapshot = is_directory ? read_directory(path, out, problems) : read_file(path, out, problems);
    for (const auto& problem : snapshot.problems) {
      out << problem.to_string() << "\n";
      ++problems;
    }
    merge(all, snapshot.resources);
  }
  if (scope == CheckScope::Everything) problems += print_findings(all, out);
  return problems == 0 ? 0 : 1;
}

}  // namespace gw::agent
