#include "store/hash.h"

#include <openssl/evp.h>

#include "store/check.h"

namespace guichet::store {

namespace {

// Since OpenSSL 3, EVP_sha256() makes each initialisation look the algorithm up under a lock; fetched once it
// is free. Never released: threads may still hash while the process ends.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  GUICHET_CHECK(algorithm != nullptr);
  return algorithm;
}

}  // namespace

// Hashing in memory cannot fail, except for want of memory: every result is checked all the same.
struct Sha256::Context {
  Context() : evp(EVP_MD_CTX_new()) {
    GUICHET_CHECK(evp != nullptr);
    begin();
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void begin() { GUICHET_CHECK(EVP_DigestInit_ex2(evp, sha256_algorithm(), nullptr) == 1); }

  EVP_MD_CTX* evp;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view octets) {
  GUICHET_CHECK(EVP_DigestUpdate(context_->evp, octets.data(), octets.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  unsigned written = 0;
  GUICHET_CHECK(EVP_DigestFinal_ex(context_->evp, digest.octets.data(), &written) == 1);
  GUICHET_CHECK(written == digest.octets.size());
  context_->begin();
  return digest;
}

// Headers and facts are hashed one by one, some hundred octets each: a context of its own for each call would
// cost as much as the hash.
Digest sha256(std::string_view octets) {
  thread_local Sha256 hasher;
  hasher.update(octets);
  return hasher.finish();
}

}  // namespace guichet::store
