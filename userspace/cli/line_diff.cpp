// SPDX-License-Identifier: Apache-2.0
#include "userspace/cli/line_diff.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <sstream>
#include <vector>

namespace gw::cli {
namespace {

constexpr std::size_t kContext = 3;
/// Cells of the table below; what is larger is shown as taken out and put in anew.
constexpr std::size_t kMaxCells = 25'000'000;

struct Line {
  char sign = ' ';
  std::string text;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(std::move(line));
  return lines;
}

using Lines = std::span<const std::string>;

/// Length of the longest common subsequence from each pair of positions on.
class Table {
 public:
  Table(Lines a, Lines b) : columns_(b.size() + 1), cells_((a.size() + 1) * columns_) {
    for (std::size_t i = a.size(); i-- > 0;) {
      for (std::size_t j = b.size(); j-- > 0;) {
        at(i, j) = a[i] == b[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  std::uint32_t& at(std::size_t i, std::size_t j) { return cells_[i * columns_ + j]; }

 private:
  std::size_t columns_;
  std::vector<std::uint32_t> cells_;
};

void compare(Lines a, Lines b, std::vector<Line>& lines) {
  std::size_t i = 0;
  std::size_t j = 0;
  if (a.size() * b.size() <= kMaxCells) {
    Table table(a, b);
    while (i < a.size() && j < b.size()) {
      if (a[i] == b[j]) {
        lines.push_back({' ', a[i++]});
        ++j;
      } else if (table.at(i + 1, j) >= table.at(i, j + 1)) {
        lines.push_back({'-', a[i++]});
      } else {
        lines.push_back({'+', b[j++]});
      }
    }
  }
  for (; i < a.size(); ++i) lines.push_back({'-', a[i]});
  for (; j < b.size(); ++j) lines.push_back({'+', b[j]});
}

/// What is the same at both ends needs no table.
std::vector<Line> compare_all(Lines a, Lines b) {
  std::vector<Line> lines;
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t head = 0;
  while (head < shorter && a[head] == b[head]) lines.push_back({' ', a[head++]});
  std::size_t tail = 0;
  while (tail < shorter - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  compare(a.subspan(head, a.size() - head - tail), b.subspan(head, b.size() - head - tail), lines);
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) lines.push_back({' ', a[i]});
  return lines;
}

}  // namespace

std::string line_diff(const std::string& before, const std::string& after) {
  if (before == after) return {};
  const auto a = split(before);
  const auto b = split(after);
  const auto lines = compare_all(a, b);
  std::vector<bool> shown(lines.size(), false);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].sign == ' ') continue;
    const std::size_t end = std::min(lines.size(), i + kContext + 1);
    for (std::size_t near = i - std::min(i, kContext); near < end; ++near) shown[near] = true;
  }
  std::string text;
  bool skipped = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (shown[i]) {
      if (skipped) text += "@@\n";
      text += lines[i].sign + lines[i].text + "\n";
    }
    skipped = !shown[i];
  }
  return text;
}

}  // namespace gw::cli
