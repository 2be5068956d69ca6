// SPDX-License-Identifier: Apache-2.0
#include "userspace/provider/file/read.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "userspace/provider/file/catalog.hpp"
#include "userspace/provider/file/watcher.hpp"

namespace gw::provider {
namespace {

constexpr std::uintmax_t kMaxFileSize = 16U << 20U;

/// Reads path by path.
class Reader {
 public:
  explicit Reader(std::string_view foreign_group) : foreign_group_(foreign_group) {}

  void path(const std::string& path) {
    std::error_code ignored;
    if (path == "-") {
      take("<stdin>", std::string(std::istreambuf_iterator<char>(std::cin), {}));
    } else if (std::filesystem::is_directory(path, ignored)) {
      directory(path);
    } else {
      file(path);
    }
  }

  Manifests finish() {
    made_.snapshot = catalog_.snapshot();
    std::vector<api::Problem> problems = std::move(unreadable_);
    const auto& found = made_.snapshot.problems.items();
    problems.insert(problems.end(), found.begin(), found.end());
    made_.snapshot.problems = std::move(problems);
    return std::move(made_);
  }

 private:
  void directory(const std::string& path) {
    auto watcher = Watcher::open(path);
    if (!watcher) {
      reject(path, watcher.error());
      return;
    }
    for (const std::string& each : watcher->collect().changed) file(each);
  }

  void file(const std::string& path) {
    auto text = read_text(path);
    if (!text) {
      reject(path, text.error());
      return;
    }
    take(path, *text);
  }

  void take(const std::string& path, const std::string& text) {
    catalog_.put(path, api::decode(text, path));
    if (foreign_group_.empty()) return;
    for (auto& found : api::find_documents(text, path, foreign_group_)) made_.foreign.push_back(std::move(found));
  }

  void reject(const std::string& path, const Error& error) {
    unreadable_.push_back({{path, 0, 0}, "", "", error.message});
  }

  std::string_view foreign_group_;
  Catalog catalog_;
  std::vector<api::Problem> unreadable_;
  Manifests made_;
};

}  // namespace

Manifests read_manifests(const std::vector<std::string>& paths, std::string_view foreign_group) {
  Reader reader(foreign_group);
  for (const std::string& path : paths) reader.path(path);
  return reader.finish();
}

Result<std::string> read_text(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > kMaxFileSize) {
    return fail(fmt::format("has {} bytes (at most {} are read)", size, kMaxFileSize));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf() || size == 0)) return fail("cannot be read");
  return text.str();
}

}  // namespace gw::provider
