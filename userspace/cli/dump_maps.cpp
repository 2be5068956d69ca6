// SPDX-License-Identifier: Apache-2.0
// gwctl dump-maps: the pinned maps, decoded. Needs no daemon.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>

#include "userspace/cli/commands.hpp"
#include "userspace/cli/table.hpp"
#include "userspace/plan/address.hpp"

namespace gw::cli {
namespace {

using nlohmann::json;
using plan::endpoint_text;

/// Flows and sockets shown when all maps are; there may be a million.
constexpr std::size_t kFewFlows = 50;

/// A map's rows, as JSON objects whose keys are the columns.
using Rows = std::vector<json>;

/// What a listener asks of new connections, and how many it has; "-" if it asks nothing.
std::string limits_text(const gw_listener& listener) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if ((listener.flags & GW_LISTENER_ALLOW_LISTED) != 0) add("listed sources only");
  if (listener.rate != 0) add(fmt::format("{}/s", listener.rate));
  if (listener.source_rate != 0) add(fmt::format("{}/s a source", listener.source_rate));
  if (listener.max_connections != 0) add(fmt::format("{} connections", listener.max_connections));
  return text.empty() ? "-" : text;
}

Rows listeners(const MapView& view) {
  Rows rows;
  for (const auto& [key, value] : view.observed.listeners) {
    const std::string service =
        value.service_id == 0 ? "none: connections are rejected" : view.name(GW_NAME_SERVICE, value.service_id);
    rows.push_back({{"vip", fmt::format("{} {}", plan::protocol_text(key.protocol), endpoint_text(key.addr, key.port))},
                    {"listener", view.name(GW_NAME_LISTENER, value.listener_id)},
                    {"service", service},
                    {"limits", limits_text(value)}});
  }
  return rows;
}

Rows sources(const MapView& view) {
  Rows rows;
  for (const auto& [key, verdict] : view.observed.sources) {
    rows.push_back({{"listener", view.name(GW_NAME_LISTENER, key.listener_id)},
                    {"range", plan::to_prefix(key).to_string()},
                    {"verdict", verdict == GW_SOURCE_DENY ? "deny" : "allow"}});
  }
  return rows;
}

Rows admission(const MapView& view) {
  Rows rows;
  for (const auto& [id, admission] : view.admission) {
    rows.push_back({{"listener", view.name(GW_NAME_LISTENER, id)}, {"connections", admission.connections}});
  }
  return rows;
}

/// A number with as many digits as it takes to tell small shares apart.
std::string percent(double part) { return fmt::format("{:.4g} %", 100 * part); }

Rows services(const MapView& view) {
  Rows rows;
  for (const auto& [id, service] : view.observed.services) {
    const auto shares = plan::shares_of(service);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      rows.push_back({{"service", view.name(GW_NAME_SERVICE, id)},
                      {"share", percent(plan::part_of(service, i))},
                      {"table", shares[i].table_id},
                      {"slots", shares[i].slots},
                      {"hash", fmt::format("{:016x}", shares[i].table_hash)}});
    }
  }
  return rows;
}

std::string backend_text(const MapView& view, std::uint32_t id) {
  if (id == GW_BACKEND_REJECT) return "reject";
  const auto backend = view.observed.backends.find(id);
  if (backend == view.observed.backends.end()) return fmt::format("{}", id);
  return fmt::format("{} ({})", endpoint_text(backend->second.addr, backend->second.port), id);
}

/// The backends of one share and what part of the service's connections each gets.
void add_share(const MapView& view, const std::string& name, const gw_share& share, double part, Rows& rows) {
  const auto table = view.tables.find(share.table_id);
  std::map<std::uint32_t, std::size_t> slots;
  if (table == view.tables.end()) {
    rows.push_back({{"service", name}, {"backend", "reject"}, {"slots", 0}, {"share", percent(part)}});
    return;
  }
  for (const std::uint32_t backend : table->second) ++slots[backend];
  for (const auto& [backend, count] : slots) {
    const double within = static_cast<double>(count) / static_cast<double>(table->second.size());
    rows.push_back({{"service", name},
                    {"backend", backend_text(view, backend)},
                    {"slots", count},
                    {"share", percent(part * within)}});
  }
}

