// SPDX-License-Identifier: Apache-2.0
// The manifests before and after a change: of the daemon or of a directory, and of the files that are asked about.
#pragma once

#include "userspace/api/problem.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/base/error.hpp"
#include "userspace/cli/commands.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace gw::cli {

/// Whole manifests, without status, by analyze::identity().
using Documents = std::map<api::ObjectRef, nlohmann::json>;

struct Resources {
  api::ResourceSet objects;
  Documents documents;
};

struct States {
  api::ResourceSet before;
  api::ResourceSet after;
  Documents documents_before;
  Documents documents_after;
  std::vector<api::Problem> problems;  ///< of the change's files; such objects have no part in it
};

/// An error if the state before cannot be had. Says on the error stream what it is compared with, if that is not the
/// daemon.
Result<States> read_states(Env& env, const ChangeRequest& request);

/// What the daemon has. Secrets come without their bytes, unless its files can be read.
Result<Resources> fetch_resources(Env& env);
/// The same of objects that have been fetched.
Resources to_resources(Env& env, const std::vector<nlohmann::json>& objects);

}  // namespace gw::cli
