// SPDX-License-Identifier: Apache-2.0
#include "userspace/translate/certificates.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <utility>
#include <vector>

namespace gw::translate {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

Bio bio_of(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

/// A key in a Secret has no passphrase; without this OpenSSL would ask the terminal.
int no_passphrase(char* /*buffer*/, int /*size*/, int /*rwflag*/, void* /*user*/) { return 0; }

/// Empty if anything in the text is no certificate.
std::vector<Certificate> parse_certificates(const std::string& pem) {
  const Bio bio = bio_of(pem);
  std::vector<Certificate> certificates;
  while (Certificate certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    certificates.push_back(std::move(certificate));
  }
  // The end of the text is reported as "no start line"; everything else is damage.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) certificates.clear();
  ERR_clear_error();
  return certificates;
}

const std::string* find(const CertificateChecks::Data& data, const char* key) {
  const auto found = data.find(key);
  return found == data.end() || found->second.empty() ? nullptr : &found->second;
}

std::string check_key_pair(const CertificateChecks::Data& data) {
  const std::string* const chain = find(data, kCertificateKey);
  const std::string* const key_text = find(data, kPrivateKeyKey);
  if (chain == nullptr) return fmt::format("has no {}", kCertificateKey);
  if (key_text == nullptr) return fmt::format("has no {}", kPrivateKeyKey);
  const std::vector<Certificate> certificates = parse_certificates(*chain);
  if (certificates.empty()) return fmt::format("has a {} that is not PEM with certificates", kCertificateKey);
  const Bio bio = bio_of(*key_text);
  const PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  const bool fits = key != nullptr && X509_check_private_key(certificates.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) return fmt::format("has a {} that is not PEM with an unencrypted private key", kPrivateKeyKey);
  return fits ? "" : fmt::format("has a {} that is not the key of its {}", kPrivateKeyKey, kCertificateKey);
}

/// Of the first certificate of the chain.
std::vector<std::string> read_dns_names(const std::string& chain) {
  const std::vector<Certificate> certificates = parse_certificates(chain);
  if (certificates.empty()) return {};
  const AlternativeNames all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificates.front().get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    names.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return names;
}

std::string check_authorities(const CertificateChecks::Data& data) {
  const std::string* const bundle = find(data, kAuthoritiesKey);
  if (bundle == nullptr) return fmt::format("has no {}", kAuthoritiesKey);
  return parse_certificates(*bundle).empty()
             ? fmt::format("has a {} that is not PEM with certificates", kAuthoritiesKey)
             : "";
}

}  // namespace

void CertificateChecks::begin_round() {
  key_pairs_.begin_round();
  authorities_.begin_round();
  names_.begin_round();
}

const std::string& CertificateChecks::key_pair_problem(const Data& data) {
  return key_pairs_.find_or(&data, [&data] { return check_key_pair(data); });
}

const std::vector<std::string>& CertificateChecks::dns_names(const Data& data) {
  return names_.find_or(&data, [&data] { return read_dns_names(data.at(kCertificateKey)); });
}

const std::string& CertificateChecks::authorities_problem(const Data& data) {
  return authorities_.find_or(&data, [&data] { return check_authorities(data); });
}

}  // namespace gw::translate
