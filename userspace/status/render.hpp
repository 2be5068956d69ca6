// SPDX-License-Identifier: Apache-2.0
// The `status` stanza of an object in the shape of its own API version, as JSON.
#pragma once

#include "userspace/api/status_report.hpp"

#include <nlohmann/json_fwd.hpp>

namespace gw::status {

/// v1: {conditions, addresses, listeners}; networking.x-k8s.io/v1alpha1: listeners keyed by port.
nlohmann::json render(const api::GatewayStatus& status);
nlohmann::json render(const api::GatewayClassStatus& status);
/// {conditions, listeners}
nlohmann::json render(const api::ListenerSetStatus& status);
/// v1: {parents}; networking.x-k8s.io/v1alpha1: {gateways}.
nlohmann::json render(const api::RouteStatus& status);
/// {ancestors}
nlohmann::json render(const api::PolicyStatus& status);

/// {apiVersion, kind, metadata: {namespace, name}, status}
nlohmann::json render_object(const api::ObjectRef& ref, nlohmann::json status);

/// {"objects": [render_object()]}, sorted; stable for equal reports.
nlohmann::json render(const api::StatusReport& report);

}  // namespace gw::status
