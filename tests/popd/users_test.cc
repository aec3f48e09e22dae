#include "popd/users.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

const User clear{.name = "foi", .password = "secret", .hash = {}};
const User hashed{.name = "foi",
                  .password = {},
                  .hash = "$y$j9T$f2BZ/FXZy/P.x0YEn5uKe/$SFavDMlDgusPw3bmVASVLkNO20uvVRzC9JEmIvVxKW6"};

TEST(Users, TheRightPasswordOfAKnownName) {
  for (const auto& user : {clear, hashed}) {
    Users users({user});
    EXPECT_TRUE(users.check("foi", "secret"));
    EXPECT_FALSE(users.check("foi", "wrong"));
    EXPECT_FALSE(users.check("foi", ""));
    EXPECT_FALSE(users.check("Foi", "secret"));
    EXPECT_FALSE(users.check("", ""));
    EXPECT_FALSE(users.check("nobody", ""));
  }
}

TEST(Users, AHashIsNotItsPassword) {
  EXPECT_FALSE(Users({hashed}).check("foi", hashed.hash));
}

TEST(Users, OneHashMakesEveryCheckSlow) {
  EXPECT_FALSE(Users({clear}).slow());
  EXPECT_TRUE(Users({clear, {.name = "b", .password = {}, .hash = hashed.hash}}).slow());
}

TEST(Users, RemembersWhatWasRightAndNothingElse) {
  Users users({hashed, {.name = "b", .password = {}, .hash = hashed.hash}});
  EXPECT_FALSE(users.remember("foi", "secret")) << "not checked yet";
  EXPECT_FALSE(users.check("foi", "wrong"));
  EXPECT_FALSE(users.remember("foi", "wrong"));
  EXPECT_TRUE(users.check("foi", "secret"));
  EXPECT_TRUE(users.remember("foi", "secret"));
  EXPECT_FALSE(users.remember("foi", "wrong"));
  EXPECT_FALSE(users.remember("b", "secret")) << "not of another with the same hash";
  EXPECT_FALSE(users.remember("nobody", "secret"));
  EXPECT_FALSE(users.check("foi", "wrong"));
  EXPECT_TRUE(users.remember("foi", "secret")) << "a guess does not make it forget";
}

TEST(PasswordMark, IsOfTheNameTheHashAndThePasswordAndOfThisKey) {
  const PasswordMark mark, other_key;
  EXPECT_EQ(mark.of(hashed, "secret"), mark.of(hashed, "secret"));
  EXPECT_NE(mark.of(hashed, "secret"), other_key.of(hashed, "secret"));
  EXPECT_NE(mark.of(hashed, "secret"), mark.of(hashed, "secrets"));
  auto changed = hashed;
  changed.hash.back() = '7';
  EXPECT_NE(mark.of(hashed, "secret"), mark.of(changed, "secret")) << "a hash that was changed";
  auto renamed = hashed;
  renamed.name = "b";
  EXPECT_NE(mark.of(hashed, "secret"), mark.of(renamed, "secret"));
  EXPECT_NE(mark.of({.name = "ab", .password = "c", .hash = {}}, "d"),
            mark.of({.name = "a", .password = "bc", .hash = {}}, "d"));
}

}  // namespace
}  // namespace guichet::popd
