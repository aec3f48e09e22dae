// Hashes of passwords, as crypt(3) writes them: made by scrypt, checked by whatever method made them.
#pragma once

#include <string>
#include <string_view>

#include "store/error.h"

namespace guichet::popd {

// A whole hash of a current method, and so hardly a password: what tells one from the other in a
// password_file.
[[nodiscard]] bool looks_like_hash(std::string_view text);

// crypt(3) of this machine knows the method.
[[nodiscard]] bool is_computable(const std::string& hash);

// Takes as long, and as much memory, as the method asks for: 0.2 s and 64 MB for one of hash_password().
[[nodiscard]] bool matches_hash(const std::string& hash, std::string_view password);

// scrypt (RFC 7914), with a fresh salt.
[[nodiscard]] store::Result<std::string> hash_password(std::string_view password);

// Digests are compared, so that neither content nor length shows in the time it takes.
[[nodiscard]] bool same_text(std::string_view a, std::string_view b);

}  // namespace guichet::popd
