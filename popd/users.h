// The POP3 users: one per maildrop, with a password or a hash of one.
//
// A poll must not cost what a guess costs: once a password was found right, a keyed digest of it is kept, in
// memory alone, with a key that is made at the start. What it was right for is in the digest too, so a
// password that is changed is not remembered.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::popd {

struct User {
  std::string name;      // also the maildrop's
  std::string password;  // as read from its file; or
  std::string hash;      // as crypt(3) writes it: $7$…, $y$…, $6$…
};

// HMAC-SHA256 over a user, what is kept of its password, and a password; the key is of this process.
class PasswordMark {
 public:
  using Octets = std::array<unsigned char, 32>;
  PasswordMark();
  [[nodiscard]] Octets of(const User& user, std::string_view password) const;

 private:
  Octets key_;
};

// Thread-safe.
class Users {
 public:
  explicit Users(std::vector<User> users);

  // At once. True: it was found right before.
  [[nodiscard]] bool remember(std::string_view name, std::string_view password) const;

  // Takes as long for a name that is unknown. When slow(), as long as a password hash does: for a pool.
  [[nodiscard]] bool check(std::string_view name, std::string_view password);
  [[nodiscard]] bool slow() const { return !nobody_.hash.empty(); }

 private:
  struct Known {
    User user;
    std::optional<PasswordMark::Octets> right;  // of the last password that was
  };
  [[nodiscard]] std::size_t find(std::string_view name) const;  // users_.size(): unknown

  const PasswordMark mark_;
  mutable std::mutex mutex_;  // for what is `right`
  std::vector<Known> users_;
  User nobody_;  // stands in for an unknown name; no password is right
};

}  // namespace guichet::popd
