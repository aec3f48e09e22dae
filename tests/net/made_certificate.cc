#include "tests/net/made_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace guichet::net {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key(KeyKind kind) {
  return {kind == KeyKind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free};
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  if (!extension) throw std::runtime_error("no extension of " + value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string alternative_names(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names)
    text += (text.empty() ? "DNS:" : ",DNS:") + name;
  return text;
}

Certificate sign(EVP_PKEY* key, const std::vector<std::string>& names, int days) {
  Certificate made(X509_new(), X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), std::rand());
  X509_time_adj_ex(X509_getm_notBefore(made.get()), -1, 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(made.get()), days, 0, nullptr);
  X509_set_pubkey(made.get(), key);
  auto* subject = X509_get_subject_name(made.get());
  const auto* name = reinterpret_cast<const unsigned char*>("made for a test");
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  if (!names.empty()) add_extension(made.get(), NID_subject_alt_name, alternative_names(names));
  X509_sign(made.get(), key, EVP_sha256());
  return made;
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (!file || write(file) != 1 || std::fclose(file) != 0)
    throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

CertificateFolder::CertificateFolder() {
  auto pattern = (std::filesystem::temp_directory_path() / "guichet-certificates-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no folder for certificates");
  folder_ = pattern;
}

CertificateFolder::~CertificateFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

CertificateFiles CertificateFolder::make(const std::string& stem, const std::vector<std::string>& names,
                                         KeyKind kind, int days) const {
  const auto key = make_key(kind);
  const auto certificate = sign(key.get(), names, days);
  CertificateFiles pair{path(stem + ".crt"), path(stem + ".key")};
  write_file(pair.certificate, [&](std::FILE* file) { return PEM_write_X509(file, certificate.get()); });
  write_file(pair.key, [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return pair;
}

}  // namespace guichet::net
