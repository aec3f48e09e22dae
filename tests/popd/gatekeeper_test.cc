#include "popd/gatekeeper.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace guichet::popd {
namespace {

using std::chrono::seconds;
using Answer = Gatekeeper::Answer;
using Turn = std::unique_ptr<Gatekeeper::Turn>;

const Caller neighbour{.place = "127.0.0.1", .near = true};
const Gatekeeper::Clock::time_point start{};
constexpr const char* hash = "$y$j9T$f2BZ/FXZy/P.x0YEn5uKe/$SFavDMlDgusPw3bmVASVLkNO20uvVRzC9JEmIvVxKW6";

Caller stranger(int number = 1) {
  return {.place = "192.0.2." + std::to_string(number), .near = false};
}

struct Gate {
  explicit Gate(User user, GuessRules rules = {}) : users({std::move(user)}), keeper(users, rules) {}

  auto knock(const Caller& caller, const std::string& password) {
    return keeper.knock(caller, "foi", password, start);
  }
  Answer answer(const Caller& caller, const std::string& password) {
    auto knocked = knock(caller, password);
    if (const auto* known = std::get_if<Answer>(&knocked)) return *known;
    return keeper.check(caller, "foi", password, start);
  }

  Users users;
  Gatekeeper keeper;
};

Gate with_hash(GuessRules rules = {}) {
  return Gate({.name = "foi", .password = {}, .hash = hash}, rules);
}

bool is_turn(const std::variant<Answer, Turn>& knocked) {
  return std::holds_alternative<Turn>(knocked);
}

TEST(Gatekeeper, AClearPasswordNeedsNoTurn) {
  Gate gate({.name = "foi", .password = "secret", .hash = {}});
  auto right = gate.knock(stranger(), "secret");
  ASSERT_FALSE(is_turn(right));
  EXPECT_FALSE(std::get<Answer>(right).refusal);
  auto wrong = gate.knock(stranger(), "wrong");
  ASSERT_FALSE(is_turn(wrong));
  EXPECT_EQ(std::get<Answer>(wrong).refusal, LoginRefusal::wrong);
  EXPECT_EQ(std::get<Answer>(wrong).held_back, seconds(2));
}

TEST(Gatekeeper, TheSecondPollCostsNoHash) {
  auto gate = with_hash();
  EXPECT_TRUE(is_turn(gate.knock(neighbour, "secret")));
  EXPECT_EQ(gate.answer(neighbour, "secret").how, Gatekeeper::How::checked);
  const auto again = gate.answer(neighbour, "secret");
  EXPECT_EQ(again.how, Gatekeeper::How::remembered);
  EXPECT_FALSE(again.refusal);
  EXPECT_EQ(again.held_back, seconds(0));
  EXPECT_TRUE(is_turn(gate.knock(neighbour, "wrong")));
}

TEST(Gatekeeper, AnUnknownNameAndAWrongPasswordAreTheSame) {
  auto one = with_hash(), other = with_hash();
  const auto unknown = one.keeper.check(stranger(), "nobody", "x", start);
  const auto wrong = other.keeper.check(stranger(), "foi", "x", start);
  EXPECT_EQ(unknown.refusal, wrong.refusal);
  EXPECT_EQ(unknown.held_back, wrong.held_back);
  EXPECT_TRUE(is_turn(one.keeper.knock(stranger(), "nobody", "x", start)));
}

TEST(Gatekeeper, StrangersHaveSoManyTurnsAndWhoIsNearHasAlwaysOne) {
  auto gate = with_hash();
  std::vector<std::variant<Answer, Turn>> turns;
  for (int place = 1; place <= 4; ++place)
    for (int i = 0; i < 2; ++i) {
      turns.push_back(gate.knock(stranger(place), "x"));
      EXPECT_TRUE(is_turn(turns.back()));
    }
  const auto put_off = gate.knock(stranger(5), "secret");
  ASSERT_FALSE(is_turn(put_off)) << "all eight are taken";
  EXPECT_EQ(std::get<Answer>(put_off).refusal, LoginRefusal::temporary);
  EXPECT_TRUE(is_turn(gate.knock(neighbour, "secret")));
  turns.pop_back();
  EXPECT_TRUE(is_turn(gate.knock(stranger(5), "secret"))) << "one is done";
}

TEST(Gatekeeper, OnePlaceHasTwoTurns) {
  auto gate = with_hash();
  const auto first = gate.knock(stranger(), "x"), second = gate.knock(stranger(), "x");
  EXPECT_TRUE(is_turn(first) && is_turn(second));
  EXPECT_FALSE(is_turn(gate.knock(stranger(), "x")));
  EXPECT_TRUE(is_turn(gate.knock(stranger(2), "x")));
}

TEST(Gatekeeper, WhatALockedPlaceTriesIsNotLookedAt) {
  auto gate = with_hash({.failures_max = 2});
  EXPECT_FALSE(gate.answer(neighbour, "secret").refusal);
  (void)gate.answer(stranger(), "x");
  EXPECT_TRUE(gate.answer(stranger(), "x").locks);
  const auto locked = gate.answer(stranger(), "secret");
  EXPECT_EQ(locked.refusal, LoginRefusal::login_delay);
  EXPECT_EQ(locked.how, Gatekeeper::How::locked);
  EXPECT_EQ(locked.held_back, seconds(15));
}

TEST(Gatekeeper, NobodyLocksOutThePoller) {
  auto gate = with_hash({.failures_max = 2});
  for (int i = 0; i < 5; ++i) {
    (void)gate.keeper.check(stranger(), "foi", "x", start);
    (void)gate.keeper.check(neighbour, "foi", "x", start);
  }
  const auto poll = gate.answer(neighbour, "secret");
  EXPECT_FALSE(poll.refusal);
  EXPECT_EQ(poll.held_back, seconds(0));
}

}  // namespace
}  // namespace guichet::popd
