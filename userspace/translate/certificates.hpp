// SPDX-License-Identifier: Apache-2.0
// Private to translate/: whether the certificates and keys of Secrets and ConfigMaps are what they should be. OpenSSL
// is seen by certificates.cpp only.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gw::translate {

inline constexpr const char* kCertificateKey = "tls.crt";
inline constexpr const char* kPrivateKeyKey = "tls.key";
inline constexpr const char* kAuthoritiesKey = "ca.crt";

/// The answer about an object, kept from one round to the next while it stays the same object.
template <typename Answer>
class Answers {
 public:
  void begin_round() { previous_ = std::exchange(current_, {}); }
  template <typename Check>
  const Answer& find_or(const void* object, Check check) {
    const auto [place, is_new] = current_.try_emplace(object);
    if (!is_new) return place->second;
    const auto before = previous_.find(object);
    place->second = before == previous_.end() ? check() : before->second;
    return place->second;
  }

 private:
  std::unordered_map<const void*, Answer> previous_;
  std::unordered_map<const void*, Answer> current_;
};

/// Parsing a key costs more than all else that is done for a listener, so it is done once.
class CertificateChecks {
 public:
  using Data = std::map<std::string, std::string>;

  /// The objects of the round before must still be there; those of earlier ones need not.
  void begin_round();

  /// What is wrong with a Secret's data as a certificate chain with its private key; empty: nothing.
  const std::string& key_pair_problem(const Data& data);
  /// The DNS names of a good key pair's certificate, as it writes them (RFC 5280 4.2.1.6).
  const std::vector<std::string>& dns_names(const Data& data);
  /// What is wrong with the data of a ConfigMap or Secret as a bundle of certificate authorities.
  const std::string& authorities_problem(const Data& data);

 private:
  Answers<std::string> key_pairs_;
  Answers<std::string> authorities_;
  Answers<std::vector<std::string>> names_;
};

}  // namespace gw::translate
