// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/conditions.hpp"

namespace gw::translate {

void add_verdict(Verdict& verdict, const Verdict& more) {
  if (more.ok || (!verdict.ok && verdict.message.find(more.message) != std::string::npos)) return;
  if (verdict.ok) verdict = {false, more.reason, ""};
  verdict.message += (verdict.message.empty() ? "" : "; ") + more.message;
}

}  // namespace gw::translate
