// A certificate and its key, made on the spot, in files of a folder that goes with the object.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/tls.h"

namespace guichet::net {

enum class KeyKind { ec, rsa };

class CertificateFolder {
 public:
  CertificateFolder();
  ~CertificateFolder();
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;

  // Self-signed, good for `days` from now, for these names (its subjectAltName); in `stem`.crt and
  // `stem`.key, which are overwritten.
  CertificateFiles make(const std::string& stem, const std::vector<std::string>& names,
                        KeyKind kind = KeyKind::ec, int days = 2) const;
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
};

}  // namespace guichet::net
