// SPDX-License-Identifier: Apache-2.0
// Private to translate/: one backendRef -> endpoints, or why not.
#pragma once

#include "userspace/translate/graph.hpp"

#include <cstdint>

namespace gw::translate {

struct ResolvedBackend {
  ir::WeightedBackends backends;  ///< without endpoints if the reference is invalid: its share is rejected
  Verdict verdict{true, reason::kResolvedRefs, ""};
  const api::Service* service = nullptr;   ///< what it resolves to; null if it does not
  const api::ServicePort* port = nullptr;  ///< of that Service
};

/// `default_port`: for v1alpha1, where the port may be left out.
ResolvedBackend resolve_backend(const Graph& graph, const api::L4Route& route, const api::BackendRef& ref,
                                std::uint16_t default_port);

/// Whether some ReferenceGrant in `to_ns` lets routes of this kind and namespace refer to that Service.
/// (ReferenceGrant: additive, and gone with the object.)
bool is_granted(const Graph& graph, const api::L4Route& route, const std::string& to_ns, const std::string& service);

}  // namespace gw::translate
