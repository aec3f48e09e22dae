// One DKIM-Signature field, read (RFC 6376 3.5, with RFC 8301 and RFC 8463): what it claims, before any of it
// is verified.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filters/dkim_canon.h"
#include "filters/findings.h"
#include "filters/tag_list.h"

namespace guichet::filters {

enum class DkimAlgorithm { rsa_sha256, ed25519_sha256 };

// Views into the field, which must outlive it.
struct DkimSignature {
  DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
  std::string domain, selector, identity_domain;  // names of domains, lower case
  Canonicalization header_form = Canonicalization::simple, body_form = Canonicalization::simple;
  std::vector<std::string> signed_fields;                     // names in lower case, "from" among them
  std::optional<std::uint64_t> body_octets;                   // l=
  std::optional<std::int64_t> signed_unix_s, expires_unix_s;  // t=, x=; what is too large is the largest
  std::string body_hash, signature;                           // decoded
  std::string_view signature_raw;                             // b= as it stands in the field
};

// `finding` tells what could be read, whether or not all of it could; its result is `permerror`, and `why`
// says for what, where there is no signature.
struct DkimReading {
  DkimFinding finding;
  std::optional<DkimSignature> signature;
};

[[nodiscard]] DkimReading read_signature(std::string_view field_value);

}  // namespace guichet::filters
