// SPDX-License-Identifier: Apache-2.0
// healthCheck of an UpstreamPolicy. Names and defaults are those of Envoy Gateway's BackendTrafficPolicy where the
// thing is the same.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxStatuses = 32;
constexpr std::size_t kMaxPath = 1024;
constexpr std::uint32_t kMaxThreshold = 100;
constexpr std::uint32_t kMaxFailures = 10'000;

/// origin-form (RFC 9112 section 3.2.1). What is sent to the endpoint has neither spaces nor line breaks.
std::optional<std::string> check_request_target(std::string_view text) {
  std::string path(text);
  std::ranges::replace(path, '?', '/');
  if (text.starts_with('/') && text.size() <= kMaxPath && is_path_text(path)) return std::nullopt;
  return fmt::format("\"{}\" is not a path with or without a query (expected such as /healthz, at most {} characters)",
                     text.substr(0, 80), kMaxPath);
}

std::vector<std::uint16_t> as_statuses(const Cursor& cursor) {
  auto statuses = set_of(integer_in<std::uint16_t>(200, 599), 1, kMaxStatuses)(cursor);
  std::ranges::sort(statuses);
  return statuses;
}

HttpCheck decode_http(const Cursor& cursor) {
  HttpCheck http;
  Fields fields(cursor);
  fields.optional("method", http.method,
                  word_of<std::string>({{"GET", "GET"}, {"HEAD", "HEAD"}, {"OPTIONS", "OPTIONS"}}));
  fields.optional("path", http.path, checked_by(check_request_target));
  fields.optional("hostname", http.host, as_precise_hostname);
  fields.optional("expectedStatuses", http.expected_statuses, as_statuses);
  fields.finish();
  return http;
}

GrpcCheck decode_grpc(const Cursor& cursor) {
  GrpcCheck grpc;
  Fields fields(cursor);
  fields.optional("service", grpc.service, text_of(1, 253));
  fields.finish();
  return grpc;
}

ActiveCheck decode_active(const Cursor& cursor) {
  enum class Type : std::uint8_t { Tcp, Http, Grpc };
  ActiveCheck check;
  Type type = Type::Tcp;
  Fields fields(cursor);
  fields.required("type", type, word_of<Type>({{"TCP", Type::Tcp}, {"HTTP", Type::Http}, {"GRPC", Type::Grpc}}));
  fields.optional("port", check.port, as_port);
  fields.optional("interval", check.interval, duration_in(milliseconds(100), std::chrono::hours(1)));
  fields.optional("timeout", check.timeout, duration_in(milliseconds(10), std::chrono::minutes(1)));
  fields.optional("healthyThreshold", check.healthy_threshold, integer_in(1, kMaxThreshold));
  fields.optional("unhealthyThreshold", check.unhealthy_threshold, integer_in(1, kMaxThreshold));
  const auto http = fields.find("http");
  const auto grpc = fields.find("grpc");
  if (http || type == Type::Http) check.http = http ? decode_http(*http) : HttpCheck{};
  if (grpc || type == Type::Grpc) check.grpc = grpc ? decode_grpc(*grpc) : GrpcCheck{};
  fields.finish();
  if (http && type != Type::Http) http->problem("is set, but the type is not HTTP (leave one out)");
  if (grpc && type != Type::Grpc) grpc->problem("is set, but the type is not GRPC (leave one out)");
  return check;
}

PassiveCheck decode_passive(const Cursor& cursor) {
  PassiveCheck check;
  Fields fields(cursor);
  fields.optional("consecutiveFailures", check.consecutive_failures, integer_in(1, kMaxFailures));
  fields.optional("connectTimeout", check.connect_timeout, duration_in(milliseconds(100), std::chrono::minutes(1)));
  fields.optional("baseEjectionTime", check.base_ejection_time,
                  duration_in(std::chrono::seconds(1), std::chrono::hours(24)));
  fields.optional("maxEjectionPercent", check.max_ejection_percent, integer_in(0, 100));
  fields.finish();
  return check;
}

}  // namespace

void decode_health_check(const Cursor& cursor, UpstreamPolicy& policy) {
  Fields fields(cursor);
  fields.optional("active", policy.active_check, decode_active);
  fields.optional("passive", policy.passive_check, decode_passive);
  fields.optional("panicThreshold", policy.panic_threshold, integer_in(0, 100));
  fields.finish();
  if (!policy.active_check && !policy.passive_check && !policy.panic_threshold) {
    cursor.problem("says nothing (expected active, passive or panicThreshold)");
  }
}

}  // namespace gw::api
