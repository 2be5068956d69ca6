// SPDX-License-Identifier: Apache-2.0
// ResourceSet -> IR and status. Pure and total: whatever the manifests say, there is an answer; what is wrong with
// them becomes a condition on the object, and the rest goes on.
#pragma once

#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"
#include "userspace/base/shared_list.hpp"
#include "userspace/ir/config.hpp"

#include <memory>
#include <string>

namespace gw::translate {

struct Options {
  std::string controller_name = api::kControllerName;
  /// With files, a Gateway whose class has no GatewayClass object is ours too.
  bool adopt_unknown_classes = true;
};

/// Something a user should know that no object's status has a place for.
struct Finding {
  api::ObjectRef object;
  api::SourceLocation location;
  std::string message;

  /// "file:line:column: Kind namespace/name: message"
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Finding&) const = default;
};

/// Copies share their parts.
struct Output {
  ir::Config config;
  /// Without Programmed and addresses: those come from the kernel, by status::complete(). Never null.
  std::shared_ptr<const api::StatusReport> report = std::make_shared<const api::StatusReport>();
  SharedList<Finding> findings;
};

Output translate(const api::ResourceSet& resources, const Options& options);

/// translate() for one set after another. What has not changed is not done again, and is the same object in the result;
/// the result is that of translate() at any time.
class Translator {
 public:
  explicit Translator(Options options);
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;
  ~Translator();

  const Output& translate(const api::ResourceSet& resources);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace gw::translate
