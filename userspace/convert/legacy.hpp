// SPDX-License-Identifier: Apache-2.0
// Private to convert/: networking.x-k8s.io/v1alpha1 of 2021, where Gateways select routes.
#pragma once

#include "userspace/convert/convert.hpp"

namespace gw::convert {

std::vector<Document> convert_legacy(const Input& input);

}  // namespace gw::convert
