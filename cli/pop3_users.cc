#include "cli/pop3_users.h"

#include <utility>

#include "cli/first_line.h"
#include "popd/password_hash.h"

namespace guichet::cli {

tl::expected<std::vector<popd::User>, std::string> pop3_users(const conf::Settings& settings) {
  std::vector<popd::User> users;
  for (const auto& maildrop : settings.maildrops) {
    if (maildrop.driver != conf::MaildropDriver::pop3) continue;
    popd::User user{.name = maildrop.name, .password = {}, .hash = maildrop.password_hash};
    if (user.hash.empty()) {
      auto secret = first_line(maildrop.password_file, "password");
      if (!secret) return tl::unexpected(secret.error());
      (popd::looks_like_hash(*secret) ? user.hash : user.password) = std::move(*secret);
    }
    if (!user.hash.empty() && !popd::is_computable(user.hash))
      return tl::unexpected("the password hash of the maildrop " + user.name +
                            " is of no kind that crypt(3) knows here: guichet passwd makes another");
    users.push_back(std::move(user));
  }
  return users;
}

bool has_clear_password(const conf::Maildrop& maildrop) {
  const auto secret = first_line(maildrop.password_file, "password");
  return secret && !popd::looks_like_hash(*secret);
}

}  // namespace guichet::cli
