// SPDX-License-Identifier: Apache-2.0
// Older APIs -> gateway.networking.k8s.io/v1: networking.x-k8s.io/v1alpha1 of 2021 and Ingress of networking.k8s.io/v1.
// What has no counterpart is said in a note, never dropped in silence. Pure.
#pragma once

#include "userspace/api/decode.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gw::convert {

/// One object of the result. Without an object: something that nothing was made of, and the notes say why.
struct Document {
  std::string origin;              ///< "old.yaml:12: networking.x-k8s.io/v1alpha1 HTTPRoute demo/kuard"
  nlohmann::ordered_json object;   ///< fields in the order in which people write them
  std::vector<std::string> notes;  ///< "spec.rules[0].matches[0].path: ..."; fields are those of the original
};

/// What is converted, and what it may refer to: all of it is looked at together.
struct Input {
  api::ResourceSet objects;               ///< of all kinds; sorted
  std::vector<api::RawObject> documents;  ///< of `objects`: annotations are only there
  std::vector<api::RawObject> foreign;    ///< Ingress and IngressClass
};

/// Gateways before the routes that name them.
std::vector<Document> convert(const Input& input);

}  // namespace gw::convert
