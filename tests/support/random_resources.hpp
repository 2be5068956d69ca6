// SPDX-License-Identifier: Apache-2.0
// Sets of manifests that change a little at a time, at random, for tests that say: what is done step by step is what is
// done at once.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace gw::testing {

/// Few names, so that objects refer to one another, get into each other's way, come, go and come back.
class RandomResources {
 public:
  explicit RandomResources(std::uint32_t seed) : random_(seed) {}

  /// The set after one to three more changes. Objects that they leave alone are the same objects.
  const api::ResourceSet& next();

 private:
  std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  std::string name(const char* prefix, std::uint32_t count) { return prefix + std::to_string(draw(count)); }
  api::ObjectMeta meta(const char* prefix, std::uint32_t count);
  template <typename Kind>
  void change(api::Objects<Kind>& objects, Kind fresh);
  void change_something();
  api::Gateway gateway();
  api::ListenerSet listener_set();
  api::Listener listener(std::uint32_t number);
  api::L4Route route();
  api::HttpRoute http_route();
  api::GrpcRoute grpc_route();
  api::TlsRoute tls_route();
  std::vector<api::ParentReference> parents();
  std::vector<std::string> hostnames();
  api::HttpBackendRef http_backend();
  api::BackendTlsPolicy backend_tls_policy();
  api::Service service();
  api::EndpointSlice slice();
  api::UpstreamPolicy upstream_policy();
  api::ClientPolicy client_policy();
  api::ReferenceGrant grant();

  std::mt19937 random_;
  api::ResourceSet set_;
};

}  // namespace gw::testing
