// SPDX-License-Identifier: Apache-2.0
// What every Kubernetes object has.
#pragma once

#include "userspace/base/object_name.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gw::api {

inline constexpr const char* kGatewayGroup = "gateway.networking.k8s.io";
/// The group of 2021, whose v1alpha1 binds the other way round (the Gateway selects routes).
inline constexpr const char* kLegacyGroup = "networking.x-k8s.io";
inline constexpr const char* kControllerName = "portcullis.dev/gateway-controller";
inline constexpr const char* kDefaultNamespace = "default";

/// Where something stands in a file. Lines and columns count from 1; 0 means unknown.
struct SourceLocation {
  std::string file;
  int line = 0;
  int column = 0;

  /// "file:line:column"
  [[nodiscard]] std::string to_string() const;
  bool operator==(const SourceLocation&) const = default;
};

using Labels = std::map<std::string, std::string>;

struct ObjectMeta {
  std::string name;
  std::string ns;  ///< empty for cluster-scoped kinds
  Labels labels;
  std::int64_t generation = 0;
  /// Seconds since the epoch. Objects in files usually have none, which counts as older than any.
  std::optional<std::int64_t> creation_timestamp;
  SourceLocation location;  ///< where the object begins

  [[nodiscard]] NamespacedName namespaced_name() const { return {ns, name}; }
  bool operator==(const ObjectMeta&) const = default;
};

/// Names one object of one generation of the API.
struct ObjectRef {
  std::string group;    ///< "" is the core group
  std::string version;  ///< as the object was written: "v1", "v1alpha2", "v1alpha1"
  std::string kind;
  std::string ns;
  std::string name;

  /// "Kind namespace/name", or "Kind name" for a cluster-scoped one.
  [[nodiscard]] std::string to_string() const { return ns.empty() ? kind + " " + name : kind + " " + ns + "/" + name; }
  auto operator<=>(const ObjectRef&) const = default;
};

/// metav1.LabelSelector.
struct LabelSelectorRequirement {
  enum class Operator : std::uint8_t { In, NotIn, Exists, DoesNotExist };
  std::string key;
  Operator op = Operator::In;
  std::vector<std::string> values;
  bool operator==(const LabelSelectorRequirement&) const = default;
};

struct LabelSelector {
  Labels match_labels;
  std::vector<LabelSelectorRequirement> match_expressions;

  /// An empty selector matches everything.
  [[nodiscard]] bool matches(const Labels& labels) const;
  bool operator==(const LabelSelector&) const = default;
};

}  // namespace gw::api
