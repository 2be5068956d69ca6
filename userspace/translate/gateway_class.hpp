// SPDX-License-Identifier: Apache-2.0
// Private to translate/: how a GatewayClass of ours is judged.
#pragma once

#include "userspace/translate/graph.hpp"

namespace gw::translate {

/// spec.parametersRef of a class.
struct ClassParameters {
  Verdict verdict{true, reason::kAccepted, ""};
  const api::GatewayClassConfig* config = nullptr;  ///< null: none is named, or what is named is none
};
ClassParameters resolve_parameters(const Graph& graph, const api::GatewayClass& gateway_class);

}  // namespace gw::translate
