#include "cli/first_answers.h"

#include <gtest/gtest.h>

#include <future>

namespace guichet::cli {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using Answer = std::optional<smtpd::Reply>;

store::MessageId message(std::uint8_t number) {
  store::MessageId id;
  id.uuid.octets.back() = number;
  return id;
}

std::future<Answer> waiting(FirstAnswers& answers, std::uint8_t number) {
  auto promise = std::make_shared<std::promise<Answer>>();
  answers.wait(message(number), [promise](Answer answer) { promise->set_value(std::move(answer)); });
  return promise->get_future();
}

TEST(FirstAnswers, AJudgementThatComesInTimeIsTheAnswer) {
  FirstAnswers answers{hours(1)};
  auto refused = waiting(answers, 1), accepted = waiting(answers, 2);
  ASSERT_TRUE(answers.claim(message(1)));
  answers.answer(message(1), smtpd::Reply{550, "5.7.1", "no"});
  answers.answer(message(2), std::nullopt);
  EXPECT_EQ(refused.get()->code, 550);
  EXPECT_FALSE(accepted.get());
}

TEST(FirstAnswers, TheDeadlineAcceptsAndNothingChangesThat) {
  FirstAnswers answers{milliseconds(0)};
  auto accepted = waiting(answers, 1);
  EXPECT_FALSE(accepted.get());
  EXPECT_FALSE(answers.claim(message(1)));
  answers.answer(message(1), smtpd::Reply{550, "5.7.1", "too late"});
}

TEST(FirstAnswers, WhatIsClaimedIsNotAcceptedByTheDeadline) {
  FirstAnswers answers{milliseconds(50)};
  auto first = waiting(answers, 1);
  if (answers.claim(message(1))) {
    EXPECT_FALSE(waiting(answers, 2).get()) << "a later deadline has passed";
    answers.answer(message(1), smtpd::Reply{451, "4.7.1", "later"});
    EXPECT_EQ(first.get()->code, 451);
  } else {
    EXPECT_FALSE(first.get());
  }
}

TEST(FirstAnswers, NobodyWaits) {
  FirstAnswers answers{hours(1)};
  EXPECT_FALSE(answers.claim(message(1)));
  answers.answer(message(1), std::nullopt);
}

TEST(FirstAnswers, WhoStillWaitsAtTheEndIsAccepted) {
  std::future<Answer> accepted;
  {
    FirstAnswers answers{hours(1)};
    accepted = waiting(answers, 1);
  }
  EXPECT_FALSE(accepted.get());
}

}  // namespace
}  // namespace guichet::cli
