// The POP3 users: one per maildrop, with a password in a file or hashed by crypt(3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace guichet::popd {

struct User {
  std::string name;      // also the maildrop's
  std::string password;  // as read from its file; or
  std::string hash;      // as crypt(3) writes it: $y$…, $6$…
};

// Immutable; thread-safe.
class Users {
 public:
  explicit Users(std::vector<User> users);

  // May take as long as a password hash does: for the pool. Takes as long for a name that is unknown.
  [[nodiscard]] bool check(std::string_view name, std::string_view password) const;

 private:
  std::vector<User> users_;
  User nobody_;  // stands in for an unknown name; no password is right
};

}  // namespace guichet::popd
