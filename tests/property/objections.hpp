// SPDX-License-Identifier: Apache-2.0
// What is wrong with an answer, in words. A value, so that a set of objects can be made smaller while it stays wrong.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

namespace gw::property {

class Objections {
 public:
  template <typename... Args>
  void unless(bool holds, fmt::format_string<Args...> text, Args&&... args) {
    if (!holds) texts_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  void append(const Objections& more) { texts_.insert(texts_.end(), more.texts_.begin(), more.texts_.end()); }
  [[nodiscard]] bool empty() const { return texts_.empty(); }
  /// One a line.
  [[nodiscard]] std::string to_string() const { return fmt::format("{}", fmt::join(texts_, "\n")); }

 private:
  std::vector<std::string> texts_;
};

}  // namespace gw::property