Rows maglev(const MapView& view) {
  Rows rows;
  for (const auto& [id, service] : view.observed.services) {
    const auto shares = plan::shares_of(service);
    for (std::size_t i = 0; i < shares.size(); ++i) {
      add_share(view, view.name(GW_NAME_SERVICE, id), shares[i], plan::part_of(service, i), rows);
    }
  }
  return rows;
}

std::string_view mode_of(const gw_backend& backend) {
  if ((backend.flags & GW_BACKEND_TUNNEL) != 0) return "DSR tunnel";
  if ((backend.flags & GW_BACKEND_DSR) != 0) return "DSR";
  if (plan::is_local(backend)) return "local";
  return (backend.flags & GW_BACKEND_FULL_NAT) != 0 ? "full NAT" : "DNAT";
}

std::string_view mode_of(const gw_flow& flow) {
  if ((flow.flags & GW_FLOW_TUNNEL) == GW_FLOW_TUNNEL) return "DSR tunnel";
  if ((flow.flags & GW_FLOW_DSR) != 0) return "DSR";
  if ((flow.flags & GW_FLOW_VLAN) == GW_FLOW_LOCAL) return "local";
  return (flow.flags & GW_FLOW_FULL_NAT) != 0 ? "full NAT" : "DNAT";
}

/// What is left of a backend's time: "-" while it is in use.
std::string drain_text(const gw_backend& backend, std::uint32_t now) {
  if (backend.drains_until == 0) return "-";
  return age_text(std::max(static_cast<std::int32_t>(backend.drains_until - now), 0));
}

/// Whom the backend sees.
std::string source_text(const gw_backend& backend) {
  std::string ours = plan::to_ip(backend.source).to_string();
  if ((backend.flags & (GW_BACKEND_FULL_NAT | GW_BACKEND_TUNNEL)) != 0) return ours;
  if (backend.shared_bits == 0 || (backend.flags & GW_BACKEND_DSR) != 0) return "client's";
  if (backend.shared_bits == GW_SHARED_BITS_SELF) return fmt::format("client's (hairpin: {})", ours);
  return fmt::format("client's ({} if of its /{})", ours, plan::shared_length(backend));
}

/// What health checks have found; "-" if nothing.
std::string health_text(const gw_backend& backend) {
  std::string text;
  if ((backend.flags & GW_BACKEND_UNHEALTHY) != 0) text = "unhealthy";
  if ((backend.flags & GW_BACKEND_EJECTED) != 0) text += text.empty() ? "ejected" : ", ejected";
  return text.empty() ? "-" : text;
}

Rows backends(const MapView& view, std::uint32_t now) {
  Rows rows;
  for (const auto& [id, backend] : view.observed.backends) {
    rows.push_back({{"id", id},
                    {"backend", endpoint_text(backend.addr, backend.port)},
                    {"mode", mode_of(backend)},
                    {"health", health_text(backend)},
                    {"drains", drain_text(backend, now)},
                    {"source", source_text(backend)}});
  }
  return rows;
}

/// What has become of new connections to watched backends.
Rows health(const MapView& view) {
  Rows rows;
  for (const auto& [key, counts] : view.health) {
    rows.push_back({{"backend", backend_text(view, key.backend_id)},
                    {"protocol", plan::protocol_text(static_cast<std::uint8_t>(key.protocol))},
                    {"attempts", counts.attempts},
                    {"answers", counts.answers},
                    {"refusals", counts.refusals},
                    {"forgotten", counts.forgotten}});
  }
  std::ranges::sort(rows, {}, [](const json& row) { return row["backend"].get<std::string>(); });
  return rows;
}

/// A tuple with addresses of one size for both families.
struct Ends {
  gw_addr src, dst;
  std::uint16_t sport, dport;  ///< network byte order
};

/// One connection: its forward entry. The reply entry says the same from the other side.
json flow_row(const MapView& view, std::uint32_t now, std::uint8_t protocol, const Ends& arrives, const Ends& leaves,
              const gw_flow& flow) {
  return {{"protocol", plan::protocol_text(protocol)},
          {"client", endpoint_text(arrives.src, arrives.sport)},
          {"vip", endpoint_text(arrives.dst, arrives.dport)},
          {"source", endpoint_text(leaves.src, leaves.sport)},
          {"backend", endpoint_text(leaves.dst, leaves.dport)},
          {"state", maps::to_string(static_cast<gw_flow_state>(flow.state))},
          {"mode", mode_of(flow)},
          {"age", age_text(now - flow.created)},
          {"idle", age_text(static_cast<std::int32_t>(now - flow.last_seen))},
          {"ifindex", flow.ifindex & ~GW_IFINDEX_PEER},
          {"listener", view.name(GW_NAME_LISTENER, flow.listener_id)}};
}

