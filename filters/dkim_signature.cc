#include "filters/dkim_signature.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "filters/ascii.h"
#include "filters/domain_name.h"

namespace guichet::filters {
namespace {

constexpr std::size_t shown_octets_max = 320;      // of a tag in a finding; an address has no more
constexpr std::size_t beginning_octets = 8;        // RFC 6008 4
constexpr std::size_t digits_max = 76;             // RFC 6376 3.5, l=
constexpr std::size_t body_hash_octets = 32;       // SHA-256
constexpr std::size_t signature_octets_max = 512;  // RSA of 4096 bits

// Each reads one thing and gives back why it is not valid; "": it is.
using Why = std::string_view;
constexpr Why valid;

Why read_version(const TagList& tags, DkimSignature&) {
  return tags.value("v") == "1" ? valid : "v= is not 1";
}

Why read_algorithm(const TagList& tags, DkimSignature& signature) {
  const auto name = lower_case(tags.value("a").value_or(""));
  if (name == "rsa-sha256" || name == "ed25519-sha256") {
    signature.algorithm = name == "rsa-sha256" ? DkimAlgorithm::rsa_sha256 : DkimAlgorithm::ed25519_sha256;
    return valid;
  }
  // RFC 8301 3.1: verifiers must consider it as invalid, whatever it would verify to
  return name == "rsa-sha1" ? "rsa-sha1 is not accepted any more" : "the algorithm is not known";
}

Why read_names(const TagList& tags, DkimSignature& signature) {
  const auto domain = tags.value("d"), selector = tags.value("s");
  if (!domain || !selector) return "d= or s= is missing";
  if (!is_domain_name(*domain)) return "d= is not the name of a domain";
  if (!is_domain_name(*selector)) return "s= is not a selector";
  signature.domain = lower_case(*domain);
  signature.selector = lower_case(*selector);
  if (!is_domain_name(signature.selector + "._domainkey." + signature.domain))
    return "the key's name is too long";
  return valid;
}

// RFC 6376 3.5: the domain of i= is that of d= or below it. What stands before its last "@" is the signer's.
Why read_identity(const TagList& tags, DkimSignature& signature) {
  const auto identity = tags.value("i");
  signature.identity_domain = signature.domain;
  if (!identity) return valid;
  const auto at = identity->rfind('@');
  if (at == std::string_view::npos || !is_domain_name(identity->substr(at + 1)))
    return "i= is not an identity";
  signature.identity_domain = lower_case(identity->substr(at + 1));
  return is_within(signature.identity_domain, signature.domain) ? valid : "i= is not within d=";
}

std::optional<Canonicalization> form_of(std::string_view name) {
  if (name == "simple") return Canonicalization::simple;
  if (name == "relaxed") return Canonicalization::relaxed;
  return std::nullopt;
}

Why read_forms(const TagList& tags, DkimSignature& signature) {
  const auto value = lower_case(tags.value("c").value_or("simple"));
  const auto slash = value.find('/');
  const auto header = form_of(trimmed(value.substr(0, slash)));
  const auto body =
      slash == std::string::npos ? Canonicalization::simple : form_of(trimmed(value.substr(slash + 1)));
  if (!header || !body) return "the canonicalization is not known";
  signature.header_form = *header;
  signature.body_form = *body;
  return valid;
}

// RFC 6376 6.1.1: a signature that does not cover From says nothing about whom the message is from.
Why read_fields(const TagList& tags, DkimSignature& signature) {
  for (const auto name : parts_of(tags.value("h").value_or(""), ':')) {
    if (name.empty()) return "h= is not a list of fields";
    signature.signed_fields.push_back(lower_case(name));
  }
  const auto& names = signature.signed_fields;
  return std::find(names.begin(), names.end(), "from") != names.end() ? valid : "From is not signed";
}

Why read_query(const TagList& tags, DkimSignature&) {
  const auto methods = parts_of(tags.value("q").value_or("dns/txt"), ':');
  return std::find(methods.begin(), methods.end(), "dns/txt") != methods.end() ? valid
                                                                               : "q= has no method we know";
}

// Digits alone; more than the type holds is its largest. nullopt: not a number.
template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.size() > digits_max || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  Number number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return read.ec == std::errc() ? number : std::numeric_limits<Number>::max();
}

template <typename Number>
bool read_number(std::optional<std::string_view> text, std::optional<Number>& number) {
  if (text) number = number_of<Number>(*text);
  return !text || number;
}

Why read_numbers(const TagList& tags, DkimSignature& signature) {
  if (!read_number(tags.value("l"), signature.body_octets)) return "l= is not a number";
  if (!read_number(tags.value("t"), signature.signed_unix_s)) return "t= is not a time";
  if (!read_number(tags.value("x"), signature.expires_unix_s)) return "x= is not a time";
  // RFC 6376 3.5: x= must be greater than t= where both are present
  const bool backwards = signature.signed_unix_s && signature.expires_unix_s &&
                         *signature.expires_unix_s <= *signature.signed_unix_s;
  return backwards ? "x= is not after t=" : valid;
}

Why read_octets(const TagList& tags, DkimSignature& signature) {
  const auto hash = from_base64(tags.raw("bh")), octets = from_base64(tags.raw("b"));
  if (!hash || hash->size() != body_hash_octets) return "bh= is not a SHA-256 hash";
  if (!octets || octets->empty() || octets->size() > signature_octets_max) return "b= is not a signature";
  signature.body_hash = *hash;
  signature.signature = *octets;
  signature.signature_raw = tags.raw("b");
  return valid;
}

constexpr std::array steps{read_version, read_algorithm, read_names,   read_identity, read_forms,
                           read_fields,  read_query,     read_numbers, read_octets};

std::string shown(const TagList& tags, std::string_view name) {
  return std::string(tags.value(name).value_or("").substr(0, shown_octets_max));
}

std::string beginning_of(std::string_view value) {
  std::string beginning;
  for (const char c : value)
    if (beginning.size() < beginning_octets && trimmed({&c, 1}).size() == 1) beginning += c;
  return beginning;
}

DkimFinding described(const TagList& tags) {
  DkimFinding finding;
  finding.domain = lower_case(shown(tags, "d"));
  finding.selector = lower_case(shown(tags, "s"));
  finding.identity = shown(tags, "i");
  finding.algorithm = lower_case(shown(tags, "a"));
  finding.beginning = beginning_of(tags.raw("b"));
  return finding;
}

DkimReading refused(DkimFinding finding, std::string_view why) {
  finding.result = AuthResult::permerror;
  finding.why = why;
  return {.finding = std::move(finding), .signature = std::nullopt};
}

}  // namespace

DkimReading read_signature(std::string_view field_value) {
  const auto tags = TagList::read(field_value);
  if (!tags) return refused({}, "the signature is not well-formed");
  DkimSignature signature;
  for (const auto step : steps)
    if (const auto why = step(*tags, signature); !why.empty()) return refused(described(*tags), why);
  return {.finding = described(*tags), .signature = std::move(signature)};
}

}  // namespace guichet::filters
