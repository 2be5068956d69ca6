// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/configure.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "userspace/base/fd.hpp"
#include "userspace/datapath/reconcile.hpp"
#include "userspace/plan/address.hpp"

namespace gw::differential {
namespace {

gw_backend to_map(const Backend& backend) {
  gw_backend value{};
  value.addr = plan::to_map(backend.target.address);
  value.port = htons(backend.target.port);
  if (backend.source != IpAddress()) value.source = plan::to_map(backend.source);
  value.shared_bits = backend.shared_bits;
  if (backend.mode == Mode::FullNat) value.flags = GW_BACKEND_FULL_NAT;
  if (backend.mode == Mode::Dsr || backend.mode == Mode::Tunnel) value.flags = GW_BACKEND_DSR;
  if (backend.mode == Mode::Tunnel) value.flags |= GW_BACKEND_TUNNEL;
  if (backend.mode == Mode::Local) value.flags = GW_BACKEND_LOCAL;
  value.drains_until = backend.drains ? 1 : 0;
  return value;
}

gw_listener_key to_map(const ListenerKey& key) {
  return {plan::to_map(key.vip.address), htons(key.vip.port), key.protocol, 0};
}

gw_listener to_map(const Listener& listener) {
  const Admission& admission = listener.admission;
  gw_listener value{};
  value.listener_id = listener.id;
  value.service_id = listener.service;
  if (!admission.allow.empty() || !admission.deny.empty()) value.flags |= GW_LISTENER_SOURCES;
  if (!admission.allow.empty()) value.flags |= GW_LISTENER_ALLOW_LISTED;
  if (admission.is_limited()) value.flags |= GW_LISTENER_LIMITED;
  value.rate = admission.rate;
  value.source_rate = admission.source_rate;
  value.max_connections = admission.max_connections;
  return value;
}

const char* name_of(LinkName name) { return name == LinkName::In ? "in0" : "out0"; }

Result<> set_mtu(const char* link, std::uint32_t mtu) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, link, IFNAMSIZ - 1);
  request.ifr_mtu = static_cast<int>(mtu);
  if (::ioctl(socket.get(), SIOCSIFMTU, &request) != 0)
    return fail_errno(errno, fmt::format("set the MTU of {}", link));
  return {};
}

/// Of the links by which packets come in: that is the loopback device for XDP programs under test.
Result<> set_forwarding(bool on) {
  for (const char* family : {"ipv4", "ipv6"}) {
    for (const char* link : {"lo", "in0"}) {
      const std::string path = fmt::format("/proc/sys/net/{}/conf/{}/forwarding", family, link);
      const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
      if (::write(file.get(), on ? "1" : "0", 1) != 1) return fail_errno(errno, "write " + path);
    }
  }
  return {};
}

}  // namespace

Result<> Configurator::begin() {
  for (const LinkName name : {LinkName::In, LinkName::Out}) {
    if (auto done = write(SetLink{name, Link{}}, written_); !done) return done;
  }
  written_ = Config{};
  return write_control(written_);
}

Result<> Configurator::change(const Change& change, const Config& config) {
  auto done = std::visit([&](const auto& one) { return write(one, config); }, change);
  written_ = config;
  return done;
}

Result<> Configurator::end() {
  const datapath::Maps& maps = data_path_.maps();
  for (const auto& [key, listener] : written_.listeners) {
    if (auto erased = erase_admission(listener, Listener{}); !erased) return erased;
    if (auto erased = maps.listeners.erase(to_map(key)); !erased) return erased;
  }
  for (const auto& [id, shares] : written_.services) {
    if (auto erased = maps.services.erase(id); !erased) return erased;
  }
  for (const auto& [id, backend] : written_.backends) {
    if (auto erased = maps.backends.erase(id); !erased) return erased;
  }
  if (!written_.forwarding) {
    if (auto done = set_forwarding(true); !done) return done;
  }
  return begin();
}

Result<> Configurator::write(const SetBackend& change, const Config&) {
  return data_path_.maps().backends.update(change.id, to_map(change.backend));
}

Result<> Configurator::write(const RemoveBackend& change, const Config& config) {
  if (auto erased = data_path_.maps().backends.erase(change.id); !erased) return erased;
  return write_control(config);
}

Result<> Configurator::write(const DrainBackend& change, const Config& config) {
  const auto backend = config.backends.find(change.id);
  if (backend != config.backends.end()) {
    if (auto set = write(SetBackend{change.id, backend->second}, config); !set) return set;
  }
  for (const auto& [id, service] : config.services) {
    if (written_.services.at(id) == service) continue;
    if (auto set = write(SetService{id, service}, config); !set) return set;
  }
  return {};
}

Result<> Configurator::write(const SetService& change, const Config&) {
  gw_service service{};
  if (change.service.affinity) service.flags = GW_SERVICE_SOURCE_AFFINITY;
  for (const Share& share : change.service.shares) {
    gw_share& written = service.share[service.count++];
    written.limit = share.limit;
    written.slots = static_cast<std::uint32_t>(share.slots.size());
    if (share.slots.empty()) continue;
    const auto table = table_of(share.slots);
    if (!table) return fail(table.error());
    written.table_id = *table;
  }
  for (std::size_t i = service.count; i < GW_SERVICE_SHARES_MAX; ++i) service.share[i].limit = UINT32_MAX;
  return data_path_.maps().services.update(change.id, service);
}

