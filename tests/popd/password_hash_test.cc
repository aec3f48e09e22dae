#include "popd/password_hash.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

// Of "secret".
const std::string scrypt = "$7$BU..../....3tYugJJD29.mamSDXD2q60$B//frvD53K7bYe92drwkQF3CAylMK0fr1Ezrytr7oHC";
const std::string yescrypt = "$y$j9T$f2BZ/FXZy/P.x0YEn5uKe/$SFavDMlDgusPw3bmVASVLkNO20uvVRzC9JEmIvVxKW6";
const std::string sha512 =
    "$6$65qC0.rqPZH2jfrN$O1F9zH7Kti2nOkeGjavPmBz2SUR6A306/FFwvRF4GwXeo2cFI.zJYkS4TMk/KH/"
    "xdMVO4L3MgQ6f23asAQHyz0";

TEST(PasswordHash, OursIsScryptAndTakesItsPasswordAlone) {
  const auto hash = hash_password("p\xc3\xa9 w");
  ASSERT_TRUE(hash) << hash.error().text;
  EXPECT_EQ(hash->substr(0, 4), "$7$C");  // N = 2^14
  EXPECT_TRUE(looks_like_hash(*hash));
  EXPECT_TRUE(matches_hash(*hash, "p\xc3\xa9 w"));
  EXPECT_FALSE(matches_hash(*hash, "p\xc3\xa9 w "));
  const auto again = hash_password("p\xc3\xa9 w");
  ASSERT_TRUE(again);
  EXPECT_NE(*again, *hash) << "a salt of its own";
}

TEST(PasswordHash, OtherMethodsOfCryptAreChecked) {
  for (const auto& hash : {scrypt, yescrypt, sha512}) {
    EXPECT_TRUE(looks_like_hash(hash)) << hash;
    EXPECT_TRUE(is_computable(hash)) << hash;
    EXPECT_TRUE(matches_hash(hash, "secret")) << hash;
    EXPECT_FALSE(matches_hash(hash, "Secret")) << hash;
    EXPECT_FALSE(matches_hash(hash, "")) << hash;
    EXPECT_FALSE(matches_hash(hash, std::string("secret\0x", 8))) << hash;
  }
}

TEST(PasswordHash, WhatCannotBeComputedMatchesNothing) {
  for (const char* hash : {"$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA", "", "*", "secret", "$7$"}) {
    EXPECT_FALSE(matches_hash(hash, "secret")) << hash;
    EXPECT_FALSE(matches_hash(hash, hash)) << hash;
  }
  EXPECT_FALSE(is_computable("$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA"));
}

TEST(PasswordHash, APasswordIsNoHash) {
  const auto cut = scrypt.substr(0, scrypt.size() - 1);
  for (const std::string& password : {std::string(), std::string("secret"), std::string("$7$"),
                                      std::string("$6$salt$hash"), cut, scrypt + "a", cut + "!", " " + scrypt,
                                      "$7$" + std::string(43, 'a'), "$9$salt$" + std::string(43, 'a')})
    EXPECT_FALSE(looks_like_hash(password)) << password;
}

}  // namespace
}  // namespace guichet::popd