Rows flows(const MapView& view, std::uint32_t now) {
  Rows rows;
  for (const auto& [key, value] : view.flows4) {
    if ((value.flow.flags & GW_FLOW_REPLY) != 0) continue;
    const Ends arrives{plan::to_map_v4(key.src), plan::to_map_v4(key.dst), key.sport, key.dport};
    const Ends leaves{plan::to_map_v4(value.src), plan::to_map_v4(value.dst), value.flow.sport, value.flow.dport};
    rows.push_back(flow_row(view, now, key.protocol, arrives, leaves, value.flow));
  }
  for (const auto& [key, value] : view.flows6) {
    if ((value.flow.flags & GW_FLOW_REPLY) != 0) continue;
    const Ends arrives{key.src, key.dst, key.sport, key.dport};
    const Ends leaves{value.src, value.dst, value.flow.sport, value.flow.dport};
    rows.push_back(flow_row(view, now, key.protocol, arrives, leaves, value.flow));
  }
  std::ranges::sort(rows, {}, [](const json& row) { return row["client"].get<std::string>(); });
  return rows;
}

/// One row for each backend of a socket; what is kept the other way round says the same.
Rows sockets(const MapView& view) {
  Rows rows;
  for (const auto& [key, socket] : view.sockets) {
    if (key.kind != GW_SOCKET_FROM_BACKEND) continue;
    rows.push_back({{"socket", key.cookie},
                    {"protocol", plan::protocol_text(socket.protocol)},
                    {"vip", endpoint_text(socket.addr, socket.port)},
                    {"backend", endpoint_text(key.addr, key.port)},
                    {"listener", view.name(GW_NAME_LISTENER, socket.listener_id)}});
  }
  std::ranges::sort(rows, {}, [](const json& row) { return row["socket"].get<std::uint64_t>(); });
  return rows;
}

Rows control(const MapView& view) {
  const bool by_destination = (view.control.flags & GW_CONTROL_HOPS_BY_DESTINATION) != 0;
  return {{{"generation", view.control.generation},
           {"nextHops", by_destination ? "byDestination" : "byFlow"},
           {"natPorts", fmt::format("{}-{}", view.control.nat_port_first, view.control.nat_port_last)},
           {"netnsCookie", view.control.netns_cookie}}};
}

/// "802.1ad:5 802.1q:100", the outermost first; "-" for none.
std::string tags_text(const gw_link& link) {
  std::string text;
  for (const auto& tag : link.tags) {
    if (tag.protocol == 0) continue;
    const char* const protocol = ntohs(tag.protocol) == ETH_P_8021AD ? "802.1ad" : "802.1q";
    text += fmt::format("{}{}:{}", text.empty() ? "" : " ", protocol, ntohs(tag.tci));
  }
  return text.empty() ? "-" : text;
}

Rows links(const MapView& view) {
  Rows rows;
  for (const auto& [ifindex, link] : view.observed.links) {
    std::array<char, IF_NAMESIZE> name{};
    const bool known = if_indextoname(ifindex, name.data()) != nullptr;
    rows.push_back({{"ifindex", ifindex},
                    {"link", known ? name.data() : "(not in this network namespace)"},
                    {"xdp", (link.flags & (GW_LINK_XDP | GW_LINK_VLAN)) != 0},
                    {"peer", (link.flags & GW_LINK_PEER) != 0},
                    {"mtu", link.mtu},
                    {"parent", link.parent == 0 ? "-" : std::to_string(link.parent)},
                    {"tags", tags_text(link)}});
  }
  return rows;
}

Rows counters(const MapView& view) {
  Rows rows;
  for (const auto& counter : maps::kCounters) {
    const std::uint64_t packets = counter.id < view.counters.size() ? view.counters[counter.id] : 0;
    rows.push_back({{"counter", counter.word},
                    {"packets", packets},
                    {"kind", counter.is_drop ? "drop" : "event"},
                    {"meaning", counter.description}});
  }
  return rows;
}