Result<std::uint32_t> Configurator::table_of(const std::vector<std::uint32_t>& slots) {
  const auto found = tables_.find(slots);
  if (found != tables_.end()) return found->second;
  const auto id = static_cast<std::uint32_t>(tables_.size() + 1);
  const plan::CreateTable create{id, static_cast<std::uint32_t>(slots.size()), slots};
  if (auto made = datapath::apply(data_path_.maps(), {create}); !made) return fail(made.error());
  tables_[slots] = id;
  return id;
}

Result<> Configurator::write(const SetListener& change, const Config&) {
  const auto replaced = written_.listeners.find(change.key);
  if (replaced != written_.listeners.end()) {
    if (auto erased = erase_admission(replaced->second, change.listener); !erased) return erased;
  }
  if (auto written = write_admission(change.listener); !written) return written;
  return data_path_.maps().listeners.update(to_map(change.key), to_map(change.listener));
}

/// Takes away what `next` does not have too.
Result<> Configurator::erase_admission(const Listener& listener, const Listener& next) {
  for (const auto* ranges : {&listener.admission.allow, &listener.admission.deny}) {
    for (const IpPrefix& range : *ranges) {
      if (auto erased = data_path_.maps().sources.erase(plan::to_map(listener.id, range)); !erased) return erased;
    }
  }
  if (next.id == listener.id && next.admission.is_limited()) return {};
  return data_path_.maps().admission.erase(listener.id);
}

/// A listener that is limited already goes on counting.
Result<> Configurator::write_admission(const Listener& listener) {
  const Admission& admission = listener.admission;
  const auto write_ranges = [&](const std::vector<IpPrefix>& ranges, gw_source_verdict verdict) -> Result<> {
    for (const IpPrefix& range : ranges) {
      const gw_source_key key = plan::to_map(listener.id, range);
      if (auto written = data_path_.maps().sources.update(key, verdict); !written) return written;
    }
    return {};
  };
  if (auto written = write_ranges(admission.allow, GW_SOURCE_ALLOW); !written) return written;
  if (auto written = write_ranges(admission.deny, GW_SOURCE_DENY); !written) return written;
  if (!admission.is_limited()) return {};
  const auto counts = data_path_.maps().admission.lookup(listener.id);
  if (!counts) return fail(counts.error());
  if (*counts) return {};
  return data_path_.maps().admission.update(listener.id, gw_admission{});
}

Result<> Configurator::write(const RemoveListener& change, const Config&) {
  const auto removed = written_.listeners.find(change.key);
  if (removed == written_.listeners.end()) return {};
  if (auto erased = erase_admission(removed->second, Listener{}); !erased) return erased;
  return data_path_.maps().listeners.erase(to_map(change.key));
}

Result<> Configurator::write(const SetNatPorts&, const Config& config) { return write_control(config); }

Result<> Configurator::write(const SetLink& change, const Config&) {
  const bool is_in = change.name == LinkName::In;
  if ((is_in ? written_.in : written_.out).mtu != change.link.mtu) {
    if (auto done = set_mtu(name_of(change.name), change.link.mtu); !done) return done;
  }
  gw_link link{.flags = 0, .mtu = change.link.mtu, .parent = 0, .tags = {}};
  if (change.link.xdp) link.flags |= GW_LINK_XDP;
  if (change.link.peer) link.flags |= GW_LINK_PEER;
  return data_path_.maps().links.update(is_in ? data_path_.in_ifindex() : data_path_.out_ifindex(), link);
}

Result<> Configurator::write(const SetForwarding& change, const Config&) {
  return change.on == written_.forwarding ? Result<>{} : set_forwarding(change.on);
}

Result<> Configurator::write(const SetHopsByDestination&, const Config& config) { return write_control(config); }

Result<> Configurator::write(const RaiseGeneration&, const Config& config) { return write_control(config); }

Result<> Configurator::write(const Recount&, const Config&) {
  const auto& admission = data_path_.maps().admission;
  for (const auto& [id, connections] : connections_()) {
    const auto counts = admission.lookup(id);
    if (!counts) return fail(counts.error());
    gw_admission corrected = counts->value_or(gw_admission{});
    corrected.connections = connections;
    if (auto written = admission.update(id, corrected); !written) return written;
  }
  return {};
}

Result<> Configurator::write_control(const Config& config) {
  gw_control control{};
  control.generation = config.generation;
  control.nat_port_first = config.nat_first;
  control.nat_port_last = config.nat_last;
  control.flags = config.hops_by_destination ? std::uint32_t{GW_CONTROL_HOPS_BY_DESTINATION} : 0U;
  return data_path_.maps().control.update(0, control);
}

}  // namespace gw::differential
