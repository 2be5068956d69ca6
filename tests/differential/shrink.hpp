// SPDX-License-Identifier: Apache-2.0
// Makes a failing case small: fewer steps, then plainer ones.
#pragma once

#include "tests/differential/case.hpp"

#include <functional>

namespace gw::differential {

/// True if the case still fails. Each call begins with an empty gateway.
using StillFails = std::function<bool(const Case&)>;

Case shrink(Case failing, const StillFails& still_fails);

}  // namespace gw::differential
