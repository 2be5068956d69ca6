// SPDX-License-Identifier: Apache-2.0
// The programs stay as small as bpf/README.md says: a tenth more is a failure, and so are 4,000 instructions.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/datapath/loader.hpp"

namespace gw::testing {
namespace {

/// The kernel of the table's steps.
constexpr std::string_view kStatedKernel = "6.18.";

struct Size {
  std::uint32_t instructions = 0;  ///< as we hand them to the kernel, which adds its own when it inlines helpers
  std::uint32_t steps = 0;         ///< instructions that the verifier walked through; 0: the kernel does not tell
};

/// The rows "| `program` | instructions | steps |" of the table.
std::map<std::string, Size> stated_sizes() {
  std::map<std::string, Size> sizes;
  std::ifstream file(GW_BPF_README);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `gw_")) continue;
    std::istringstream row(line);
    std::string bar;
    std::string name;
    Size size;
    if (row >> bar >> name >> bar >> size.instructions >> bar >> size.steps) {
      sizes[name.substr(1, name.size() - 2)] = size;
    }
  }
  return sizes;
}

/// Verifiers differ: the steps are those of one kernel.
bool kernel_is_the_stated_one() {
  utsname name{};
  return uname(&name) == 0 && std::string_view(name.release).starts_with(kStatedKernel);
}

Size size_of(const bpf_program* program) {
  bpf_prog_info info{};
  __u32 length = sizeof(info);
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) != 0) return {};
  return {static_cast<std::uint32_t>(bpf_program__insn_cnt(program)), info.verified_insns};
}

TEST(Programs, AreNotLargerThanTheReadmeSays) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to load programs";
  libbpf_set_print(nullptr);
  const auto stated = stated_sizes();
  std::string table;
  for (const char* path : {GW_TC_OBJECT, GW_EGRESS_OBJECT, GW_XDP_OBJECT, GW_SOCK_OBJECT}) {
    const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(bpf_object__open_file(path, nullptr),
                                                                           bpf_object__close);
    ASSERT_NE(object, nullptr);
    ASSERT_EQ(bpf_object__load(object.get()), 0) << path;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get()) {
      const std::string name = bpf_program__name(program);
      const Size is = size_of(program);
      table += fmt::format("| `{}` | {} | {} |\n", name, is.instructions, is.steps);
      EXPECT_LT(is.instructions, 4000U) << name << " wants another stage";
      const auto row = stated.find(name);
      const Size limit = row == stated.end() ? Size{} : row->second;
      EXPECT_LE(is.instructions, limit.instructions * 11 / 10) << name;
      if (kernel_is_the_stated_one()) {
        EXPECT_LE(is.steps, limit.steps * 11 / 10) << name;
      }
    }
  }
  if (kernel_is_the_stated_one()) std::printf("the table as it is now:\n%s", table.c_str());
}

/// All that the kernel has; without each of it alone; without any. (tcx is a matter of attaching.)
std::vector<datapath::Features> option_sets(const datapath::Features& kernels) {
  std::vector<datapath::Features> sets = {kernels};
  datapath::Features none = kernels;
  for (const auto& feature : kernels.all()) {
    if (!feature.in_kernel || feature.id == GW_FEATURE_TCX) continue;
    sets.push_back(kernels);
    sets.back().turn_off(feature.word);
    none.turn_off(feature.word);
  }
  if (sets.size() > 2) sets.push_back(none);
  return sets;
}

TEST(Programs, LoadWithWhatTheKernelHasAndWithoutAnyOfIt) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to load programs";
  const auto kernels = datapath::Features::probe();
  ASSERT_TRUE(kernels) << kernels.error().message;
  for (const auto& features : option_sets(*kernels)) {
    SCOPED_TRACE(fmt::format("features off: {:#b}", features.off()));
    auto pins = datapath::PinDirectory::open(fmt::format("/sys/fs/bpf/programs-test-{}", getpid()));
    ASSERT_TRUE(pins) << pins.error().message;
    const auto programs = datapath::load(*pins, {.max_flow_entries = 1024, .features = features});
    (void)pins->remove_all();
    ASSERT_TRUE(programs) << programs.error().message;
    EXPECT_TRUE(programs->xdp.is_open()) << fmt::format("{}", fmt::join(programs->notes, "\n"));
  }
}

}  // namespace
}  // namespace gw::testing
