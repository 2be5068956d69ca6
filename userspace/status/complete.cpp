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

/// The listener's condition that says it is not to be programmed at all.
const Condition* objection(const api::ListenerStatus& listener) {
  for (const char* type : {"Conflicted", "Detached"}) {
    const Condition* condition = listener.conditions.find(type);
    if (condition != nullptr && condition->status == ConditionStatus::True) return condition;
  }
  const Condition* accepted = listener.conditions.find("Accepted");
  return accepted != nullptr && accepted->status == ConditionStatus::False ? accepted : nullptr;
}

std::string data_path(const plan::Plan& plan) {
  std::string text;
  for (const auto& attachment : plan.attachments) {
    text += fmt::format("{}{}: {} ({})", text.empty() ? "" : "; ", attachment.link, attachment.xdp ? "xdp" : "tc",
                        attachment.reason);
  }
  return text;
}

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

  void complete(api::GatewayStatus& gateway) const {
    std::set<IpAddress> addresses;
    std::string problems;
    bool any = false;
    const std::int64_t generation =
        gateway.conditions.all().empty() ? 0 : gateway.conditions.all()[0].observed_generation;
    Condition last;
    for (auto& listener : gateway.listeners) {
      Condition condition = judge(gateway, listener, addresses);
      condition.observed_generation = generation;
      any = any || condition.status == ConditionStatus::True;
      if (condition.status != ConditionStatus::True) {
        problems += fmt::format("{}listener {}: {}", problems.empty() ? "" : "; ", listener.name, condition.message);
      }
      last = condition;
      listener.conditions.set(std::move(condition));
    }
    for (const auto& address : addresses) gateway.addresses.push_back({"IPAddress", address.to_string(), "", {}});
    const char* failed = last.reason.empty() ? "Invalid" : last.reason.c_str();
    gateway.conditions.set({type(gateway), any ? ConditionStatus::True : ConditionStatus::False,
                            any ? healthy(gateway) : failed, problems, generation});
  }

 private:
  static const char* type(const api::GatewayStatus& gateway) { return is_legacy(gateway) ? "Ready" : "Programmed"; }
  static const char* healthy(const api::GatewayStatus& gateway) { return is_legacy(gateway) ? "Ready" : "Programmed"; }

  Condition judge(const api::GatewayStatus& gateway, api::ListenerStatus& listener,
                  std::set<IpAddress>& addresses) const {
    const std::string name = gateway.ref.ns + "/" + gateway.ref.name + "/" + listener.name;
    const auto no = [&](const std::string& reason, const std::string& message) {
      return Condition{type(gateway), ConditionStatus::False, reason, message, 0};
    };
    if (const Condition* against = objection(listener)) return no("Invalid", against->message);
    const auto rejection = rejections_.find({gateway.ref.group, name});
    if (rejection != rejections_.end()) return no(rejection->second->reason, rejection->second->message);
    const auto placed = placed_.find({gateway.ref.group, name});
    if (placed == placed_.end()) return no("Invalid", "its Gateway is not accepted");
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
    return {type(gateway), ConditionStatus::True, healthy(gateway), on, 0};
  }

  /// Group of the Gateway, and qualified name.
  using Name = std::pair<std::string_view, std::string_view>;
  const plan::Plan& plan_;
  const ApplyOutcome& outcome_;
  const std::string data_path_;
  std::map<Name, const plan::PlacedListener*> placed_;
  std::map<Name, const plan::Rejection*> rejections_;  ///< the first of each listener
};

}  // namespace

api::StatusReport complete(api::StatusReport report, const plan::Plan& plan, const ApplyOutcome& outcome) {
  const Completion completion(plan, outcome);
  for (auto& gateway : report.gateways) completion.complete(gateway);
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
