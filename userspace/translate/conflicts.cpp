// SPDX-License-Identifier: Apache-2.0
// Which listeners get in each other's way (Gateway spec.listeners, "Distinct Listeners"), on one Gateway and across
// those that share an address; and which ones clients may take for one another.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "userspace/translate/graph.hpp"

namespace gw::translate {
namespace {

/// Listeners of one class share a port if their hostnames differ. HTTPS and TLS are told apart by the name that the
/// client asks for, whatever is done with the connection then.
enum class Class : std::uint8_t { Tcp, Udp, Http, Tls };

Class class_of(const ListenerNode& node) {
  const std::string& protocol = node.source->protocol;
  if (protocol == "TCP") return Class::Tcp;
  if (protocol == "UDP") return Class::Udp;
  return protocol == "HTTP" ? Class::Http : Class::Tls;
}

/// What a protocol that we do not know would collide with is unknown too.
bool is_unknown(const ListenerNode& node) { return node.accepted.reason == reason::kUnsupportedProtocol; }

enum class Collision : std::uint8_t { None, Protocol, Hostname };

/// Of two listeners on one port.
Collision collision_of(const ListenerNode& a, const ListenerNode& b) {
  const Class one = class_of(a);
  const Class other = class_of(b);
  if (one == Class::Udp || other == Class::Udp) return one == other ? Collision::Protocol : Collision::None;
  if (one != other || one == Class::Tcp) return Collision::Protocol;
  return a.hostname == b.hostname ? Collision::Hostname : Collision::None;
}

void mark_conflict(ListenerNode& node, Collision collision, std::string message) {
  const std::string_view why = collision == Collision::Hostname ? reason::kHostnameConflict : reason::kProtocolConflict;
  node.conflict_free = refusal(why, message);
  if (node.accepted.ok) node.accepted = refusal(why, std::move(message));
}

std::string advice(Collision collision) {
  return collision == Collision::Hostname ? "give each of them a hostname of its own"
                                          : "give each of them a port of its own";
}

/// Within one object nobody wins: "MUST NOT pick one conflicting Listener as the winner".
void find_conflicts_within(ListenerOwner& owner) {
  for (auto& node : owner.listeners) {
    for (const auto& other : owner.listeners) {
      if (&node == &other || node.source->port != other.source->port) continue;
      if (is_unknown(node) || is_unknown(other)) continue;
      const Collision collision = collision_of(node, other);
      if (collision == Collision::None || !node.conflict_free.ok) continue;
      mark_conflict(
          node, collision,
          fmt::format("listener {} uses port {} {}too: {}", other.source->name, other.source->port,
                      collision == Collision::Hostname ? "and hostname " + other.hostname.to_string() + " " : "",
                      advice(collision)));
    }
  }
}

/// The listeners that have a port of one address.
class PortClaims {
 public:
  /// Null if the listener gets in nobody's way.
  [[nodiscard]] const ListenerNode* find_collision(const ListenerNode& node) const {
    const auto index = static_cast<std::size_t>(class_of(node));
    if (class_of(node) == Class::Udp) return first_[index];
    for (const Class other : {Class::Tcp, Class::Http, Class::Tls}) {
      const ListenerNode* const first = first_[static_cast<std::size_t>(other)];
      if (first != nullptr && collision_of(node, *first) == Collision::Protocol) return first;
    }
    const auto same = by_hostname_.find({class_of(node), node.hostname});
    return same == by_hostname_.end() ? nullptr : same->second;
  }

  void add(const ListenerNode& node) {
    const ListenerNode*& first = first_[static_cast<std::size_t>(class_of(node))];
    if (first == nullptr) first = &node;
    by_hostname_.try_emplace({class_of(node), node.hostname}, &node);
  }

 private:
  std::array<const ListenerNode*, 4> first_ = {};
  std::map<std::pair<Class, ir::Hostname>, const ListenerNode*> by_hostname_;
};

/// All listeners that have their port, by address. A Gateway without addresses is on the node's, which counts as one.
class Claims {
 public:
  [[nodiscard]] const ListenerNode* find_collision(const ListenerNode& node) const {
    for (const auto& address : addresses_of(node)) {
      const auto port = ports_.find({address, node.source->port});
      const ListenerNode* const other = port == ports_.end() ? nullptr : port->second.find_collision(node);
      if (other != nullptr) return other;
    }
    return nullptr;
  }

  void add(const ListenerNode& node) {
    for (const auto& address : addresses_of(node)) ports_[{address, node.source->port}].add(node);
  }

 private:
  static std::vector<IpAddress> addresses_of(const ListenerNode& node) {
    const auto& addresses = node.owner->gateway->addresses;
    return addresses.empty() ? std::vector<IpAddress>{IpAddress()} : addresses;
  }

