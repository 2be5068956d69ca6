// SPDX-License-Identifier: Apache-2.0
// BackendTLSPolicy of gateway.networking.k8s.io.
#include <fmt/format.h>

#include "userspace/api/kinds.hpp"
#include "userspace/api/parts.hpp"
#include "userspace/api/readers.hpp"

namespace gw::api {
namespace {

/// "System", or DOMAIN/NAME.
std::optional<std::string> check_well_known(std::string_view text) {
  const bool is_prefixed = text.find('/') != std::string_view::npos && !check_qualified_name(text);
  if ((text == "System" || is_prefixed) && text.size() <= 253) return std::nullopt;
  return fmt::format("\"{}\" is not supported (expected System, or a name such as example.com/roots)",
                     text.substr(0, 80));
}

/// SCHEME://..., as far as the CRD's pattern goes.
std::optional<std::string> check_uri(std::string_view text) {
  const std::size_t scheme = text.find_first_of(":/?#");
  const bool is_right = scheme != std::string_view::npos && scheme > 0 && text.substr(scheme).starts_with("://");
  if (is_right && is_length_within(text, 1, 253)) return std::nullopt;
  return fmt::format("\"{}\" is not a URI (expected such as spiffe://example.com/app, at most 253 characters)",
                     text.substr(0, 80));
}

SubjectAltName decode_alt_name(const Cursor& cursor) {
  using Type = SubjectAltName::Type;
  SubjectAltName name;
  Fields fields(cursor);
  fields.required("type", name.type, word_of<Type>({{"Hostname", Type::Hostname}, {"URI", Type::Uri}}));
  std::optional<std::string> hostname;
  std::optional<std::string> uri;
  fields.optional("hostname", hostname, as_hostname);
  fields.optional("uri", uri, checked_by(check_uri));
  fields.finish();
  const bool is_hostname = name.type == Type::Hostname;
  if (hostname.has_value() != is_hostname || uri.has_value() == is_hostname) {
    cursor.problem(is_hostname ? "needs hostname, and not uri, for the type Hostname"
                               : "needs uri, and not hostname, for the type URI");
  }
  name.value = (is_hostname ? hostname : uri).value_or("");
  return name;
}

void decode_validation(const Cursor& cursor, BackendTlsPolicy& policy) {
  Fields fields(cursor);
  const bool has_references = fields.find("caCertificateRefs").has_value();
  fields.optional("caCertificateRefs", policy.ca_certificate_refs, list_of(decode_local_reference, 1, 8));
  fields.optional("wellKnownCACertificates", policy.well_known_ca_certificates, checked_by(check_well_known));
  fields.required("hostname", policy.hostname, as_precise_hostname);
  fields.optional("subjectAltNames", policy.subject_alt_names, list_of(decode_alt_name, 0, 5));
  fields.finish();
  if (has_references != policy.well_known_ca_certificates.empty()) {
    cursor.problem("needs either caCertificateRefs or wellKnownCACertificates (exactly one of them)");
  }
}

}  // namespace

void decode_backend_tls_policy(const Cursor& spec, BackendTlsPolicy& policy) {
  Fields fields(spec);
  fields.required("targetRefs", policy.targets, decode_policy_targets);
  if (const auto validation = fields.require("validation")) decode_validation(*validation, policy);
  fields.optional("options", policy.options, decode_tls_options);
  fields.finish();
}

}  // namespace gw::api
