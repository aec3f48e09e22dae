// A key record of DKIM (RFC 6376 3.6.1, RFC 8301, RFC 8463).
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "filters/dkim_signature.h"

namespace guichet::filters {

inline constexpr std::size_t key_record_octets_max = 8 * 1024;  // ten times that of the largest key we take
inline constexpr unsigned rsa_bits_min = 1024;                  // RFC 8301 3.2
// RFC 8301 3.2 asks for no more; above, the time that we spend would be the sender's choice.
inline constexpr unsigned rsa_bits_max = 4096;

struct FreeKey {
  void operator()(EVP_PKEY* key) const;
};

struct DkimKey {
  std::unique_ptr<EVP_PKEY, FreeKey> key;  // null: there is none that could be used, and `why` says why
  std::string why;
  unsigned bits = 0;     // also of an RSA key that is too small or too large
  bool testing = false;  // t=y
  bool strict = false;   // t=s: i= has the very domain of d=
};

// Of a record for signatures with this algorithm.
[[nodiscard]] DkimKey read_key(std::string_view record, DkimAlgorithm algorithm);

}  // namespace guichet::filters
