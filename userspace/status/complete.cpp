// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/complete.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "userspace/plan/address.hpp"

namespace gw::status {
namespace {

using api::Condition;
using api::ConditionStatus;

bool is_legacy(const api::GatewayStatus& gateway) { return gateway.ref.group == api::kLegacyGroup; }

std::string data_path(const plan::Plan& plan) {
  std::string text;
  for (const auto& attachment : plan.attachments) {
    text += fmt::format("{}{}: {} ({})", text.empty() ? "" : "; ", attachment.link, attachment.xdp ? "xdp" : "tc",
                        attachment.reason);
  }
  return text;
}

/// Of a Gateway or ListenerSet, but for its listeners: each of them says what is wrong with it.
bool is_accepted(const api::Conditions& conditions) {
  const Condition* accepted = conditions.find("Accepted");
  if (accepted == nullptr) accepted = conditions.find("Scheduled");
  return accepted == nullptr || accepted->status == ConditionStatus::True || accepted->reason == "ListenersNotValid";
}

std::int64_t generation_of(const api::Conditions& conditions) {
  return conditions.all().empty() ? 0 : conditions.all()[0].observed_generation;
}

/// Where the listeners of a Gateway or ListenerSet are found in a plan.
struct Owner {
  std::string group;   ///< of the Gateway
  std::string prefix;  ///< of the listeners' names
  const char* type;    ///< of the condition, which is the reason of the healthy state too
  bool is_set;
  bool is_accepted;
  std::int64_t generation;
  std::string no_address;  ///< why its Gateway has none; empty: it has
};

/// Of a Gateway.
std::string why_no_address(const api::Conditions& conditions) {
  const Condition* const assigned = conditions.find("AddressesAssigned");
  return assigned != nullptr && assigned->reason == "NotAssigned" ? assigned->message : "";
}

/// What became of the listeners of one owner.
struct Outcome {
  bool any = false;
  std::string problems;
  std::string last_reason;
};

}  // namespace

/// Completes Gateways by what one plan, and what became of it, say of them.
class Completer::Completion {
 public:
  Completion(const plan::Plan& plan, const ApplyOutcome& outcome)
      : plan_(plan), outcome_(outcome), data_path_(data_path(plan)) {
    for (const auto& placed : plan.placed) placed_.try_emplace({placed.gateway_group, placed.listener}, &placed);
    for (const auto& rejection : plan.rejections) {
      rejections_.try_emplace({rejection.gateway_group, rejection.listener}, &rejection);
    }
  }

  [[nodiscard]] Family complete(const Family& family) const {
    Family completed;
    Addresses addresses;
    bool sets_serve = false;
    for (const auto& pointer : family.listener_sets) {
      api::ListenerSetStatus set = *pointer;
      sets_serve = complete(set, family.gateway->conditions, addresses) || sets_serve;
      completed.listener_sets.push_back(std::make_shared<const api::ListenerSetStatus>(std::move(set)));
    }
    api::GatewayStatus gateway = *family.gateway;
    complete(gateway, addresses, sets_serve);
    completed.gateway = std::make_shared<const api::GatewayStatus>(std::move(gateway));
    return completed;
  }

 private:
  using Addresses = std::set<IpAddress>;

  /// Whether any of its listeners serves.
  bool complete(api::ListenerSetStatus& set, const api::Conditions& gateway, Addresses& addresses) const {
    const Owner owner{set.gateway.group,
                      fmt::format("{}/{}/{}/{}/", set.gateway.ns, set.gateway.name, set.ref.ns, set.ref.name),
                      "Programmed",
                      true,
                      is_accepted(set.conditions),
                      generation_of(set.conditions),
                      why_no_address(gateway)};
    Outcome outcome = complete(owner, set.listeners, addresses);
    const bool serves = outcome.any;
    const Condition* const accepted = set.conditions.find("Accepted");
    if (accepted != nullptr && accepted->status != ConditionStatus::True) {
      outcome = {false, accepted->message, accepted->reason};
    }
    set.conditions.set(summary(owner, outcome));
    return serves;
  }

