// SPDX-License-Identifier: Apache-2.0
// libFuzzer: whatever the text, decode() answers; what it accepts translates and compiles, and what became of it can be
// told.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "userspace/api/decode.hpp"
#include "userspace/compile/compile.hpp"
#include "userspace/plan/diff.hpp"
#include "userspace/status/complete.hpp"
#include "userspace/status/render.hpp"
#include "userspace/translate/translate.hpp"

namespace {

/// A node with a link, an address of each family, and routes to everywhere.
gw::net::Topology node() {
  gw::net::Topology topology;
  topology.node_name = "node";
  gw::net::Link& link = topology.links.emplace_back();
  link.ifindex = 1;
  link.name = "eth0";
  link.up = link.ethernet = true;
  for (const char* text : {"10.0.0.1", "2001:db8::1"}) {
    const auto address = gw::IpAddress::parse(text).value();
    topology.addresses.push_back({.ifindex = 1, .address = address, .prefix_length = 24, .global_scope = true});
    gw::net::Route& route = topology.routes.emplace_back();
    route.destination = {address.network(0), 0};
    route.ifindex = 1;
  }
  return topology;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gw::net::Topology topology = node();
  gw::api::Decoded decoded = gw::api::decode({reinterpret_cast<const char*>(data), size}, "fuzz");
  for (const auto& problem : decoded.problems) (void)problem.to_string();
  decoded.objects.sort();
  const auto translated = gw::translate::translate(decoded.objects, {});
  const auto compiled = gw::compile::compile(translated.config, topology, {}, {});
  (void)gw::plan::diff(compiled.plan, {});
  (void)gw::plan::dump(compiled.plan);
  (void)gw::status::render(gw::status::complete(*translated.report, compiled.plan, {})).dump();
  return 0;
}
