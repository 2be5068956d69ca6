// SPDX-License-Identifier: Apache-2.0
// Text tables in the manner of kubectl: upper-case headings, columns two spaces apart.
#pragma once

#include <string>
#include <vector>

namespace gw::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> headings) : headings_(std::move(headings)) {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<std::string> headings_;
  std::vector<std::vector<std::string>> rows_;
};

/// "5s", "3m", "2h", "4d": the largest whole unit.
std::string age_text(std::int64_t seconds);

/// "a, b + 2 more".
std::string shorten(const std::vector<std::string>& words, std::size_t shown);

}  // namespace gw::cli