  void complete(api::GatewayStatus& gateway, Addresses& addresses, bool sets_serve) const {
    const Owner owner{gateway.ref.group,
                      fmt::format("{}/{}/", gateway.ref.ns, gateway.ref.name),
                      is_legacy(gateway) ? "Ready" : "Programmed",
                      false,
                      is_accepted(gateway.conditions),
                      generation_of(gateway.conditions),
                      why_no_address(gateway.conditions)};
    Outcome outcome = complete(owner, gateway.listeners, addresses);
    outcome.any = outcome.any || sets_serve;
    for (const auto& address : addresses) gateway.addresses.push_back({"IPAddress", address.to_string(), "", {}});
    if (!owner.no_address.empty()) outcome = {false, owner.no_address, "AddressNotAssigned"};
    gateway.conditions.set(summary(owner, outcome));
  }

  Outcome complete(const Owner& owner, std::vector<api::ListenerStatus>& listeners, Addresses& addresses) const {
    Outcome outcome;
    for (auto& listener : listeners) {
      Condition condition = judge(owner, listener, addresses);
      condition.observed_generation = owner.generation;
      if (condition.status == ConditionStatus::True) {
        outcome.any = true;
      } else {
        outcome.problems +=
            fmt::format("{}listener {}: {}", outcome.problems.empty() ? "" : "; ", listener.name, condition.message);
        outcome.last_reason = condition.reason;
      }
      listener.conditions.set(std::move(condition));
    }
    return outcome;
  }

  static Condition summary(const Owner& owner, const Outcome& outcome) {
    const std::string failed = outcome.last_reason.empty() ? "Invalid" : outcome.last_reason;
    return {owner.type, outcome.any ? ConditionStatus::True : ConditionStatus::False, outcome.any ? owner.type : failed,
            outcome.problems, owner.generation};
  }

  Condition judge(const Owner& owner, api::ListenerStatus& listener, Addresses& addresses) const {
    const std::string name = owner.prefix + listener.name;
    const auto no = [&](const std::string& reason, const std::string& message) {
      return Condition{owner.type, ConditionStatus::False, reason, message, 0};
    };
    if (const Condition* against = api::objection(listener.conditions)) {
      return no(owner.is_set && against->type == "Conflicted" ? against->reason : "Invalid", against->message);
    }
    if (!owner.no_address.empty()) return no("AddressNotUsable", "its Gateway has no address");
    const auto rejected = rejections_.find({owner.group, name});
    const plan::Rejection* const rejection = rejected == rejections_.end() ? nullptr : rejected->second;
    const auto placed = placed_.find({owner.group, name});
    if (placed == placed_.end()) {
      return rejection != nullptr ? no(rejection->reason, rejection->message) : unplaced(owner, listener);
    }
    if (outcome_.failure) return no("Pending", *outcome_.failure);
    if (plan_.attachments.empty()) return no("Pending", "no interface to attach to: each is down, or not Ethernet");
    if (outcome_.attach_failures.size() >= plan_.attachments.size()) return no("Pending", outcome_.attach_failures[0]);
    std::string on;
    for (const auto& key : placed->second->keys) {
      const IpAddress address = plan::to_ip(key.addr);
      addresses.insert(address);
      on += (on.empty() ? "on " : ", ") + address.to_string();
    }
    listener.data_path = data_path_;
    if (rejection != nullptr) return no(rejection->reason, fmt::format("{}; it is {}", rejection->message, on));
    return {owner.type, ConditionStatus::True, owner.type, on, 0};
  }

  static Condition unplaced(const Owner& owner, const api::ListenerStatus& listener) {
    const auto no = [&owner](const char* reason, std::string message) {
      return Condition{owner.type, ConditionStatus::False, reason, std::move(message), 0};
    };
    std::string waits = api::waits_for_proxy(listener);
    if (!owner.is_accepted || waits.empty()) {
      return no("Invalid", owner.is_set ? "its ListenerSet is not accepted" : "its Gateway is not accepted");
    }
    const Condition* const resolved = listener.conditions.find("ResolvedRefs");
    if (resolved != nullptr && resolved->reason != "ResolvedRefs") return no("Invalid", resolved->message);
    return no("Pending", std::move(waits));
  }

