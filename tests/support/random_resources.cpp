// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_resources.hpp"

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

namespace gw::testing {
namespace {

/// How often objects of a kind change, compared with others.
template <typename Kind>
constexpr std::uint32_t kShare = 1;
template <>
constexpr std::uint32_t kShare<api::EndpointSlice> = 8;
template <>
constexpr std::uint32_t kShare<api::L4Route> = 8;
template <>
constexpr std::uint32_t kShare<api::HttpRoute> = 3;
template <>
constexpr std::uint32_t kShare<api::Gateway> = 8;
template <>
constexpr std::uint32_t kShare<api::Service> = 10;
template <>
constexpr std::uint32_t kShare<api::ListenerSet> = 2;
template <>
constexpr std::uint32_t kShare<api::ReferenceGrant> = 4;

template <typename Member>
constexpr std::uint32_t kShareOf = 0;
template <typename Kind>
constexpr std::uint32_t kShareOf<api::Objects<Kind> api::ResourceSet::*> = kShare<Kind>;

}  // namespace

/// Replaces some object, adds one, or removes one.
template <typename Kind>
void RandomResources::change(api::Objects<Kind>& objects) {
  Kind fresh;
  random_.fill(fresh);
  std::vector<typename api::Objects<Kind>::Pointer> kept;
  const api::ObjectRef ref = fresh.ref();
  const auto is_same = [&ref](const api::ObjectRef& other) {
    return std::tie(ref.group, ref.kind, ref.ns, ref.name) == std::tie(other.group, other.kind, other.ns, other.name);
  };
  for (const auto& object : objects.pointers()) {
    if (!is_same(object->ref())) kept.push_back(object);
  }
  const bool was_there = kept.size() != objects.size();
  if (!was_there || !random_.once_in(3)) kept.push_back(std::make_shared<const Kind>(std::move(fresh)));
  objects = api::Objects<Kind>(std::move(kept));
}

void RandomResources::change_something() {
  std::uint32_t shares = 0;
  api::ResourceSet::for_each_member([&shares](auto member) { shares += kShareOf<decltype(member)>; });
  std::uint32_t chosen = random_.draw(shares);
  bool done = false;
  api::ResourceSet::for_each_member([&](auto member) {
    if (!done && chosen < kShareOf<decltype(member)>) {
      change(set_.*member);
      done = true;
    }
    chosen -= kShareOf<decltype(member)>;
  });
}

const api::ResourceSet& RandomResources::next() {
  for (std::uint32_t i = random_.draw(3) + 1; i > 0; --i) change_something();
  set_.sort();
  return set_;
}

}  // namespace gw::testing
