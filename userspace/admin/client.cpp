// SPDX-License-Identifier: Apache-2.0
#include "userspace/admin/client.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

namespace gw::admin {

Result<std::string> Client::get(const std::string& path) const {
  constexpr int kTimeoutSeconds = 2;
  httplib::Client http(socket_path_);
  http.set_address_family(AF_UNIX);
  http.set_connection_timeout(kTimeoutSeconds);
  http.set_read_timeout(kTimeoutSeconds);
  const auto response = http.Get(path);
  if (!response) {
    return fail(fmt::format("nobody answers on {} (is portcullis running, with the same --admin?)", socket_path_));
  }
  if (response->status != 200) return fail(fmt::format("{}: {}", path, response->body));
  return response->body;
}

}  // namespace gw::admin
