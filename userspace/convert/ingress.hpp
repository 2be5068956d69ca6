// SPDX-License-Identifier: Apache-2.0
// Private to convert/: Ingress of networking.k8s.io/v1: one Gateway for each class, one HTTPRoute for each host.
#pragma once

#include "userspace/convert/convert.hpp"

namespace gw::convert {

std::vector<Document> convert_ingresses(const Input& input);

}  // namespace gw::convert
