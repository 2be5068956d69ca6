// SPDX-License-Identifier: Apache-2.0
// What the admin socket serves: documents of the agent's last cycle. docs/cli.md describes their shapes.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace gw::admin {

/// A text that is made when somebody first asks for it. Any thread may ask.
class Document {
 public:
  using Make = std::function<std::string()>;
  /// `make` is called once at most, from any thread, and must refer to nothing that changes.
  explicit Document(Make make) : make_(std::move(make)) {}

  [[nodiscard]] const std::string& text() const {
    std::call_once(made_, [this] { text_ = make_(); });
    return text_;
  }

 private:
  Make make_;
  mutable std::once_flag made_;
  mutable std::string text_;
};

struct Snapshot {
  bool ready = false;     ///< the first plan is in the kernel
  std::string not_ready;  ///< why not; empty if ready
  Document status;        ///< GET /v1/status, JSON
  Document objects;       ///< GET /v1/objects, JSON
  Document events;        ///< GET /v1/events, JSON
  Document plan;          ///< GET /v1/plan, text
  Document config;        ///< GET /v1/config, YAML
};

}  // namespace gw::admin
