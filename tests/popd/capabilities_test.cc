#include "popd/capabilities.h"

#include <gtest/gtest.h>

namespace guichet::popd {
namespace {

bool lists(Offer offer, const std::string& line) {
  return capability_list(offer).find("\r\n" + line + "\r\n") != std::string::npos;
}

TEST(Capabilities, LoginOnlyWhereItIsAccepted) {
  EXPECT_TRUE(lists({.plaintext_login = true}, "USER"));
  EXPECT_TRUE(lists({.plaintext_login = true}, "SASL PLAIN"));
  EXPECT_FALSE(lists({.plaintext_login = false}, "USER"));
  EXPECT_FALSE(lists({.plaintext_login = false}, "SASL PLAIN"));
}

TEST(Capabilities, StlsOnlyWhereItIsOffered) {
  EXPECT_TRUE(lists({.stls = true}, "STLS"));
  EXPECT_FALSE(lists({.stls = false}, "STLS"));
}

TEST(Capabilities, AlwaysTheRest) {
  for (const char* line : {"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER",
                           "IMPLEMENTATION Guichet", "UTF8", "."}) {
    EXPECT_TRUE(lists({}, line)) << line;
  }
}

}  // namespace
}  // namespace guichet::popd
