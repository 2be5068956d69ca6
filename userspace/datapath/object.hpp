// SPDX-License-Identifier: Apache-2.0
// Private to datapath/: how a BPF object is loaded over the pinned maps.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/datapath/loader.hpp"
#include "userspace/datapath/pins.hpp"

#include <cstddef>
#include <string>
#include <vector>

struct bpf_object;

namespace gw::datapath {

/// Gives a constant (`const volatile` in the object's source) another value than the source's. Before load_object().
Result<> set_constant(bpf_object* object, const char* name, const void* value, std::size_t size);

/// Takes over or creates every map of `object`, then loads its programs. The error says what the verifier disliked.
Result<> load_object(bpf_object* object, const PinDirectory& pins, const LoadOptions& options,
                     std::vector<std::string>& notes);

}  // namespace gw::datapath
