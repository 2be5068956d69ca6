// SPDX-License-Identifier: Apache-2.0
// The listeners of a set of objects beside what translate() says of them; and the Gateway API's rules of who binds
// whom, written down a second time and as plainly as can be, to hold translate() to.
#pragma once

#include "tests/property/objections.hpp"
#include "userspace/api/resource_set.hpp"
#include "userspace/api/status_report.hpp"
#include "userspace/ir/hostname.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace gw::property {

struct Owner;

struct Listener {
  const Owner* owner = nullptr;
  const api::Listener* source = nullptr;
  const api::ListenerStatus* status = nullptr;
  ir::Hostname hostname;

  [[nodiscard]] bool is_conflicted() const;
  /// It is accepted, and has its port.
  [[nodiscard]] bool serves() const;
  [[nodiscard]] std::string to_string() const;
};

/// A Gateway, or a ListenerSet that adds listeners to one.
struct Owner {
  api::ObjectRef ref;
  const api::ObjectMeta* meta = nullptr;
  const api::Gateway* gateway = nullptr;  ///< itself, or that of the ListenerSet
  const api::Conditions* conditions = nullptr;
  std::vector<Listener> listeners;

  [[nodiscard]] bool is_legacy() const { return ref.group == api::kLegacyGroup; }
  /// The Gateway does not take the ListenerSet.
  [[nodiscard]] bool is_kept_out() const;
};

/// What becomes of a route on a listener, whatever else there is.
enum class Fit : std::uint8_t { NotAddressed, NotAllowed, NoHostname, Bound };

class Answers {
 public:
  /// Both must outlive it. Adds an objection where the two do not belong together.
  Answers(const api::ResourceSet& resources, const api::StatusReport& report, Objections& objections);
  Answers(const Answers&) = delete;
  Answers& operator=(const Answers&) = delete;

  /// Gateways, then ListenerSets; of each the oldest first, and then by name.
  [[nodiscard]] const std::deque<Owner>& owners() const { return owners_; }
  /// What a v1 parentRef names; null if that is nothing of ours.
  [[nodiscard]] const Owner* parent(const api::Route& route, const api::ParentReference& reference) const;
  /// Null if there is nothing to say of it.
  [[nodiscard]] const api::RouteStatus* status_of(const api::Route& route) const;
  /// By one parentRef of a v1 route.
  [[nodiscard]] Fit fit(const Listener& listener, const api::Route& route, const api::ParentReference& reference) const;
  /// The same for a listener and a route of 2021, but for what the route says of Gateways.
  [[nodiscard]] Fit fit(const Listener& listener, const api::Route& route) const;
  /// The routes on a listener, by precedence.
  [[nodiscard]] std::vector<const api::Route*> routes_on(const Listener& listener) const;

 private:
  template <typename Object, typename Status>
  void add(const Object& object, const api::Gateway& gateway, const Status& status, Objections& objections);
  [[nodiscard]] bool has_common_hostname(const Listener& listener, const api::Route& route) const;
  [[nodiscard]] bool lets_in(const Listener& listener, const api::Route& route) const;
  void put_on_listeners(const api::Route& route, const api::RouteStatus& status);

  const api::ResourceSet& resources_;
  std::deque<Owner> owners_;
  std::map<std::string, const Owner*> by_name_;  ///< "<group>/<kind>/<namespace>/<name>"
  std::map<api::ObjectRef, const api::RouteStatus*> statuses_;
  std::map<const api::Route*, std::vector<ir::Hostname>> hostnames_;  ///< none: any, or the kind has none
  std::map<const Listener*, std::vector<const api::Route*>> routes_;
};

/// All routes, by precedence.
std::vector<const api::Route*> routes_of(const api::ResourceSet& resources);

bool is_true(const api::Conditions& conditions, const char* type);
/// "" if there is no such condition.
std::string reason_of(const api::Conditions& conditions, const char* type);

/// A clause of an object in `own_ns` on the namespaces of others.
bool lets_in(const api::RouteNamespaces& clause, const std::string& own_ns, const std::string& other_ns,
             const api::ResourceSet& resources);

}  // namespace gw::property
