// SPDX-License-Identifier: Apache-2.0
// Files and directories of manifests, read once: what commands look at that do not watch.
#pragma once

#include "userspace/base/error.hpp"
#include "userspace/provider/file/file_provider.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gw::provider {

struct Manifests {
  Snapshot snapshot;                    ///< what cannot be read is among its problems
  std::vector<api::RawObject> foreign;  ///< objects of the group asked for, which nobody decodes
};

/// `paths`: files, directories (as FileProvider reads them), "-" for the standard input. Of an object that several
/// files define the first path has it. `foreign_group` empty: none.
Manifests read_manifests(const std::vector<std::string>& paths, std::string_view foreign_group = {});

/// A file's text. What is too large to be a manifest is an error.
Result<std::string> read_text(const std::string& path);

}  // namespace gw::provider
