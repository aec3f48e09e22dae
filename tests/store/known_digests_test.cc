// A filter may take a new digest for a known one, now and then; never the other way round.
#include "store/known_digests.h"

#include <gtest/gtest.h>

#include <string>

#include "store/hash.h"

namespace guichet::store {
namespace {

Digest numbered(int number) {
  return sha256("message " + std::to_string(number));
}

TEST(KnownDigests, WhatWasAddedIsKnown) {
  KnownDigests known(0);
  for (int i = 0; i < 100'000; ++i)
    known.add(numbered(i));
  for (int i = 0; i < 100'000; ++i)
    EXPECT_TRUE(known.may_contain(numbered(i)));
}

TEST(KnownDigests, ANewOneIsSeldomTakenForKnown) {
  constexpr int count = 50'000;
  KnownDigests known(count);
  EXPECT_FALSE(known.may_contain(numbered(0)));
  for (int i = 0; i < 4 * count; ++i)
    known.add(numbered(i));
  int mistakes = 0;
  for (int i = 4 * count; i < 5 * count; ++i)
    mistakes += known.may_contain(numbered(i));
  EXPECT_LT(mistakes, count / 100);
}

}  // namespace
}  // namespace guichet::store
