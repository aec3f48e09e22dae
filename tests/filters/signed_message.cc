#include "tests/filters/signed_message.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <vector>

#include "filters/ascii.h"
#include "filters/domain_name.h"
#include "filters/message.h"
#include "filters/tag_list.h"

namespace guichet::filters {
namespace {

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string base64(std::string_view octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets_of(octets),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string sha256(std::string_view text) {
  std::string digest(32, '\0');
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr,
                 EVP_sha256(), nullptr) != 1)
    throw std::runtime_error("SHA-256");
  return digest;
}

std::string whole_body(std::string_view body, Canonicalization form) {
  std::string whole;
  canonical_body(form, body, [&](std::string_view octets) { return whole.append(octets), true; });
  return whole;
}

// From the bottom up, by repeated search: slow, and another way than that of the verifier.
std::string selected(const Message& message, const SigningOptions& options) {
  std::string out;
  std::map<std::string, unsigned> taken;
  for (const auto name : parts_of(options.fields, ':')) {
    unsigned left = ++taken[lower_case(name)];
    for (auto field = message.fields.rbegin(); field != message.fields.rend(); ++field) {
      if (!same_letters(field->name, name) || --left > 0) continue;
      append_canonical(out, options.header, *field);
      break;
    }
  }
  return out;
}

const char* form_name(Canonicalization form) {
  return form == Canonicalization::simple ? "simple" : "relaxed";
}

}  // namespace

SigningKey SigningKey::rsa(unsigned bits) {
  return SigningKey(EVP_RSA_gen(bits));
}

SigningKey SigningKey::ed25519() {
  return SigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

bool SigningKey::is_rsa() const {
  return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA;
}

std::string SigningKey::algorithm() const {
  return is_rsa() ? "rsa-sha256" : "ed25519-sha256";
}

std::string SigningKey::key_data() const {
  if (!is_rsa()) {
    std::string raw(32, '\0');
    std::size_t size = raw.size();
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(raw.data()), &size);
    return base64(raw);
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  const std::string text = base64({reinterpret_cast<char*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return text;
}

std::string SigningKey::record() const {
  return std::string("v=DKIM1; k=") + (is_rsa() ? "rsa" : "ed25519") + "; p=" + key_data();
}

std::string SigningKey::sign(std::string_view header) const {
  const std::string text = is_rsa() ? std::string(header) : sha256(header);
  std::string signature(1024, '\0');
  std::size_t size = signature.size();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (EVP_DigestSignInit(context.get(), nullptr, is_rsa() ? EVP_sha256() : nullptr, nullptr, key_.get()) !=
          1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     octets_of(text), text.size()) != 1)
    throw std::runtime_error("cannot sign");
  return base64(std::string_view(signature).substr(0, size));
}

std::string signed_message(const std::string& original, const SigningKey& key,
                           const SigningOptions& options) {
  const auto message = split(original);
  const auto body = whole_body(message.body, options.body).substr(0, options.body_octets);
  const std::string field =
      "DKIM-Signature: v=1; a=" + (options.algorithm.empty() ? key.algorithm() : options.algorithm) +
      "; c=" + form_name(options.header) + "/" + form_name(options.body) + "; " + options.tags +
      ";\r\n\th=" + options.fields + "; bh=" + base64(sha256(body)) + "; b=";
  std::string header = selected(message, options);
  append_canonical(header, options.header, split(field).fields.at(0));
  header.resize(header.size() - 2);
  return field + key.sign(header) + "\r\n" + original;
}

}  // namespace guichet::filters
