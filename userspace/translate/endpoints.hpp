// SPDX-License-Identifier: Apache-2.0
// Private to translate/: EndpointSlices -> the endpoints of the ports that the configuration refers to. Nothing else in
// translate/ reads EndpointSlices: they change more often than everything else.
#pragma once

#include "userspace/api/core.hpp"
#include "userspace/api/objects.hpp"
#include "userspace/ir/config.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace gw::translate {

/// The slices of each Service.
class SliceIndex {
 public:
  /// Takes over `slices`; returns the Services whose slices are others than before.
  std::set<NamespacedName> update(const api::Objects<api::EndpointSlice>& slices);
  [[nodiscard]] ir::EndpointList endpoints_of(const ir::ServicePort& port) const;

 private:
  using Slice = std::shared_ptr<const api::EndpointSlice>;
  void add(const Slice& slice, std::set<NamespacedName>& changed);
  void remove(const Slice& slice, std::set<NamespacedName>& changed);

  api::Objects<api::EndpointSlice> slices_;
  std::map<NamespacedName, std::vector<Slice>> by_service_;
};

/// Renews those of the Services that have changed.
void refresh_endpoints(const SliceIndex& index, const std::set<NamespacedName>& changed, ir::EndpointMap& endpoints);

}  // namespace gw::translate
