// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/forwarding.hpp"

#include <fmt/format.h>

#include <cerrno>

#include "userspace/net/sysctl.hpp"

namespace gw::net {
namespace {

/// Sets one of a link's settings to `value` if it is `only_if` (or anything, if that is empty) and not `value` already.
Result<> change(const std::string& link, const char* family, const char* setting, const std::string& only_if,
                const std::string& value, std::vector<SysctlChange>& changes) {
  const std::string path = fmt::format("/proc/sys/net/{}/conf/{}/{}", family, link, setting);
  const auto before = read_sysctl(path);
  if (!before && before.error().code == ENOENT) return {};
  if (!before) return fail(before.error());
  if (*before == value || (!only_if.empty() && *before != only_if)) return {};
  if (auto written = write_sysctl(path, value); !written) return written;
  changes.push_back({fmt::format("net.{}.conf.{}.{}", family, link, setting), *before, value});
  return {};
}

}  // namespace

Result<std::vector<SysctlChange>> enable_forwarding(const std::string& link) {
  std::vector<SysctlChange> changes;
  if (auto done = change(link, "ipv4", "forwarding", "", "1", changes); !done) return fail(done.error());
  if (auto done = change(link, "ipv6", "accept_ra", "1", "2", changes); !done) return fail(done.error());
  if (auto done = change(link, "ipv6", "forwarding", "", "1", changes); !done) return fail(done.error());
  return changes;
}

}  // namespace gw::net
