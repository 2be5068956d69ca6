// SPDX-License-Identifier: Apache-2.0
#include "userspace/proxy/route_table.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace gw::proxy {
namespace {

using ir::Hostname;

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto same = [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); };
  return std::ranges::equal(a, b, same);
}

/// Repeated headers count as one list (RFC 9110 section 5.3); the value that is compared is the first.
std::optional<std::string_view> find_header(std::span<const Header> headers, std::string_view name) {
  const auto found =
      std::ranges::find_if(headers, [name](const Header& header) { return equals_ignoring_case(header.name, name); });
  return found == headers.end() ? std::nullopt : std::optional(found->value);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const int letter = std::tolower(static_cast<unsigned char>(c));
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/// As forms write it: "+" is a space, "%41" an "A". What is no valid escape stays as it is.
std::string decode_query(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      decoded += text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

/// The first of the name counts (HTTPQueryParamMatch).
std::optional<std::string> find_param(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    const std::size_t equals = pair.find('=');
    if (decode_query(pair.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? "" : decode_query(pair.substr(equals + 1));
    }
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return std::nullopt;
}

/// By path elements: "/a" takes "/a", "/a/" and "/a/b", but not "/ab".
bool has_prefix(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return true;
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

bool has_grpc_method(std::string_view path, std::string_view method) {
  const std::size_t slash = path.rfind('/');
  return slash != 0 && slash != std::string_view::npos && path.substr(slash + 1) == method;
}

/// The regular expressions of all matches, each compiled once.
class Regexes {
 public:
  void add(const std::string& expression) {
    if (regexes_.contains(expression)) return;
    regexes_.emplace(expression, std::make_unique<re2::RE2>(expression, re2::RE2::Quiet));
  }
  /// False for what does not compile, which translate has refused already.
  [[nodiscard]] bool matches(const std::string& expression, std::string_view text) const {
    const auto found = regexes_.find(expression);
    return found != regexes_.end() && found->second->ok() &&
           re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *found->second);
  }

 private:
  std::unordered_map<std::string, std::unique_ptr<const re2::RE2>> regexes_;
};

void add_regexes(const ir::HttpMatch& match, Regexes& regexes) {
  if (match.path.type == ir::PathMatch::Type::Regex) regexes.add(match.path.value);
  for (const auto* values : {&match.headers, &match.query}) {
    for (const auto& value : *values) {
      if (value.type == ir::ValueMatch::Type::Regex) regexes.add(value.value);
    }
  }
}

/// One request against matches.
class Matcher {
 public:
  Matcher(const Request& request, const Regexes& regexes) : request_(request), regexes_(regexes) {}

  [[nodiscard]] bool takes(const ir::HttpMatch& match) const {
    return (match.method.empty() || match.method == request_.method) && takes(match.path) &&
           std::ranges::all_of(
               match.headers,
               [this](const auto& value) { return takes(value, find_header(request_.headers, value.name)); }) &&
           std::ranges::all_of(
               match.query, [this](const auto& value) { return takes(value, find_param(request_.query, value.name)); });
  }

 private:
  [[nodiscard]] bool takes(const ir::PathMatch& path) const {
    switch (path.type) {
      case ir::PathMatch::Type::Exact: return request_.path == path.value;
      case ir::PathMatch::Type::Prefix: return has_prefix(request_.path, path.value);
      case ir::PathMatch::Type::GrpcMethod: return has_grpc_method(request_.path, path.value);
      case ir::PathMatch::Type::Regex: return regexes_.matches(path.value, request_.path);
    }
    return false;
  }
  template <typename Text>
  [[nodiscard]] bool takes(const ir::ValueMatch& match, const std::optional<Text>& value) const {
    if (!value) return false;
    return match.type == ir::ValueMatch::Type::Exact ? *value == match.value : regexes_.matches(match.value, *value);
  }

  const Request& request_;
  const Regexes& regexes_;
};

}  // namespace

struct RouteTable::Data {
  struct Entry {
    const ir::HttpRule* rule;
    const ir::HttpMatch* match;
    std::string key;
  };
  /// A listener with its entries by hostname; those of one hostname in their order.
  struct Listener {
    ir::L7Listener listener;
    std::map<Hostname, std::vector<Entry>> http;
    std::map<Hostname, std::string> tls;
  };

  std::map<std::string, ir::HttpRule> rules;
  std::map<Hostname, Listener> listeners;
  Regexes regexes;

  void add(const ir::Config& config, const ir::L7Listener& source);
  [[nodiscard]] const Listener* find(std::string_view host) const;
  [[nodiscard]] Match find(const Listener& listener, const Request& request, const std::string& host) const;
};

void RouteTable::Data::add(const ir::Config& config, const ir::L7Listener& source) {
  Listener& listener = listeners.try_emplace(source.hostname).first->second;
  listener.listener = source;
  for (const auto& entry : source.http) {
    const ir::HttpRule* const configured = config.http_rules.get(entry.rule);
    if (configured == nullptr || entry.match >= configured->matches.size()) continue;
    const ir::HttpRule& rule = rules.try_emplace(entry.rule, *configured).first->second;
    add_regexes(rule.matches[entry.match], regexes);
    listener.http[entry.hostname].push_back({&rule, &rule.matches[entry.match], entry.rule});
  }
  for (const auto& entry : source.tls) listener.tls.try_emplace(entry.hostname, entry.service);
}

/// The listener with the most specific hostname that takes the host. There is no falling back to another one.
const RouteTable::Data::Listener* RouteTable::Data::find(std::string_view host) const {
  for (const auto& hostname : ir::hostnames_taking(host)) {
    if (const auto found = listeners.find(hostname); found != listeners.end()) return &found->second;
  }
  return nullptr;
}

/// From the most specific hostname to the least: "precedence must be given to rules from the HTTPRoute with the largest
/// number of characters in a matching hostname" is about those whose match takes the request.
RouteTable::Match RouteTable::Data::find(const Listener& listener, const Request& request,
                                         const std::string& host) const {
  const Matcher matcher(request, regexes);
  for (const auto& hostname : ir::hostnames_taking(host)) {
    const auto entries = listener.http.find(hostname);
    if (entries == listener.http.end()) continue;
    const auto entry = std::ranges::find_if(
        entries->second, [&matcher](const Entry& candidate) { return matcher.takes(*candidate.match); });
    if (entry != entries->second.end()) {
      return {Outcome::Found, &listener.listener, entry->rule, entry->match, entry->key};
    }
  }
  return {Outcome::NotFound, &listener.listener, nullptr, nullptr, {}};
}

RouteTable::RouteTable() : data_(std::make_shared<const Data>()) {}

RouteTable::RouteTable(const ir::Config& config, const std::vector<const ir::L7Listener*>& listeners) {
  auto data = std::make_shared<Data>();
  for (const auto* listener : listeners) data->add(config, *listener);
  data_ = std::move(data);
}

const ir::L7Listener* RouteTable::find_connection(std::string_view server_name) const {
  const Data::Listener* const found = data_->find(ir::normalize_host(server_name));
  return found == nullptr ? nullptr : &found->listener;
}

std::string_view RouteTable::find_service(const ir::L7Listener& listener, std::string_view server_name) const {
  const auto found = data_->listeners.find(listener.hostname);
  if (found == data_->listeners.end()) return {};
  for (const auto& hostname : ir::hostnames_taking(ir::normalize_host(server_name))) {
    const auto service = found->second.tls.find(hostname);
    if (service != found->second.tls.end()) return service->second;
  }
  return {};
}

RouteTable::Match RouteTable::find(const Request& request, const ir::L7Listener* connection) const {
  const std::string host = ir::normalize_host(request.host);
  const Data::Listener* const listener = data_->find(host);
  if (listener == nullptr) return {};
  if (connection != nullptr && connection->hostname != listener->listener.hostname) {
    return {Outcome::Misdirected, &listener->listener, nullptr, nullptr, {}};
  }
  return data_->find(*listener, request, host);
}

}  // namespace gw::proxy
