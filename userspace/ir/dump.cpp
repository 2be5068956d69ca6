// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/dump.hpp"

#include <fmt/format.h>

#include "userspace/ir/http_dump.hpp"

namespace gw::ir {
namespace {

std::string ranges(const std::vector<IpPrefix>& prefixes) {
  std::string text;
  for (const auto& prefix : prefixes) text += " " + prefix.to_string();
  return text;
}

std::string request(const HttpCheck& http) {
  std::string text = fmt::format("http {} {}", http.method, http.path);
  if (!http.host.empty()) text += " of " + http.host;
  if (!http.expected_statuses.empty()) text += fmt::format(" for {}", fmt::join(http.expected_statuses, ","));
  return text;
}

/// Only what is asked for.
std::string health_check(const HealthCheck& health_check, const std::string& indent) {
  std::string text;
  if (const auto& active = health_check.active) {
    text += fmt::format("{}  check {}{} every {} ms timeout {} ms healthy {} unhealthy {}\n", indent,
                        active->http ? request(*active->http) : "tcp",
                        active->port ? fmt::format(" port {}", *active->port) : "", active->interval.count(),
                        active->timeout.count(), active->healthy_threshold, active->unhealthy_threshold);
  }
  if (const auto& passive = health_check.passive) {
    text += fmt::format("{}  eject after {} failures connect timeout {} ms for {} ms at most {} %\n", indent,
                        passive->consecutive_failures, passive->connect_timeout.count(),
                        passive->base_ejection_time.count(), passive->max_ejection_percent);
  }
  if (health_check.panic_threshold != kDefaultPanicThreshold) {
    text += fmt::format("{}  panic below {} %\n", indent, health_check.panic_threshold);
  }
  return text;
}

std::string upstream(const Upstream& upstream) {
  std::string text;
  if (upstream.source_address == SourceAddress::Preserve) text += " source preserved";
  if (upstream.source_address == SourceAddress::Masquerade) text += " source masqueraded";
  if (upstream.direct_return == DirectReturn::SameSegment) text += " direct return";
  if (upstream.direct_return == DirectReturn::Tunnel) text += " direct return through a tunnel";
  if (upstream.drain_timeout) text += fmt::format(" drains {} s", upstream.drain_timeout->count());
  return text;
}

}  // namespace

std::string dump_addresses(const std::vector<IpAddress>& addresses) {
  if (addresses.empty()) return "the node's addresses";
  std::string text;
  for (const auto& address : addresses) text += (text.empty() ? "" : ", ") + address.to_string();
  return text;
}

/// Only what is asked for.
std::string dump_admission(const Admission& admission) {
  std::string text;
  if (!admission.allow.empty()) text += fmt::format("  allow{}\n", ranges(admission.allow));
  if (!admission.deny.empty()) text += fmt::format("  deny{}\n", ranges(admission.deny));
  if (admission.rate != 0) text += fmt::format("  rate {}\n", admission.rate);
  if (admission.source_rate != 0) text += fmt::format("  source rate {}\n", admission.source_rate);
  if (admission.max_connections != 0) text += fmt::format("  max connections {}\n", admission.max_connections);
  return text;
}

std::string dump_ref(const Config& config, const WeightedBackends& ref, const std::string& indent,
                     const std::string& notes) {
  std::string text = fmt::format("{}ref {} weight {}{}{}\n", indent, ref.name, ref.weight, upstream(ref.upstream),
                                 ref.tls.empty() ? notes : notes + " tls " + ref.tls);
  text += health_check(ref.upstream.health_check, indent);
  for (const auto& endpoint : config.endpoints_of(ref)) {
    text += fmt::format("{}  endpoint {} port {}{}\n", indent, endpoint.address.to_string(), endpoint.port,
                        endpoint.node.empty() ? "" : " node " + endpoint.node);
  }
  return text;
}

std::string dump(const Config& config) {
  std::string text;
  if (!config.interfaces.empty()) text += fmt::format("interfaces {}\n", fmt::join(config.interfaces.items(), " "));
  for (const auto& listener : config.listeners) {
    text += fmt::format("listener {} ({}) {} {} on {} -> {}\n", listener.qualified_name(), listener.gateway_group,
                        listener.protocol == Protocol::Udp ? "udp" : "tcp", listener.port,
                        dump_addresses(listener.addresses), listener.service.empty() ? "nothing" : listener.service);
    text += dump_admission(listener.admission);
  }
  text += dump_listeners(config);
  for (const auto& [name, service] : config.services) {
    text += fmt::format("service {}{}{}\n", name, service.source_affinity ? " source-affinity" : "",
                        service.idle_timeout ? fmt::format(" idle {} s", service.idle_timeout->count()) : "");
    for (const auto& ref : service.backends) text += dump_ref(config, ref, "  ", "");
  }
  return text + dump_http_rules(config) + dump_tls_settings(config);
}

}  // namespace gw::ir
