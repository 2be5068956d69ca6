// SPDX-License-Identifier: Apache-2.0
#include "userspace/agent/health_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

namespace gw::agent {
namespace {

using nlohmann::json;

/// Of the endpoints of one backendRef; the rest is a number.
constexpr std::size_t kNamed = 5;

std::time_t since(const health::Outage& outage, const Moment& now) {
  return now.wall - std::chrono::duration_cast<std::chrono::seconds>(now.steady - outage.since).count();
}

std::string to_text(const health::Outage& outage, const Moment& now) {
  return fmt::format("{} is {} since {:%Y-%m-%dT%H:%M:%SZ}: {}", outage.endpoint, outage.state,
                     fmt::gmtime(since(outage, now)), outage.why);
}

/// "namespace/service:port" -> both parts.
std::pair<std::string, std::string> split_port(const std::string& backend_ref) {
  const auto colon = backend_ref.rfind(':');
  return {backend_ref.substr(0, colon), backend_ref.substr(colon + 1)};
}

}  // namespace

json describe(const HealthChecks::Report& report, const Moment& now) {
  json out = json::array();
  for (const auto& outage : report.outages) {
    out.push_back({{"backendRef", outage.backend_ref},
                   {"endpoint", outage.endpoint},
                   {"state", outage.state},
                   {"why", outage.why},
                   {"since", since(outage, now)}});
  }
  return {{"checked", report.checked}, {"watched", report.watched}, {"outOfUse", std::move(out)}};
}

std::vector<HealthFinding> findings_of(const HealthChecks::Report& report, const Moment& now) {
  std::map<std::string, std::vector<const health::Outage*>> by_ref;
  for (const auto& outage : report.outages) by_ref[outage.backend_ref].push_back(&outage);
  std::vector<HealthFinding> findings;
  for (const auto& [backend_ref, outages] : by_ref) {
    const auto [service, port] = split_port(backend_ref);
    std::string message = fmt::format("port {}: ", port);
    for (std::size_t i = 0; i < std::min(outages.size(), kNamed); ++i) {
      message += (i == 0 ? "" : "; ") + to_text(*outages[i], now);
    }
    if (outages.size() > kNamed) message += fmt::format("; and {} more", outages.size() - kNamed);
    findings.push_back({"Service " + service, std::move(message)});
  }
  return findings;
}

}  // namespace gw::agent
