// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "userspace/plan/address.hpp"
#include "userspace/plan/diff.hpp"

namespace gw::plan {
namespace {

std::string describe(const gw_listener_key& key) {
  return fmt::format("{} {}", protocol_text(key.protocol), endpoint_text(key.addr, key.port));
}

/// What is wanted of a backend and known of it, beside the way to it.
std::string describe_health(const gw_backend& backend) {
  std::string text;
  if ((backend.flags & GW_BACKEND_WATCHED) != 0) text += " watched";
  if ((backend.flags & GW_BACKEND_UNHEALTHY) != 0) text += " unhealthy";
  if ((backend.flags & GW_BACKEND_EJECTED) != 0) text += " ejected";
  return text;
}

std::string describe(const gw_backend_health_key& key) {
  return fmt::format("{} {}", protocol_text(static_cast<std::uint8_t>(key.protocol)), key.backend_id);
}

std::string describe(const gw_backend& backend) {
  const std::string endpoint = endpoint_text(backend.addr, backend.port);
  const std::string source = to_ip(backend.source).to_string();
  if ((backend.flags & GW_BACKEND_TUNNEL) != 0) return fmt::format("{} dsr-tunnel from {}", endpoint, source);
  if ((backend.flags & GW_BACKEND_DSR) != 0) return endpoint + " dsr";
  if ((backend.flags & GW_BACKEND_FULL_NAT) != 0) return fmt::format("{} full-nat from {}", endpoint, source);
  if (is_local(backend)) return endpoint + " local";
  if (backend.shared_bits == 0) return endpoint + " dnat";
  if (backend.shared_bits == GW_SHARED_BITS_SELF) return fmt::format("{} dnat (hairpin from {})", endpoint, source);
  return fmt::format("{} dnat (full-nat from {} for clients of its /{})", endpoint, source, shared_length(backend));
}

std::string describe(const gw_source_key& key) {
  return fmt::format("{} of listener {}", to_prefix(key).to_string(), key.listener_id);
}

const char* describe(gw_source_verdict verdict) { return verdict == GW_SOURCE_DENY ? "deny" : "allow"; }

/// What a listener asks of a new connection; empty if nothing.
std::string describe_admission(const gw_listener& listener) {
  std::string text;
  if ((listener.flags & GW_LISTENER_ALLOW_LISTED) != 0) text += " allow-listed";
  if (listener.rate != 0) text += fmt::format(" rate {}", listener.rate);
  if (listener.source_rate != 0) text += fmt::format(" source-rate {}", listener.source_rate);
  if (listener.max_connections != 0) text += fmt::format(" max-connections {}", listener.max_connections);
  return text;
}

struct ToText {
  std::string operator()(const SetName& op) const {
    return fmt::format("set name {}/{} {}", op.key.kind, op.key.id, op.text);
  }
  std::string operator()(const WatchBackend& op) const { return "watch backend " + describe(op.key); }
  std::string operator()(const SetBackend& op) const {
    return fmt::format("set backend {} {}{}", op.id, describe(op.value), describe_health(op.value));
  }
  std::string operator()(const CreateTable& op) const {
    return fmt::format("create {}table {} slots {}", op.table.empty() ? "spare " : "", op.table_id, op.slots);
  }
  std::string operator()(const FillTable& op) const {
    return fmt::format("fill table {} slots {}", op.table_id, op.table.size());
  }
  std::string operator()(const SetService& op) const {
    return fmt::format("set service {} shares {}", op.id, op.value.count);
  }
  std::string operator()(const SetSource& op) const {
    return fmt::format("set source {} {}", describe(op.key), describe(op.verdict));
  }
  std::string operator()(const SetAdmission& op) const { return fmt::format("set admission {}", op.listener_id); }
  std::string operator()(const SetListener& op) const {
    return fmt::format("set listener {} id {} service {}{}", describe(op.key), op.value.listener_id,
                       op.value.service_id, describe_admission(op.value));
  }
  std::string operator()(const RemoveListener& op) const { return "remove listener " + describe(op.key); }
  std::string operator()(const RemoveAdmission& op) const { return fmt::format("remove admission {}", op.listener_id); }
  std::string operator()(const RemoveSource& op) const { return "remove source " + describe(op.key); }
  std::string operator()(const RemoveService& op) const { return fmt::format("remove service {}", op.id); }
  std::string operator()(const RemoveTable& op) const { return fmt::format("remove table {}", op.table_id); }
  std::string operator()(const RemoveBackend& op) const { return fmt::format("remove backend {}", op.id); }
  std::string operator()(const UnwatchBackend& op) const { return "unwatch backend " + describe(op.key); }
  std::string operator()(const RemoveName& op) const {
    return fmt::format("remove name {}/{}", op.key.kind, op.key.id);
  }
};

std::string name_of(const Plan& plan, std::uint32_t kind, std::uint32_t id) {
  const auto name = plan.names.find(gw_name_key{kind, id});
  return name == plan.names.end() ? "-" : name->second;
}

std::string describe(const Share& share) {
  if (share.table.empty()) return fmt::format("  share up to {:08x}: rejected\n", share.limit);
  std::map<std::uint32_t, std::size_t> slots;
  for (const std::uint32_t id : share.table.slots()) ++slots[id];
  std::string text =
      fmt::format("  share up to {:08x}: slots {} hash {:016x}\n", share.limit, share.table.size(), share.table.hash());
  for (const auto& [id, count] : slots) text += fmt::format("    backend {}: {} slots\n", id, count);
  return text;
}

}  // namespace

std::string to_string(const Operation& operation) { return std::visit(ToText{}, operation); }

std::string dump(const Plan& plan) {
  std::string text;
  for (const auto& [key, value] : plan.listeners) {
    text +=
        fmt::format("listener {} id {} ({}) service {}{}\n", describe(key), value.listener_id,
                    name_of(plan, GW_NAME_LISTENER, value.listener_id), value.service_id, describe_admission(value));
  }
  for (const auto& [key, verdict] : plan.sources)
    text += fmt::format("source {} {}\n", describe(key), describe(verdict));
  for (const auto& [id, timeout] : plan.idle_timeouts) {
    text += fmt::format("idle timeout of listener {}: {} s\n", id, timeout.count());
  }
  for (const auto& [id, service] : plan.services) {
    text += fmt::format("service {} ({}){}{}\n", id, name_of(plan, GW_NAME_SERVICE, id),
                        service.shares.empty() ? " rejected" : "",
                        (service.flags & GW_SERVICE_SOURCE_AFFINITY) != 0 ? " source-affinity" : "");
    for (const Share& share : service.shares) text += describe(share);
  }
  for (const auto& [id, backend] : plan.backends) {
    text += fmt::format("backend {} {}{}{}\n", id, describe(backend),
                        backend.drain_seconds == 0 ? "" : fmt::format(" drains {} s", backend.drain_seconds),
                        describe_health(backend));
  }
  for (const auto& [key, watch] : plan.watched) {
    text += fmt::format("watch backend {} of {}\n", describe(key), watch.backend_ref);
  }
  for (const auto& attachment : plan.attachments) {
    text += fmt::format("attach {}{} {} ({})\n", attachment.xdp ? "xdp+tc" : "tc", attachment.egress ? "+egress" : "",
                        attachment.link, attachment.reason);
  }
  for (const auto& rejection : plan.rejections) {
    text += fmt::format("reject {} {}: {}\n", rejection.listener, rejection.reason, rejection.message);
  }
  for (const auto& warning : plan.warnings) text += fmt::format("warning {}\n", warning);
  return text;
}

}  // namespace gw::plan