  std::map<std::pair<IpAddress, std::uint16_t>, PortClaims> ports_;
};

std::string describe(const ListenerNode& node) {
  return fmt::format("{} {}", node.owner->ref.kind, node.owner->meta->namespaced_name().to_string());
}

/// Across objects the one that goes first keeps the port: a new Gateway or ListenerSet must not take down what works
/// (docs/design/0003; ListenerSet spec.listeners).
void yield_to_first(ListenerNode& node, const Claims& claims) {
  const ListenerNode* const first = claims.find_collision(node);
  if (first == nullptr) return;
  const Collision collision = collision_of(node, *first);
  const bool is_same_gateway = first->owner->gateway == node.owner->gateway;
  mark_conflict(node, collision,
                fmt::format("{} has port {}{} on the same address (listener {}): choose another {}{}", describe(*first),
                            first->source->port,
                            collision == Collision::Hostname ? " with hostname " + first->hostname.to_string() : "",
                            first->source->name, collision == Collision::Hostname ? "hostname or port" : "port",
                            is_same_gateway ? "" : " or set spec.addresses"));
}

/// The listeners of one address and port whose clients begin with TLS.
using TlsPort = std::map<ir::Hostname, ListenerNode*>;

constexpr const char* kReused = "a client that reuses its connection may get the TLS settings of the other";

void mark_overlap(ListenerNode& node, const ListenerNode& other) {
  if (!node.overlap.ok) return;
  node.overlap = refusal(reason::kOverlappingHostnames,
                         fmt::format("hostname {} overlaps that of listener {} ({}): {}", node.hostname.to_string(),
                                     other.source->name, other.hostname.to_string(), kReused));
}

void find_overlaps_on(const TlsPort& port) {
  for (const auto& [hostname, node] : port) {
    if (hostname.kind == ir::Hostname::Kind::Any) continue;
    for (const auto& wider : ir::hostnames_taking(hostname.name)) {
      const auto other = port.find(wider);
      if (other == port.end() || other->second == node || wider.kind == ir::Hostname::Kind::Exact) continue;
      mark_overlap(*node, *other->second);
      mark_overlap(*other->second, *node);
    }
  }
}

/// The listeners of a port whose hostnames a certificate may be good for.
class Covered {
 public:
  explicit Covered(const TlsPort& port) : port_(port) {
    for (const auto& [hostname, node] : port) {
      if (hostname.kind != ir::Hostname::Kind::Exact) continue;
      const auto dot = hostname.name.find('.');
      if (dot != std::string::npos) by_parent_[hostname.name.substr(dot + 1)].push_back(node);
    }
  }

  [[nodiscard]] std::vector<ListenerNode*> by(const ir::Hostname& name) const {
    std::vector<ListenerNode*> covered;
    if (name.kind == ir::Hostname::Kind::Any) return covered;
    const bool is_exact = name.kind == ir::Hostname::Kind::Exact;
    for (const auto& taking : ir::hostnames_taking(is_exact ? name.name : "*." + name.name)) {
      if (const auto found = port_.find(taking); found != port_.end()) covered.push_back(found->second);
    }
    if (is_exact) return covered;
    const auto exact = by_parent_.find(name.name);
    if (exact != by_parent_.end()) covered.insert(covered.end(), exact->second.begin(), exact->second.end());
    return covered;
  }

 private:
  const TlsPort& port_;
  std::unordered_map<std::string, std::vector<ListenerNode*>> by_parent_;
};

/// `holder` has the certificate with that name, which is good for `covered` too; `node` is one of the two.
void mark_certificate(ListenerNode& node, const ListenerNode& holder, const ListenerNode& covered,
                      const ir::Hostname& name) {
  if (node.overlap.reason == reason::kOverlappingCertificates) return;
  node.overlap = refusal(
      reason::kOverlappingCertificates,
      fmt::format("the certificate of listener {} ({}) is good for names of listener {} ({}) too: {}",
                  holder.source->name, name.to_string(), covered.source->name, covered.hostname.to_string(), kReused));
}

/// "If a controller supports checking for both possible reasons and finds that both are true, it SHOULD set the
/// OverlappingCertificates Reason."
void find_certificate_overlaps_on(const TlsPort& port) {
  std::map<ir::Hostname, std::vector<ListenerNode*>> holders;
  for (const auto& [hostname, node] : port) {
    const auto is_own = [&hostname](const ir::Hostname& name) { return ir::intersect(name, hostname).has_value(); };
    // Nobody stays on a connection whose certificate is not good for the name that was asked for.
    if (std::ranges::none_of(node->certificate_names, is_own)) continue;
    for (const auto& name : node->certificate_names) holders[name].push_back(node);
  }
  const Covered covered(port);
  for (const auto& [name, nodes] : holders) {
    const std::vector<ListenerNode*> others = covered.by(name);
    const auto is_not = [](const ListenerNode* one) { return [one](const ListenerNode* node) { return node != one; }; };
    for (ListenerNode* const node : others) {
      const auto holder = std::ranges::find_if(nodes, is_not(node));
      if (holder != nodes.end()) mark_certificate(*node, **holder, *node, name);
    }
    for (ListenerNode* const node : nodes) {
      const auto other = std::ranges::find_if(others, is_not(node));
      if (other != others.end()) mark_certificate(*node, *node, **other, name);
    }
  }
}

}  // namespace

void find_conflicts(Graph& graph) {
  Claims claims;
  for_each_owner(graph, [&claims](ListenerOwner& owner) {
    find_conflicts_within(owner);
    if (!owner.accepted.ok) return;
    for (auto& node : owner.listeners) {
      if (node.serves()) yield_to_first(node, claims);
    }
    for (const auto& node : owner.listeners) {
      if (node.serves()) claims.add(node);
    }
  });
}

void find_overlaps(Graph& graph) {
  for (auto& gateway : graph.gateways) {
    std::map<std::uint16_t, TlsPort> ports;
    const auto add = [&ports](ListenerOwner& owner) {
      for (auto& node : owner.listeners) {
        if (node.serves() && node.has_tls()) ports[node.source->port].try_emplace(node.hostname, &node);
      }
    };
    add(gateway);
    for (ListenerSetNode* const set : gateway.listener_sets) add(*set);
    for (const auto& [number, port] : ports) {
      find_overlaps_on(port);
      find_certificate_overlaps_on(port);
    }
  }
}

}  // namespace gw::translate
