// SPDX-License-Identifier: Apache-2.0
// Private to translate/: what both generations' binding needs.
#pragma once

#include "userspace/translate/graph.hpp"

#include <string>

namespace gw::translate {

/// Tells a bound route that another one has the listener's traffic. The API has no condition for it (GEP-2644).
void note_superseded(RouteNode& loser, const RouteNode& winner, const GatewayNode& gateway,
                     const ListenerNode& listener);

}  // namespace gw::translate
