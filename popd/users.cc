#include "popd/users.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <memory>

#include "store/hash.h"

namespace guichet::popd {
namespace {

// Digests are compared, so that neither content nor length shows in the time it takes.
bool same_text(std::string_view a, std::string_view b) {
  const auto x = store::sha256(a), y = store::sha256(b);
  return CRYPTO_memcmp(x.octets.data(), y.octets.data(), x.octets.size()) == 0;
}

bool matches_hash(const std::string& hash, std::string_view password) {
  const auto data = std::make_unique<crypt_data>();  // 32 KB: not for a stack
  const char* computed = ::crypt_r(std::string(password).c_str(), hash.c_str(), data.get());
  return computed && *computed != '*' && same_text(computed, hash);
}

bool matches(const User& user, std::string_view password) {
  return user.hash.empty() ? same_text(user.password, password) : matches_hash(user.hash, password);
}

}  // namespace

Users::Users(std::vector<User> users) : users_(std::move(users)) {
  // If any user's check is slow, an unknown user's is as slow.
  const auto hashed =
      std::find_if(users_.begin(), users_.end(), [](const User& user) { return !user.hash.empty(); });
  if (hashed != users_.end()) nobody_.hash = hashed->hash;
}

bool Users::check(std::string_view name, std::string_view password) const {
  const auto found =
      std::find_if(users_.begin(), users_.end(), [&](const User& user) { return user.name == name; });
  const bool known = found != users_.end();
  const bool right = matches(known ? *found : nobody_, password);
  return known && right;
}

}  // namespace guichet::popd
