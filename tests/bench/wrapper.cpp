// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/wrapper.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "test_run.skel.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

namespace gw::bench {
namespace {

using testing::Hook;

struct Deleter {
  void operator()(test_run* skeleton) const { test_run::destroy(skeleton); }
};

/// libbpf's complaints about what we try and may fail.
class Silence {
 public:
  Silence() : before_(libbpf_set_print(nullptr)) {}
  ~Silence() { libbpf_set_print(before_); }
  Silence(const Silence&) = delete;

 private:
  libbpf_print_fn_t before_;
};

}  // namespace

Result<Tuples> Tuples::create(std::uint32_t count) {
  LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
  Fd fd(bpf_map_create(BPF_MAP_TYPE_ARRAY, "tuples", sizeof(std::uint32_t), sizeof(tuple), count, &options));
  if (!fd.is_open()) return fail_errno(errno, "create the map of tuples");
  void* memory = mmap(nullptr, sizeof(tuple) * count, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map the tuples");
  return Tuples(std::move(fd), memory, count);
}

Tuples::Tuples(Tuples&& other) noexcept
    : fd_(std::move(other.fd_)), memory_(std::exchange(other.memory_, nullptr)), count_(other.count_) {}

Tuples::~Tuples() {
  if (memory_ != nullptr) munmap(memory_, sizeof(tuple) * count_);
}

std::span<tuple> Tuples::all() const { return {static_cast<tuple*>(memory_), count_}; }

struct Wrapper::Loaded {
  Hook hook;
  std::unique_ptr<test_run, Deleter> skeleton;

  [[nodiscard]] bpf_program* wrapper() const {
    return hook == Hook::Xdp ? skeleton->progs.wrap_xdp : skeleton->progs.wrap_tc;
  }
  [[nodiscard]] bpf_program* nothing() const {
    return hook == Hook::Xdp ? skeleton->progs.null_xdp : skeleton->progs.null_tc;
  }

  static Result<std::unique_ptr<Loaded>> open(Hook hook, const Tuples& tuples) {
    auto loaded = std::make_unique<Loaded>(Loaded{hook, std::unique_ptr<test_run, Deleter>(test_run::open())});
    if (!loaded->skeleton) return fail_errno(errno, "open the wrapper");
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, loaded->skeleton->obj) bpf_program__set_autoload(program, false);
    bpf_program__set_autoload(loaded->wrapper(), true);
    if (bpf_map__reuse_fd(loaded->skeleton->maps.tuples, tuples.fd()) != 0)
      return fail_errno(errno, "share the tuples");
    return loaded;
  }

  /// Loads with these flags and makes `program`, or the one that does nothing, the one that is called.
  Result<> load(std::optional<int> program, std::uint32_t flags, bool states_attach_type) {
    if (!program) bpf_program__set_autoload(nothing(), true);
    for (bpf_program* const each : {wrapper(), nothing()}) {
      bpf_program__set_flags(each, flags);
      if (!states_attach_type) bpf_program__set_expected_attach_type(each, static_cast<bpf_attach_type>(0));
    }
    const Silence silence;
    if (test_run::load(skeleton.get()) != 0) return fail_errno(errno, "load the wrapper");
    const std::uint32_t index = 0;
    const int called = program ? *program : bpf_program__fd(nothing());
    if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.program), &index, &called, BPF_ANY) != 0) {
      return fail_errno(errno, fmt::format("call the program from a wrapper for {}", to_string(hook)));
    }
    return {};
  }
};

Wrapper::Wrapper(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {}
Wrapper::Wrapper(Wrapper&& other) noexcept = default;
Wrapper::~Wrapper() = default;

/// The caller must be loaded as what it calls was, which the kernel does not tell: with multi-buffer frames or without,
/// and in newer kernels with the same attach type.
Result<Wrapper> Wrapper::load(Hook hook, std::optional<int> program, const Tuples& tuples) {
  Result<> done;
  for (const std::uint32_t flags : {hook == Hook::Xdp ? BPF_F_XDP_HAS_FRAGS : 0U, 0U}) {
    for (const bool states_attach_type : {true, false}) {
      auto loaded = Loaded::open(hook, tuples);
      if (!loaded) return fail(loaded.error());
      done = (*loaded)->load(program, flags, states_attach_type);
      if (done) return Wrapper(std::move(*loaded));
    }
  }
  return fail(done.error());
}

Result<Wrapper> Wrapper::around(Hook hook, int program, const Tuples& tuples) { return load(hook, program, tuples); }

Result<Wrapper> Wrapper::around_nothing(Hook hook, const Tuples& tuples) { return load(hook, std::nullopt, tuples); }

Result<Run> Wrapper::run(frames& frames, std::uint32_t repetitions, std::uint32_t ifindex) {
  auto& shared = loaded_->skeleton->bss->frames;
  shared = frames;
  __sk_buff skb{};
  skb.ifindex = ifindex;
  LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frames.bytes,
              .data_size_in = frames.is_v6 != 0 ? __u32{FRAME6_SIZE} : __u32{FRAME4_SIZE},
              .repeat = static_cast<int>(repetitions));
  if (loaded_->hook == Hook::Tc) {
    options.ctx_in = &skb;
    options.ctx_size_in = sizeof(skb);
  }
  if (bpf_prog_test_run_opts(bpf_program__fd(loaded_->wrapper()), &options) != 0) {
    return fail_errno(errno, "BPF_PROG_TEST_RUN");
  }
  frames.at = shared.at;
  return Run{static_cast<double>(options.duration), options.retval};
}

std::string verdict_text(Hook hook, std::uint32_t verdict) {
  if (hook == Hook::Xdp) {
    constexpr const char* kWords[] = {"aborted", "drop", "pass", "tx", "redirect"};
    return verdict < std::size(kWords) ? kWords[verdict] : fmt::format("{}", verdict);
  }
  switch (static_cast<int>(verdict)) {
    case TC_ACT_UNSPEC: return "unspec";
    case TC_ACT_OK: return "ok";
    case TC_ACT_SHOT: return "shot";
    case TC_ACT_REDIRECT: return "redirect";
    default: return fmt::format("{}", verdict);
  }
}

}  // namespace gw::bench
