// Signs messages for tests, with whatever tags a test wants to try.
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "filters/dkim_canon.h"

namespace guichet::filters {

// A key of one selector.
class SigningKey {
 public:
  static SigningKey rsa(unsigned bits);
  static SigningKey ed25519();

  [[nodiscard]] std::string record() const;                       // "v=DKIM1; k=rsa; p=..."
  [[nodiscard]] std::string key_data() const;                     // what stands in p=
  [[nodiscard]] std::string algorithm() const;                    // "rsa-sha256"
  [[nodiscard]] std::string sign(std::string_view header) const;  // base64

 private:
  explicit SigningKey(EVP_PKEY* key) : key_(key, EVP_PKEY_free) {}
  [[nodiscard]] bool is_rsa() const;
  std::shared_ptr<EVP_PKEY> key_;
};

struct SigningOptions {
  std::string tags = "d=signer.example; s=k";  // all but v a c h bh b
  std::string algorithm = "";                  // what a= says; "": the truth
  std::string fields = "from:to:subject";      // h=
  Canonicalization header = Canonicalization::relaxed, body = Canonicalization::relaxed;
  std::uint64_t body_octets = UINT64_MAX;  // hashed; l= is a matter of `tags`
};

// The message with one DKIM-Signature more at its top.
[[nodiscard]] std::string signed_message(const std::string& original, const SigningKey& key,
                                         const SigningOptions& options = {});

}  // namespace guichet::filters
