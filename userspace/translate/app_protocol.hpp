// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what `appProtocol` of a Service's port says of the bytes (GEP-1911).
#pragma once

#include "userspace/api/core.hpp"
#include "userspace/ir/http.hpp"
#include "userspace/translate/conditions.hpp"

#include <string>

namespace gw::translate {

struct AppProtocol {
  ir::BackendProtocol protocol = ir::BackendProtocol::Http;
  Verdict verdict{true, reason::kResolvedRefs, ""};
};

/// For an HTTPRoute or a GRPCRoute.
AppProtocol app_protocol_of(const api::Service& service, const api::ServicePort& port, const std::string& route_kind);

}  // namespace gw::translate
