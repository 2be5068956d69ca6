// SPDX-License-Identifier: Apache-2.0
// Private to ir/: the part of the dump that the proxy reads.
#pragma once

#include "userspace/ir/config.hpp"

#include <string>

namespace gw::ir {

std::string dump_listeners(const Config& config);
std::string dump_http_rules(const Config& config);
std::string dump_tls_settings(const Config& config);

/// Of a backendRef or filter: "namespace/service:port weight 1", with its endpoints below.
std::string dump_ref(const Config& config, const WeightedBackends& ref, const std::string& indent,
                     const std::string& notes);
std::string dump_addresses(const std::vector<IpAddress>& addresses);
std::string dump_admission(const Admission& admission);

}  // namespace gw::ir
