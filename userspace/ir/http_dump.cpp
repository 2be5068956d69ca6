// SPDX-License-Identifier: Apache-2.0
#include "userspace/ir/http_dump.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gw::ir {
namespace {

const char* word(L7Listener::Protocol protocol) {
  switch (protocol) {
    case L7Listener::Protocol::Http: return "http";
    case L7Listener::Protocol::Https: return "https";
    case L7Listener::Protocol::TlsTerminate: return "tls";
    case L7Listener::Protocol::TlsPassthrough: return "tls-passthrough";
  }
  return "";
}

std::string describe(const PathMatch& path) {
  switch (path.type) {
    case PathMatch::Type::Exact: return path.value;
    case PathMatch::Type::Prefix: return path.value == "/" ? "/*" : path.value + "/*";
    case PathMatch::Type::GrpcMethod: return "/*/" + path.value;
    case PathMatch::Type::Regex: return "~" + path.value;
  }
  return "";
}

std::string describe(const char* kind, const std::vector<ValueMatch>& matches) {
  std::string text;
  for (const auto& match : matches) {
    text += fmt::format(" {} {}{}{}", kind, match.name, match.type == ValueMatch::Type::Regex ? "~" : "=", match.value);
  }
  return text;
}

std::string describe(const HttpMatch& match) {
  return fmt::format("{}{}{}{}{}", match.method, match.method.empty() ? "" : " ", describe(match.path),
                     describe("header", match.headers), describe("query", match.query));
}

std::string hostname_list(const std::vector<Hostname>& hostnames) {
  std::string text;
  for (const auto& hostname : hostnames) text += (text.empty() ? "" : ", ") + hostname.to_string();
  return text;
}

std::string dump_listener(const Config& config, const L7Listener& listener) {
  std::string text = fmt::format("listener {} ({}) {} {} on {} hostname {}\n", listener.qualified_name(),
                                 listener.gateway_group, word(listener.protocol), listener.port,
                                 dump_addresses(listener.addresses), listener.hostname.to_string());
  text += dump_admission(listener.admission);
  for (const auto& certificate : listener.certificates) {
    text += fmt::format("  certificate {}{}\n", certificate.key_pair,
                        certificate.hostnames.empty() ? "" : " for " + hostname_list(certificate.hostnames));
  }
  if (listener.client_validation) {
    text += fmt::format("  client certificates of {}{}\n", fmt::join(listener.client_validation->ca_bundles, ", "),
                        listener.client_validation->lets_invalid_in ? ", others let in" : "");
  }
  if (!listener.backend_client_certificate.empty()) {
    text += fmt::format("  shows backends {}\n", listener.backend_client_certificate);
  }
  for (const auto& entry : listener.http) {
    const HttpRule* const rule = config.http_rules.get(entry.rule);
    text += fmt::format("  {} {} -> {}\n", entry.hostname.to_string(),
                        rule == nullptr ? "?" : describe(rule->matches.at(entry.match)), entry.rule);
  }
  for (const auto& entry : listener.tls) text += fmt::format("  {} -> {}\n", entry.hostname.to_string(), entry.service);
  return text;
}

std::string header_edits(const char* what, const HeaderModifier& edits, const std::string& indent) {
  std::string text;
  for (const auto& header : edits.set)
    text += fmt::format("{}{} set {}: {}\n", indent, what, header.name, header.value);
  for (const auto& header : edits.add)
    text += fmt::format("{}{} add {}: {}\n", indent, what, header.name, header.value);
  for (const auto& name : edits.remove) text += fmt::format("{}{} remove {}\n", indent, what, name);
  return text;
}

std::string describe(const std::optional<PathRewrite>& path) {
  if (!path) return "";
  return fmt::format(" {} {}", path->type == PathRewrite::Type::FullPath ? "path" : "prefix",
                     path->value.empty() ? "\"\"" : path->value);
}

std::string describe(const Redirect& redirect) {
  std::string text = std::to_string(redirect.status);
  if (redirect.scheme) text += " scheme " + *redirect.scheme;
  if (redirect.hostname) text += " host " + *redirect.hostname;
  if (redirect.port) text += fmt::format(" port {}", *redirect.port);
  return text + describe(redirect.path);
}

std::string describe(const Cors& cors) {
  return fmt::format("origins {}{} methods {} headers {} exposes {} for {} s", fmt::join(cors.allow_origins, ","),
                     cors.allow_credentials ? " with credentials" : "", fmt::join(cors.allow_methods, ","),
                     fmt::join(cors.allow_headers, ","), fmt::join(cors.expose_headers, ","), cors.max_age_seconds);
}

std::string notes(const ProxyBackend& backend) { return backend.protocol == BackendProtocol::H2c ? " h2" : ""; }

std::string dump_filters(const Config& config, const HttpFilters& filters, const std::string& indent) {
  std::string text;
  if (filters.refusal) text += fmt::format("{}answer {}\n", indent, *filters.refusal);
  text += header_edits("request", filters.request_headers, indent);
  text += header_edits("response", filters.response_headers, indent);
  if (filters.redirect) text += fmt::format("{}redirect {}\n", indent, describe(*filters.redirect));
  if (filters.rewrite) {
    text +=
        fmt::format("{}rewrite{}{}\n", indent, filters.rewrite->hostname ? " host " + *filters.rewrite->hostname : "",
                    describe(filters.rewrite->path));
  }
  if (filters.cors) text += fmt::format("{}cors {}\n", indent, describe(*filters.cors));
  for (const auto& mirror : filters.mirrors) {
    text += fmt::format("{}mirror {}/{}\n", indent, mirror.numerator, mirror.denominator);
    text += dump_ref(config, mirror.backend.target, indent + "  ", notes(mirror.backend));
  }
  if (filters.auth) {
    text +=
        fmt::format("{}auth {}\n", indent, filters.auth->protocol == ExternalAuth::Protocol::Grpc ? "grpc" : "http");
    text += dump_ref(config, filters.auth->backend.target, indent + "  ", notes(filters.auth->backend));
  }
  return text;
}

std::string milliseconds(const char* what, const std::optional<std::chrono::milliseconds>& value) {
  return value ? fmt::format("  {} {} ms\n", what, value->count()) : "";
}

std::string dump_session(const SessionPersistence& session) {
  const bool is_cookie = session.type == SessionPersistence::Type::Cookie;
  return fmt::format("  session by {}{}{}{}{}\n", is_cookie ? "cookie" : "header",
                     session.name.empty() ? "" : " " + session.name,
                     is_cookie && session.cookie_path != "/" ? " path " + session.cookie_path : "",
                     session.is_permanent ? " permanent" : "",
                     session.absolute_timeout ? fmt::format(" for {} ms", session.absolute_timeout->count()) : "");
}

std::string dump_rule(const Config& config, const std::string& key, const HttpRule& rule) {
  std::string text = fmt::format("rule {}{}\n", key, rule.is_grpc ? " grpc" : "");
  text += dump_filters(config, rule.filters, "  ");
  text += milliseconds("request timeout", rule.request_timeout);
  text += milliseconds("backend timeout", rule.backend_timeout);
  if (rule.retry) {
    text += fmt::format("  retry {} times on {}{}\n", rule.retry->attempts, fmt::join(rule.retry->codes, ","),
                        rule.retry->backoff ? fmt::format(" after {} ms", rule.retry->backoff->count()) : "");
  }
  if (rule.session) text += dump_session(*rule.session);
  if (rule.backends.empty() && !rule.filters.redirect)
    text += fmt::format("  answer {}\n", rule.status_without_backend);
  for (const auto& backend : rule.backends) {
    text += dump_ref(config, backend.target, "  ", notes(backend));
    text += dump_filters(config, backend.filters, "    ");
  }
  return text;
}

std::string dump_backend_tls(const std::string& key, const BackendTls& tls) {
  std::string text = fmt::format("tls {}{}", key, tls.hostname.empty() ? "" : " name " + tls.hostname);
  for (const auto& name : tls.names) {
    text += fmt::format(" {} {}", name.type == BackendTls::Name::Type::Uri ? "uri" : "dns", name.value);
  }
  if (tls.trusts_system) text += " authorities of the system";
  if (!tls.ca_bundles.empty()) text += fmt::format(" authorities {}", fmt::join(tls.ca_bundles, ", "));
  return text + (tls.is_usable ? "\n" : " not usable\n");
}

}  // namespace

std::string dump_listeners(const Config& config) {
  std::string text;
  for (const auto& listener : config.l7_listeners) text += dump_listener(config, listener);
  return text;
}

std::string dump_http_rules(const Config& config) {
  std::string text;
  for (const auto& [key, rule] : config.http_rules) text += dump_rule(config, key, rule);
  return text;
}

/// Neither keys nor certificates: only their names.
std::string dump_tls_settings(const Config& config) {
  std::string text;
  for (const auto& [key, tls] : config.backend_tls) text += dump_backend_tls(key, tls);
  for (const auto& [key, pair] : config.key_pairs) text += fmt::format("key pair {}\n", key);
  for (const auto& [key, bundle] : config.ca_bundles) text += fmt::format("authorities {}\n", key);
  return text;
}

}  // namespace gw::ir
