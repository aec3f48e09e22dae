#include "filters/dkim.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "filters/ascii.h"
#include "filters/dkim_key.h"
#include "filters/dkim_signature.h"
#include "filters/domain_name.h"
#include "filters/header_gaps.h"

namespace guichet::filters {
namespace {

constexpr std::size_t key_records_max = 4;  // of one name; RFC 6376 3.6.2.2 leaves more than one undefined
constexpr std::string_view signature_field = "DKIM-Signature";

struct FreeDigest {
  void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
};
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

Digest new_digest() {
  Digest digest(EVP_MD_CTX_new());
  if (!digest) throw std::bad_alloc();
  return digest;
}

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string digest_of(EVP_MD_CTX* digest) {
  std::string octets(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_DigestFinal_ex(digest, reinterpret_cast<unsigned char*>(octets.data()), &size) != 1)
    throw std::runtime_error("SHA-256 cannot be computed");
  octets.resize(size);
  return octets;
}

Digest sha256() {
  auto digest = new_digest();
  if (EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) throw std::runtime_error("no SHA-256");
  return digest;
}

std::string sha256_of(std::string_view text) {
  const auto digest = sha256();
  EVP_DigestUpdate(digest.get(), text.data(), text.size());
  return digest_of(digest.get());
}

// Ed25519 signs the hash as a message of its own (RFC 8463 3), RSA the header that is hashed (RFC
// 8017 8.2.2).
bool verifies(EVP_PKEY* key, DkimAlgorithm algorithm, std::string_view signature, const std::string& header) {
  const bool rsa = algorithm == DkimAlgorithm::rsa_sha256;
  const auto text = rsa ? header : sha256_of(header);
  const auto digest = new_digest();
  return EVP_DigestVerifyInit(digest.get(), nullptr, rsa ? EVP_sha256() : nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(digest.get(), octets_of(signature), signature.size(), octets_of(text),
                          text.size()) == 1;
}

struct BodyHash {
  std::string digest;
  bool complete = false;  // as many octets as l= says were there
  bool partial = false;   // and more than these
};

BodyHash hash_body(std::string_view body, Canonicalization form, std::optional<std::uint64_t> limit) {
  const auto digest = sha256();
  std::uint64_t left = limit.value_or(UINT64_MAX);
  BodyHash hash;
  canonical_body(form, body, [&](std::string_view octets) {
    const auto some = octets.substr(0, std::min<std::uint64_t>(left, octets.size()));
    EVP_DigestUpdate(digest.get(), some.data(), some.size());
    left -= some.size();
    hash.partial = some.size() < octets.size();
    return !hash.partial;
  });
  hash.digest = digest_of(digest.get());
  hash.complete = !limit || left == 0;
  return hash;
}

// Where the fields of each name stand: h= names them from the bottom up (RFC 6376 5.4.2), and may name as
// many as fill a field, so that looking for each in the whole header would take quadratic time.
class FieldIndex {
 public:
  explicit FieldIndex(const Message& message) {
    for (std::size_t at = 0; at < message.fields.size(); ++at)
      places_[lower_case(message.fields[at].name)].push_back(at);
  }

  // In the order of h=; a name for which no field is left stands for nothing. The signature itself does not
  // count: it was not there yet when it was made.
  [[nodiscard]] std::vector<std::size_t> select(const std::vector<std::string>& names,
                                                std::size_t self) const {
    std::vector<std::size_t> selected;
    std::unordered_map<std::string_view, std::size_t> taken;
    for (const auto& name : names) {
      const auto found = places_.find(name);
      if (found == places_.end()) continue;
      const auto& places = found->second;
      auto& count = taken[name];
      if (count < places.size() && places[places.size() - 1 - count] == self) ++count;
      if (count < places.size()) selected.push_back(places[places.size() - 1 - count++]);
    }
    return selected;
  }

 private:
  std::unordered_map<std::string, std::vector<std::size_t>> places_;
};

// RFC 6376 3.7: without the value of b=, and without a line end.
void append_unsigned(std::string& out, Canonicalization form, const HeaderField& field,
                     std::string_view raw) {
  std::string whole(field.whole);
  whole.erase(static_cast<std::size_t>(raw.data() - field.whole.data()), raw.size());
  const auto value = static_cast<std::size_t>(field.value.data() - field.whole.data());
  append_canonical(out, form,
                   {.name = field.name, .value = std::string_view(whole).substr(value), .whole = whole});
  out.resize(out.size() - 2);
}

// All signatures of one message.
class Verification {
 public:
  Verification(const Message& message, Names& names, std::int64_t now_unix_s)
      : message_(message), names_(names), now_unix_s_(now_unix_s), index_(message) {}

  DkimFindings run() {
    DkimFindings found;
    for (std::size_t at = 0; at < message_.fields.size(); ++at) {
      if (!same_letters(message_.fields[at].name, signature_field)) continue;
      if (places_.size() == dkim_signatures_max)
        ++found.left_out;
      else
        places_.push_back(at);
    }
    read();
    for (std::size_t at = 0; at < places_.size(); ++at)
      found.signatures.push_back(judge(readings_[at], places_[at]));
    return found;
  }

 private:
  static NameQuestion question(const DkimSignature& signature) {
    return {.name = signature.selector + "._domainkey." + signature.domain, .type = NameType::txt};
  }

  // All keys are asked for at the same time.
  void read() {
    std::vector<NameQuestion> questions;
    for (const auto place : places_) {
      readings_.push_back(read_signature(message_.fields[place].value));
      if (readings_.back().signature) questions.push_back(question(*readings_.back().signature));
    }
    names_.expect(questions);
  }

  DkimFinding judge(const DkimReading& reading, std::size_t place) {
    auto finding = reading.finding;
    if (!reading.signature) return finding;
    std::tie(finding.result, finding.why) = judgement(*reading.signature, place, finding);
    return finding;
  }

  using Judgement = std::pair<AuthResult, std::string>;

  // What is known without the body and the key.
  [[nodiscard]] std::optional<Judgement> obstacle(const DkimSignature& signature) const {
    // RFC 5322 3.6. RFC 6376 8.15: the signature of one From vouches for no other.
    if (from_count_ != 1) return Judgement{AuthResult::permerror, "there is not exactly one From field"};
    if (fields_left_out_) return Judgement{AuthResult::neutral, "the header is too large to be read whole"};
    if (signature.expires_unix_s && *signature.expires_unix_s < now_unix_s_)
      return Judgement{AuthResult::fail, "the signature has expired"};
    return std::nullopt;
  }

  // The body before the key: most of what fails was altered there, by a mailing list or a disclaimer, and
  // that is known whatever DNS answers.
  Judgement judgement(const DkimSignature& signature, std::size_t place, DkimFinding& finding) {
    if (const auto found = obstacle(signature)) return *found;
    const auto& hash = body_hash(signature);
    // RFC 6376 3.5: l= must not be larger than the body
    if (!hash.complete) return {AuthResult::permerror, "l= is larger than the body"};
    if (hash.digest != signature.body_hash) return {AuthResult::fail, "the body was altered"};
    const auto [otherwise, key] = ask_key(signature);
    finding.key_bits = key.bits;
    if (!key.key) return {otherwise, key.why};
    // RFC 6376 3.6.1, t=s
    if (key.strict && signature.identity_domain != signature.domain)
      return {AuthResult::permerror, "i= is below d=, which the key does not allow"};
    if (!verifies(key.key.get(), signature.algorithm, signature.signature, signed_header(signature, place)))
      return {AuthResult::fail, "the header or the signature was altered"};
    finding.partial = hash.partial;
    return reliance(signature, key);
  }

  // Of a signature that verifies.
  [[nodiscard]] Judgement reliance(const DkimSignature& signature, const DkimKey& key) const {
    if (key.testing) return {AuthResult::policy, "the key is marked as a test"};
    if (signature.signed_unix_s && *signature.signed_unix_s - clock_drift_max_s > now_unix_s_)
      return {AuthResult::policy, "the time of signing is in the future"};
    return {AuthResult::pass, ""};
  }

  const BodyHash& body_hash(const DkimSignature& signature) {
    const auto key = std::pair(signature.body_form, signature.body_octets);
    const auto found = hashes_.find(key);
    if (found != hashes_.end()) return found->second;
    return hashes_.emplace(key, hash_body(message_.body, key.first, key.second)).first->second;
  }

  // The first record that can be used, else what is wrong with the first.
  std::pair<AuthResult, DkimKey> ask_key(const DkimSignature& signature) {
    const auto answer = names_.ask(question(signature));
    DkimKey none;
    if (answer.outcome == NameAnswer::Outcome::failed) {
      none.why = "the key could not be asked for";
      return {AuthResult::temperror, std::move(none)};
    }
    none.why = "there is no key of that name";
    for (std::size_t at = 0; at < std::min(answer.records.size(), key_records_max); ++at) {
      auto key = read_key(answer.records[at], signature.algorithm);
      if (key.key || at == 0) none = std::move(key);
      if (none.key) break;
    }
    return {AuthResult::permerror, std::move(none)};
  }

  [[nodiscard]] std::string signed_header(const DkimSignature& signature, std::size_t place) const {
    std::string header;
    for (const auto at : index_.select(signature.signed_fields, place))
      append_canonical(header, signature.header_form, message_.fields[at]);
    append_unsigned(header, signature.header_form, message_.fields[place], signature.signature_raw);
    return header;
  }

  const Message& message_;
  Names& names_;
  const std::int64_t now_unix_s_;
  const FieldIndex index_;
  const std::size_t from_count_ = message_.values("From").size();
  const bool fields_left_out_ = has_fields_left_out(message_);
  std::vector<std::size_t> places_;  // of the signatures, among the fields
  std::vector<DkimReading> readings_;
  std::map<std::pair<Canonicalization, std::optional<std::uint64_t>>, BodyHash> hashes_;
};

}  // namespace

DkimVerifier::DkimVerifier() {
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);
  // The key of RFC 8032 7.1, test 1, which did not sign this. What OpenSSL fetches at first use is there
  // then.
  const auto key =
      read_key("k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", DkimAlgorithm::ed25519_sha256);
  if (!key.key || verifies(key.key.get(), DkimAlgorithm::ed25519_sha256, std::string(64, '\0'), ""))
    throw std::runtime_error("OpenSSL does not verify Ed25519");
}

DkimFindings DkimVerifier::verify(const Message& message, Names& names, std::int64_t now_unix_s) const {
  auto found = Verification(message, names, now_unix_s).run();
  ERR_clear_error();  // what did not verify is no error of ours
  return found;
}

}  // namespace guichet::filters
