// SPDX-License-Identifier: Apache-2.0
// Private to translate/: references to certificates and certificate authorities. What is good is put into the
// configuration, under the key that is returned.
#pragma once

#include "userspace/translate/graph.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace gw::translate {

struct ResolvedTls {
  std::string key;  ///< of ir::Config::key_pairs or ca_bundles; empty if the reference is not good
  Verdict verdict{true, reason::kResolvedRefs, ""};
  const api::Secret* secret = nullptr;  ///< that it leads to, if it is good
};

/// A Secret with a certificate and its key. `invalid`: the reason for one that is not there, or not what it should be.
ResolvedTls resolve_key_pair(const Graph& graph, const Referrer& from, const api::ObjectReference& ref,
                             std::string_view invalid, ir::Config& config);

/// The kinds that may hold certificate authorities, and the reasons for what does not.
struct AuthorityRules {
  bool takes_secrets = false;
  std::string_view invalid_kind;
  std::string_view invalid_ref;
};

struct ResolvedAuthorities {
  std::vector<std::string> keys;  ///< of ir::Config::ca_bundles
  Verdict verdict{true, reason::kResolvedRefs, ""};
};

/// Those that are good, and what is wrong with the others.
ResolvedAuthorities resolve_authorities(const Graph& graph, const Referrer& from,
                                        const std::vector<api::ObjectReference>& refs, const AuthorityRules& rules,
                                        ir::Config& config);

/// Whether the reference is allowed. To be asked before existence: who may not refer to a namespace must not learn what
/// is in it.
Verdict permit(const Graph& graph, const Referrer& from, const Referent& to);

}  // namespace gw::translate