  /// Group of the Gateway, and qualified name.
  using Name = std::pair<std::string_view, std::string_view>;
  const plan::Plan& plan_;
  const ApplyOutcome& outcome_;
  const std::string data_path_;
  std::map<Name, const plan::PlacedListener*> placed_;
  std::map<Name, const plan::Rejection*> rejections_;  ///< the first of each listener
};

namespace {

/// Each Gateway with its ListenerSets.
std::vector<Completer::Family> families_of(const api::StatusReport& report) {
  std::map<api::ObjectRef, std::vector<std::shared_ptr<const api::ListenerSetStatus>>> sets;
  for (const auto& set : report.listener_sets.pointers()) sets[set->gateway].push_back(set);
  std::vector<Completer::Family> families;
  for (const auto& gateway : report.gateways.pointers()) {
    Completer::Family& family = families.emplace_back(Completer::Family{gateway, {}});
    if (const auto own = sets.find(gateway->ref); own != sets.end()) family.listener_sets = std::move(own->second);
  }
  return families;
}

}  // namespace

api::StatusReport complete(const api::StatusReport& report, const plan::Plan& plan, const ApplyOutcome& outcome) {
  return *Completer().complete(std::make_shared<const api::StatusReport>(report), plan, outcome);
}

std::shared_ptr<const api::StatusReport> Completer::complete(const std::shared_ptr<const api::StatusReport>& report,
                                                             const plan::Plan& plan, const ApplyOutcome& outcome) {
  Read read{plan.attachments, plan.placed, plan.rejections};
  const bool is_same_plan = read == read_ && outcome == outcome_;
  if (completed_ != nullptr && report == report_ && is_same_plan) return completed_;
  if (!is_same_plan) families_.clear();
  complete_families(*report, plan, outcome);
  api::StatusReport completed = *report;
  completed.gateways = gateways();
  completed.listener_sets = listener_sets();
  completed_ = std::make_shared<const api::StatusReport>(std::move(completed));
  report_ = report;
  read_ = std::move(read);
  outcome_ = outcome;
  return completed_;
}

/// Those that are the same objects as the last time are not completed again.
void Completer::complete_families(const api::StatusReport& report, const plan::Plan& plan,
                                  const ApplyOutcome& outcome) {
  std::optional<Completion> completion;
  std::map<api::ObjectRef, Entry> before = std::exchange(families_, {});
  for (Family& family : families_of(report)) {
    const api::ObjectRef& ref = family.gateway->ref;
    auto known = before.extract(ref);
    if (!known.empty() && known.mapped().family == family) {
      families_.insert(families_.end(), std::move(known));
      continue;
    }
    if (!completion) completion.emplace(plan, outcome);
    Family completed = completion->complete(family);
    families_.emplace_hint(families_.end(), ref, Entry{std::move(family), std::move(completed)});
  }
}

api::Objects<api::GatewayStatus> Completer::gateways() const {
  std::vector<std::shared_ptr<const api::GatewayStatus>> all;
  all.reserve(families_.size());
  for (const auto& [ref, entry] : families_) all.push_back(entry.completed.gateway);
  return api::Objects<api::GatewayStatus>(std::move(all));
}

api::Objects<api::ListenerSetStatus> Completer::listener_sets() const {
  std::vector<std::shared_ptr<const api::ListenerSetStatus>> all;
  for (const auto& [ref, entry] : families_) std::ranges::copy(entry.completed.listener_sets, std::back_inserter(all));
  std::ranges::sort(all, {}, [](const auto& set) -> const auto& { return set->ref; });
  return api::Objects<api::ListenerSetStatus>(std::move(all));
}

}  // namespace gw::status
