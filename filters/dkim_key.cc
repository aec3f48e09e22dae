#include "filters/dkim_key.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <algorithm>

#include "filters/tag_list.h"

namespace guichet::filters {
namespace {

constexpr std::size_t ed25519_octets = 32;  // RFC 8463 4.2: the key alone, no ASN.1 around it

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool lists(std::string_view list, std::string_view wanted) {
  const auto parts = parts_of(list, ':');
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

DkimKey without(std::string_view why) {
  DkimKey none;
  none.why = why;
  return none;
}

// RFC 6376 3.6.1 has a SubjectPublicKeyInfo in its examples and an RSAPublicKey in its text: both are used.
EVP_PKEY* decode_rsa(std::string_view der) {
  const auto size = static_cast<long>(der.size());
  const auto* at = octets_of(der);
  const auto* end = at + der.size();
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &at, size);
  if (!key) {
    at = octets_of(der);
    key = d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size);
  }
  if (key && at == end) return key;
  EVP_PKEY_free(key);
  return nullptr;
}

DkimKey rsa_key(std::string_view der) {
  DkimKey read;
  read.key.reset(decode_rsa(der));
  if (!read.key || EVP_PKEY_get_base_id(read.key.get()) != EVP_PKEY_RSA)
    return without("the key is not an RSA key");
  read.bits = static_cast<unsigned>(EVP_PKEY_get_bits(read.key.get()));
  if (read.bits < rsa_bits_min) read.why = "the key has fewer than 1024 bits";
  if (read.bits > rsa_bits_max) read.why = "the key has more than 4096 bits";
  if (!read.why.empty()) read.key.reset();
  return read;
}

DkimKey ed25519_key(std::string_view octets) {
  if (octets.size() != ed25519_octets) return without("the key is not an Ed25519 key");
  DkimKey read;
  read.key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size()));
  read.bits = 256;
  if (!read.key) return without("the key is not an Ed25519 key");
  return read;
}

// RFC 6376 6.1.2, steps 4 to 8. "": the record is for such a signature.
std::string_view why_unfit(const TagList& tags, DkimAlgorithm algorithm) {
  const auto version = tags.value("v");
  if (version && (*version != "DKIM1" || tags.first_name() != "v"))
    return "the key record is of no version we know";
  if (!lists(tags.value("s").value_or("*"), "*") && !lists(*tags.value("s"), "email"))
    return "the key is not for mail";
  if (!lists(tags.value("h").value_or("sha256"), "sha256")) return "the key is not for SHA-256";
  const auto* type = algorithm == DkimAlgorithm::rsa_sha256 ? "rsa" : "ed25519";
  if (tags.value("k").value_or("rsa") != type) return "the key is of another algorithm";
  if (!tags.value("p")) return "the key record has no key";
  return tags.value("p")->empty() ? "the key was revoked" : "";
}

}  // namespace

void FreeKey::operator()(EVP_PKEY* key) const {
  EVP_PKEY_free(key);
}

DkimKey read_key(std::string_view record, DkimAlgorithm algorithm) {
  if (record.size() > key_record_octets_max) return without("the key record is too large");
  const auto tags = TagList::read(record);
  if (!tags) return without("the key record is not well-formed");
  if (const auto why = why_unfit(*tags, algorithm); !why.empty()) return without(why);
  const auto octets = from_base64(tags->raw("p"));
  if (!octets) return without("the key is not base64");
  auto key = algorithm == DkimAlgorithm::rsa_sha256 ? rsa_key(*octets) : ed25519_key(*octets);
  const auto flags = tags->value("t").value_or("");
  key.testing = lists(flags, "y");
  key.strict = lists(flags, "s");
  return key;
}

}  // namespace guichet::filters
