// SPDX-License-Identifier: Apache-2.0
#include "userspace/status/complete.hpp"

#include <fmt/format.h>

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

bool needs_proxy(const api::ListenerStatus& listener) {
  return listener.protocol == "HTTP" || listener.protocol == "HTTPS" || listener.protocol == "TLS";
}

/// Of a Gateway or ListenerSet.
bool is_accepted(const api::Conditions& conditions) {
  const Condition* accepted = conditions.find("Accepted");
  if (accepted == nullptr) accepted = conditions.find("Scheduled");
  return accepted == nullptr || accepted->status == ConditionStatus::True;
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
};

/// What became of the listeners of one owner.
struct Outcome {
  bool any = false;
  std::string problems;
  std::string last_reason;
};

/// Completes one report.
class Completion {
 public:
  Completion(const plan::Plan& plan, const ApplyOutcome& outcome)
      : plan_(plan), outcome_(outcome), data_path_(data_path(plan)) {
    for (const auto& placed : plan.placed) placed_.try_emplace({placed.gateway_group, placed.listener}, &placed);
    for (const auto& rejection : plan.rejections) {
      rejections_.try_emplace({rejection.gateway_group, rejection.listener}, &rejection);
    }
  }

  void complete(api::StatusReport& report) {
    for (auto& set : report.listener_sets) complete(set);
    for (auto& gateway : report.gateways) complete(gateway);
  }

 private:
  using Addresses = std::set<IpAddress>;

  void complete(api::ListenerSetStatus& set) {
    const Owner owner{set.gateway.group,
                      fmt::format("{}/{}/{}/{}/", set.gateway.ns, set.gateway.name, set.ref.ns, set.ref.name),
                      "Programmed",
                      true,
                      is_accepted(set.conditions),
                      generation_of(set.conditions)};
    Outcome outcome = complete(owner, set.listeners, addresses_[set.gateway]);
    sets_serve_[set.gateway] = sets_serve_[set.gateway] || outcome.any;
    const Condition* const accepted = set.conditions.find("Accepted");
    if (accepted != nullptr && accepted->status != ConditionStatus::True) {
      outcome = {false, accepted->message, accepted->reason};
    }
    set.conditions.set(summary(owner, outcome));
  }

  void complete(api::GatewayStatus& gateway) {
    const Owner owner{gateway.ref.group,
                      fmt::format("{}/{}/", gateway.ref.ns, gateway.ref.name),
                      is_legacy(gateway) ? "Ready" : "Programmed",
                      false,
                      is_accepted(gateway.conditions),
                      generation_of(gateway.conditions)};
    Addresses& addresses = addresses_[gateway.ref];
    Outcome outcome = complete(owner, gateway.listeners, addresses);
    outcome.any = outcome.any || sets_serve_[gateway.ref];
    for (const auto& address : addresses) gateway.addresses.push_back({"IPAddress", address.to_string(), "", {}});
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
    const auto rejection = rejections_.find({owner.group, name});
    if (rejection != rejections_.end()) return no(rejection->second->reason, rejection->second->message);
    const auto placed = placed_.find({owner.group, name});
    if (placed == placed_.end()) return unplaced(owner, listener);
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
    return {owner.type, ConditionStatus::True, owner.type, on, 0};
  }

  static Condition unplaced(const Owner& owner, const api::ListenerStatus& listener) {
    const auto no = [&owner](const char* reason, std::string message) {
      return Condition{owner.type, ConditionStatus::False, reason, std::move(message), 0};
    };
    if (!owner.is_accepted || !needs_proxy(listener)) {
      return no("Invalid", owner.is_set ? "its ListenerSet is not accepted" : "its Gateway is not accepted");
    }
    const Condition* const resolved = listener.conditions.find("ResolvedRefs");
    if (resolved != nullptr && resolved->reason != "ResolvedRefs") return no("Invalid", resolved->message);
    return no("Pending",
              fmt::format("{} is served by the proxy, which this version does not have yet: nothing listens on "
                          "port {}",
                          listener.protocol, listener.port));
  }

  /// Group of the Gateway, and qualified name.
  using Name = std::pair<std::string_view, std::string_view>;
  const plan::Plan& plan_;
  const ApplyOutcome& outcome_;
  const std::string data_path_;
  std::map<Name, const plan::PlacedListener*> placed_;
  std::map<Name, const plan::Rejection*> rejections_;  ///< the first of each listener
  std::map<api::ObjectRef, Addresses> addresses_;      ///< of each Gateway
  std::map<api::ObjectRef, bool> sets_serve_;          ///< whether a ListenerSet's listener does
};

}  // namespace

api::StatusReport complete(api::StatusReport report, const plan::Plan& plan, const ApplyOutcome& outcome) {
  Completion(plan, outcome).complete(report);
  return report;
}

std::shared_ptr<const api::StatusReport> Completer::complete(const std::shared_ptr<const api::StatusReport>& report,
                                                             const plan::Plan& plan, const ApplyOutcome& outcome) {
  Read read{plan.attachments, plan.placed, plan.rejections};
  if (completed_ != nullptr && report == report_ && read == read_ && outcome == outcome_) return completed_;
  completed_ = std::make_shared<const api::StatusReport>(status::complete(*report, plan, outcome));
  report_ = report;
  read_ = std::move(read);
  outcome_ = outcome;
  return completed_;
}

}  // namespace gw::status
