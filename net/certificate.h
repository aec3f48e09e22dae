// What a certificate says of itself, and its records for DANE.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct ssl_ctx_st;
struct x509_st;

namespace guichet::net {

struct CertificateFacts {
  std::string subject, issuer;     // RFC 2253, non-ASCII escaped
  std::vector<std::string> names;  // dNSName of its subjectAltName, lower case; "*.example.org" as it stands
  std::int64_t not_before_s = 0, not_after_s = 0;  // unix time
  bool self_signed = false;
  std::string digest;      // SHA-256 of it and its chain, hex: another one, another digest
  std::string key_sha256;  // of its SubjectPublicKeyInfo, hex: what TLSA 3 1 1 holds (RFC 6698 section 2.1)
  struct Authority {
    std::string subject;
    std::string key_sha256;  // what TLSA 2 1 1 holds
  };
  std::vector<Authority> chain;  // what is sent with it, the one that signed it first
};

// Of a certificate by itself, and of the one that the context serves with its chain.
[[nodiscard]] CertificateFacts facts_of(x509_st* certificate);
[[nodiscard]] CertificateFacts facts_of(const ssl_ctx_st* context);

// RFC 6125 section 6.4: case does not count, and a "*" stands for the whole of the first label.
[[nodiscard]] bool bears(const CertificateFacts& certificate, std::string_view name);

}  // namespace guichet::net
