// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/config.hpp"

namespace gw::ir {

EndpointList Config::endpoints_of(const WeightedBackends& ref) const {
  const EndpointList* const found = ref.port ? endpoints.get(*ref.port) : nullptr;
  return found == nullptr ? EndpointList() : *found;
}

}  // namespace gw::ir
