// SPDX-License-Identifier: Apache-2.0
#include "userspace/convert/convert.hpp"

#include "userspace/convert/ingress.hpp"
#include "userspace/convert/legacy.hpp"

namespace gw::convert {

std::vector<Document> convert(const Input& input) {
  std::vector<Document> documents = convert_legacy(input);
  std::vector<Document> of_ingresses = convert_ingresses(input);
  documents.insert(documents.end(), std::make_move_iterator(of_ingresses.begin()),
                   std::make_move_iterator(of_ingresses.end()));
  return documents;
}

}  // namespace gw::convert
