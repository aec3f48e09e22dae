#include "popd/users.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

#include "popd/password_hash.h"

namespace guichet::popd {
namespace {

bool matches(const User& user, std::string_view password) {
  return user.hash.empty() ? same_text(user.password, password) : matches_hash(user.hash, password);
}

bool same(const PasswordMark::Octets& a, const PasswordMark::Octets& b) {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

// Without randomness there is no key, and nothing else would be right either.
PasswordMark::PasswordMark() : key_{} {
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) std::abort();
}

PasswordMark::Octets PasswordMark::of(const User& user, std::string_view password) const {
  std::string text;
  for (const std::string_view part : {std::string_view(user.name), std::string_view(user.password),
                                      std::string_view(user.hash), password}) {
    text += std::to_string(part.size()) + ':';
    text += part;
  }
  Octets made{};
  unsigned size = 0;
  const auto* done =
      HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), made.data(), &size);
  OPENSSL_cleanse(text.data(), text.size());
  if (!done || size != made.size()) std::abort();
  return made;
}

Users::Users(std::vector<User> users) {
  for (auto& user : users) {
    // If any user's check is slow, an unknown user's is as slow.
    if (!user.hash.empty() && nobody_.hash.empty()) nobody_.hash = user.hash;
    users_.push_back({std::move(user), std::nullopt});
  }
}

std::size_t Users::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(users_, [name](const Known& known) { return known.user.name == name; });
  return static_cast<std::size_t>(found - users_.begin());
}

bool Users::remember(std::string_view name, std::string_view password) const {
  const auto place = find(name);
  const bool known = place < users_.size();
  const auto mark = mark_.of(known ? users_[place].user : nobody_, password);
  const std::lock_guard guard(mutex_);
  return known && users_[place].right && same(*users_[place].right, mark);
}

bool Users::check(std::string_view name, std::string_view password) {
  const auto place = find(name);
  const bool known = place < users_.size();
  const bool right = matches(known ? users_[place].user : nobody_, password);
  if (!known || !right) return false;
  const auto mark = mark_.of(users_[place].user, password);
  const std::lock_guard guard(mutex_);
  users_[place].right = mark;
  return true;
}

}  // namespace guichet::popd
