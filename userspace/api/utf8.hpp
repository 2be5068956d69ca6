// SPDX-License-Identifier: Apache-2.0
// Private to api/: YAML and JSON are UTF-8 (RFC 8259, section 8.1). yaml-cpp takes any bytes, and everything that
// writes what was read as JSON would have to cope with them.
#pragma once

#include <cstddef>
#include <string_view>

namespace gw::api {

/// Where the first byte stands that no character of UTF-8 (RFC 3629, section 4) has; text.size() if all is well.
std::size_t find_bad_utf8(std::string_view text);

}  // namespace gw::api