Rows names(const MapView& view) {
  Rows rows;
  for (const auto& [key, text] : view.observed.names) {
    rows.push_back({{"kind", key.kind == GW_NAME_LISTENER ? "listener" : "service"}, {"id", key.id}, {"name", text}});
  }
  return rows;
}

struct MapCommand {
  const char* name;
  std::vector<const char*> columns;
  std::function<Rows(const MapView&, std::uint32_t now)> rows;
};

const std::vector<MapCommand>& commands() {
  const auto timeless = [](Rows (*rows)(const MapView&)) {
    return [rows](const MapView& view, std::uint32_t) { return rows(view); };
  };
  static const std::vector<MapCommand> all = {
      {"listeners", {"vip", "listener", "service", "limits"}, timeless(listeners)},
      {"sources", {"listener", "range", "verdict"}, timeless(sources)},
      {"admission", {"listener", "connections"}, timeless(admission)},
      {"services", {"service", "share", "table", "slots", "hash"}, timeless(services)},
      {"maglev", {"service", "backend", "slots", "share"}, timeless(maglev)},
      {"backends", {"id", "backend", "mode", "source", "health", "drains"}, backends},
      {"health", {"backend", "protocol", "attempts", "answers", "refusals", "forgotten"}, timeless(health)},
      {"flows",
       {"protocol", "client", "vip", "source", "backend", "state", "mode", "age", "idle", "ifindex", "listener"},
       flows},
      {"sockets", {"socket", "protocol", "vip", "backend", "listener"}, timeless(sockets)},
      {"control", {"generation", "nextHops", "natPorts", "netnsCookie"}, timeless(control)},
      {"links", {"ifindex", "link", "xdp", "peer", "mtu", "parent", "tags"}, timeless(links)},
      {"counters", {"counter", "packets", "kind", "meaning"}, timeless(counters)},
      {"names", {"kind", "id", "name"}, timeless(names)},
  };
  return all;
}

std::string heading(std::string column) {
  if (column == "natPorts") return "NAT PORTS";
  if (column == "netnsCookie") return "NETNS COOKIE";
  std::ranges::transform(column, column.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return column;
}

std::string table_text(const MapCommand& command, const Rows& rows, std::size_t most) {
  std::vector<std::string> headings;
  headings.reserve(command.columns.size());
  for (const char* column : command.columns) headings.push_back(heading(column));
  Table table(headings);
  for (std::size_t i = 0; i < std::min(rows.size(), most); ++i) {
    std::vector<std::string> row;
    row.reserve(command.columns.size());
    for (const char* column : command.columns) {
      const json& cell = rows[i].at(column);
      row.push_back(cell.is_string() ? cell.get<std::string>() : cell.dump());
    }
    table.add(std::move(row));
  }
  std::string text = table.to_string();
  if (rows.size() > most) text += fmt::format("... {} more (gwctl dump-maps {})\n", rows.size() - most, command.name);
  return text;
}

int dump_all(Env& env, const MapView& view, Output output) {
  json document = json::object();
  for (const auto& command : commands()) {
    const Rows rows = command.rows(view, env.monotonic);
    if (output == Output::Json) {
      document[command.name] = rows;
      continue;
    }
    const std::string_view name = command.name;
    const std::size_t most = name == "flows" || name == "sockets" ? kFewFlows : SIZE_MAX;
    env.out << "== " << command.name << "\n" << table_text(command, rows, most) << "\n";
  }
  if (output == Output::Json) env.out << document.dump(2) << "\n";
  return kOk;
}

}  // namespace

std::vector<std::string> map_names() {
  std::vector<std::string> all;
  for (const auto& command : commands()) all.emplace_back(command.name);
  return all;
}

int dump_maps(Env& env, const std::string& map, Output output) {
  const auto command = std::ranges::find(commands(), map, &MapCommand::name);
  if (!map.empty() && command == commands().end()) {
    std::string all;
    for (const auto& name : map_names()) all += (all.empty() ? "" : ", ") + name;
    return report(env, {fmt::format("unknown map \"{}\" (there are: {})", map, all), 0});
  }
  const auto view = env.read_maps();
  if (!view) return report(env, view.error());
  if (map.empty()) return dump_all(env, *view, output);
  const Rows rows = command->rows(*view, env.monotonic);
  if (output == Output::Json) {
    env.out << json(rows).dump(2) << "\n";
  } else {
    env.out << table_text(*command, rows, SIZE_MAX);
  }
  return kOk;
}

}  // namespace gw::cli
