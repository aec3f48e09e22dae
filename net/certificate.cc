#include "net/certificate.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <memory>

namespace guichet::net {
namespace {

std::string hex(const unsigned char* octets, std::size_t count) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[octets[i] >> 4];
    text += digits[octets[i] & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view octets) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(octets.data(), octets.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return hex(digest.data(), size);
}

// `encode` is one of OpenSSL's i2d functions: how long without a buffer, then into one.
template <class Object, class Encode>
std::string der_of(Object* object, Encode encode) {
  unsigned char* made = nullptr;
  const int size = encode(object, &made);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
  OPENSSL_free(made);
  return der;
}

std::string key_digest(const X509* certificate) {
  return sha256_hex(der_of(X509_get_X509_PUBKEY(certificate), i2d_X509_PUBKEY));
}

std::string text_of(const X509_NAME* name) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(text.get(), name, 0, XN_FLAG_RFC2253 | ASN1_STRFLGS_ESC_CTRL);
  char* octets = nullptr;
  const auto size = BIO_get_mem_data(text.get(), &octets);
  return size > 0 ? std::string(octets, static_cast<std::size_t>(size)) : std::string();
}

std::int64_t unix_time(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* found =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const auto* name = sk_GENERAL_NAME_value(found, i);
    if (name->type != GEN_DNS) continue;
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName));
    names.push_back(
        lower_case({reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)), size}));
  }
  GENERAL_NAMES_free(found);
  return names;
}

bool fits(std::string_view pattern, std::string_view name) {
  if (pattern == name) return true;
  const auto dot = name.find('.');
  return pattern.starts_with("*.") && dot != std::string_view::npos && dot > 0 &&
         pattern.substr(1) == name.substr(dot);
}

}  // namespace

CertificateFacts facts_of(X509* certificate) {
  return {.subject = text_of(X509_get_subject_name(certificate)),
          .issuer = text_of(X509_get_issuer_name(certificate)),
          .names = names_of(certificate),
          .not_before_s = unix_time(X509_get0_notBefore(certificate)),
          .not_after_s = unix_time(X509_get0_notAfter(certificate)),
          .self_signed = X509_check_issued(certificate, certificate) == X509_V_OK,
          .digest = sha256_hex(der_of(certificate, i2d_X509)),
          .key_sha256 = key_digest(certificate),
          .chain = {}};
}

CertificateFacts facts_of(const SSL_CTX* context) {
  X509* certificate = SSL_CTX_get0_certificate(context);
  if (!certificate) return {};
  auto facts = facts_of(certificate);
  auto all = der_of(certificate, i2d_X509);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(const_cast<SSL_CTX*>(context), &chain);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* authority = sk_X509_value(chain, i);
    facts.chain.push_back({text_of(X509_get_subject_name(authority)), key_digest(authority)});
    all += der_of(authority, i2d_X509);
  }
  facts.digest = sha256_hex(all);
  return facts;
}

bool bears(const CertificateFacts& certificate, std::string_view name) {
  const auto asked = lower_case(name);
  return std::ranges::any_of(certificate.names, [&](const auto& pattern) { return fits(pattern, asked); });
}

}  // namespace guichet::net
