// SPDX-License-Identifier: Apache-2.0
#include "userspace/net/namespace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "userspace/base/fd.hpp"

namespace gw::net {
namespace {

bool is_same_file(int fd, const char* path) {
  struct stat a{};
  struct stat b{};
  return ::fstat(fd, &a) == 0 && ::stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

Result<> enter_namespace_of(pid_t process) {
  const std::string path = fmt::format("/proc/{}/ns/net", process);
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return fail_errno(errno, fmt::format("open {}", path));
  if (is_same_file(fd.get(), "/proc/thread-self/ns/net")) return {};
  if (::setns(fd.get(), CLONE_NEWNET) != 0) {
    return fail_errno(errno, fmt::format("enter the network namespace of process {}", process));
  }
  return {};
}

}  // namespace gw::net
