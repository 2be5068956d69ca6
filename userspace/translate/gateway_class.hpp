// SPDX-License-Identifier: Apache-2.0
// Private to translate/: how a GatewayClass of ours is judged.
#pragma once

#include "userspace/api/gateway.hpp"
#include "userspace/translate/conditions.hpp"

namespace gw::translate {

Verdict judge_gateway_class(const api::GatewayClass& gateway_class);

}  // namespace gw::translate
