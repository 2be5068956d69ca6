// SPDX-License-Identifier: Apache-2.0
// Objects of every kind that a ResourceSet holds, at random: few names, so that they refer to one another, get into
// each other's way and leave gaps. Each is as a decoder may deliver it, so the API's own rules on one object hold.
#pragma once

#include "userspace/api/resource_set.hpp"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace gw::testing {

class RandomObjects {
 public:
  explicit RandomObjects(std::uint32_t seed) : random_(seed) {}

  std::uint32_t draw(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }
  /// True once in so many times.
  bool once_in(std::uint32_t times) { return draw(times) == 0; }

  // Each fills in an object that was made by default: its name, and everything else.
  void fill(api::GatewayClass& gateway_class);
  void fill(api::Gateway& gateway);
  void fill(api::ListenerSet& listener_set);
  void fill(api::HttpRoute& route);
  void fill(api::GrpcRoute& route);
  void fill(api::TlsRoute& route);
  void fill(api::L4Route& route);
  void fill(api::ReferenceGrant& grant);
  void fill(api::BackendTlsPolicy& policy);
  void fill(api::BackendPolicy& policy);
  void fill(api::UpstreamPolicy& policy);
  void fill(api::ClientPolicy& policy);
  void fill(api::GatewayClassConfig& config);
  void fill(api::Service& service);
  void fill(api::EndpointSlice& slice);
  void fill(api::Secret& secret);
  void fill(api::ConfigMap& config_map);
  void fill(api::Namespace& ns);

 private:
  template <typename T>
  T any_of(std::initializer_list<T> values) {
    return values.begin()[draw(static_cast<std::uint32_t>(values.size()))];
  }
  std::string text_of(std::initializer_list<const char*> values) { return any_of(values); }
  std::string name(const char* prefix, std::uint32_t count) { return prefix + std::to_string(draw(count)); }
  std::string gateway_name() { return name("gateway-", 3); }
  std::string service_name() { return name("service-", 3); }
  std::string section_name() { return name("l", 4); }
  std::string namespace_name() {
    return text_of({"default", "default", "default", "default", "other", "other", "third"});
  }
  std::optional<std::string> other_namespace(std::uint32_t once_in_so_many);
  std::uint16_t port() { return static_cast<std::uint16_t>(80 + draw(8)); }
  std::string hostname();
  api::Labels labels();
  api::LabelSelector selector();
  api::RouteNamespaces namespaces();
  api::ObjectMeta meta(const char* prefix, std::uint32_t count);
  api::ObjectReference reference(const char* kind, const char* prefix);
  api::PolicyTarget target(std::initializer_list<const char*> kinds);

  api::Listener listener(std::uint32_t number, const char* group);
  std::vector<api::Listener> listeners(const char* group);
  std::vector<api::RouteGroupKind> kinds();
  std::vector<api::RouteGroupKind> legacy_kinds(const std::string& protocol);
  void fill_head(api::Route& route, const char* prefix);
  std::vector<api::ParentReference> parents();
  api::BackendRef backend();
  api::HttpBackendRef http_backend();
  api::RouteFilter header_filter();
  api::RouteFilter http_filter();
  std::vector<api::HttpRouteMatch> http_matches();
  std::vector<api::LegacyMatch> legacy_matches();

  std::mt19937 random_;
};

}  // namespace gw::testing
