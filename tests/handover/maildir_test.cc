// A Maildir when the power goes: what was taken is there whole, once, under a name that does not change.
#include "handover/maildir.h"

#include <gmock/gmock.h>

#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::handover {
namespace {

using store::Cut;
using store::ForgetfulDisk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Outcome::Kind;

const std::filesystem::path home = "/home", maildir = home / "foi" / "Maildir";

class MaildirTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = store::Store::open({.path = temporary_.path() / "store", .prepare_octets = 0}, archive_,
                                     clock_, ids_, [](const std::string&) {});
    ASSERT_TRUE(opened) << opened.error().text;
    store_ = std::move(*opened);
    for (const auto* text : {"one", "two"}) {
      const auto mail = store::new_mail(clock_, ids_, store::mail_text(text));
      auto append = store::to_append(*store_, clock_, mail);
      ASSERT_TRUE(append && store::push(*store_, std::move(*append)).get());
    }
    rows_ = store_->waiting("foi", 0).value();
    ASSERT_EQ(rows_.size(), 2u);
  }

  Item item(std::size_t number) const {
    const auto& row = rows_.at(number);
    return {.uid = row.uid,
            .message = row.message,
            .recipient = "foi@example.test",
            .mail_from = "",
            .size_octets = row.size_octets,
            .delivered = {1'780'000'000'000'000}};
  }
  std::unique_ptr<store::ServedMessage> open(std::size_t number) {
    return std::move(*store::ServedMessage::open(*store_, rows_.at(number)));
  }
  std::string octets(std::size_t number) {
    std::string all;
    const auto message = open(number);
    for (auto piece = message->next(); piece && !piece->empty(); piece = message->next())
      all += *piece;
    return all;
  }
  Kind deliver(MaildirDriver& driver, std::size_t number) {
    return driver.hand_over(item(number), *open(number), {}).kind;
  }

  // What a reader finds, in any order.
  static std::vector<std::string> found(ForgetfulDisk& disk) {
    std::vector<std::string> all;
    for (const auto& name : disk.list(maildir / "new").value_or(std::vector<std::string>()))
      all.push_back(disk.content(maildir / "new" / name).value_or("unreadable"));
    return all;
  }
  // The power goes at this step while two are delivered; how many were said to be taken.
  std::size_t deliver_until(ForgetfulDisk& disk, std::uint64_t step) {
    disk.cut_power_at(step);
    MaildirDriver driver(disk, maildir, "mx.example.test");
    std::size_t taken = 0;
    while (taken < rows_.size() && deliver(driver, taken) == Kind::taken)
      ++taken;
    return taken;
  }

  store::TempFolder temporary_;
  ForgetfulDisk archive_{temporary_.path()};
  store::SteadyClock clock_;
  store::CountingIds ids_;
  std::unique_ptr<store::Store> store_;
  std::vector<store::WaitingRow> rows_;
};

TEST_F(MaildirTest, ANameTellsTheUidAndTheSizeAndIsTheSameAtEachAttempt) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    ForgetfulDisk disk(home);
    MaildirDriver driver(disk, maildir, "mx/example:test");
    EXPECT_EQ(deliver(driver, 0), Kind::taken);
    EXPECT_THAT(disk.list(maildir / "new").value(),
                ElementsAre("1780000000." + rows_[0].uid.uuid.text() +
                            ".mx_example_test,S=" + std::to_string(octets(0).size())));
  }
}

TEST_F(MaildirTest, WhatIsThereIsNotDeliveredAgain) {
  ForgetfulDisk disk(home);
  MaildirDriver driver(disk, maildir, "mx");
  EXPECT_EQ(deliver(driver, 0), Kind::taken);
  const auto name = disk.list(maildir / "new").value().at(0);
  ASSERT_TRUE(disk.rename(maildir / "new" / name, maildir / "cur" / (name + ":2,S")));
  MaildirDriver next(disk, maildir, "mx");
  EXPECT_EQ(deliver(next, 0), Kind::taken);
  EXPECT_THAT(found(disk), IsEmpty());
}

TEST_F(MaildirTest, APowerCutAtAnyStepLosesNothingAndDoublesNothing) {
  const std::vector<std::string> expected{octets(0), octets(1)};
  std::size_t cuts = 0, all_taken = 0;
  for (std::uint64_t step = 0; all_taken == 0; ++step) {
    ForgetfulDisk disk(home);
    const auto taken = deliver_until(disk, step);
    for (const auto mode : {Cut::nothing_unsynced, Cut::everything, Cut::sectors, Cut::last_write_prefix}) {
      SCOPED_TRACE("step " + std::to_string(step) + ", mode " + std::to_string(static_cast<int>(mode)));
      const auto after = disk.power_cut(step, mode);
      const auto there = found(*after);
      for (std::size_t i = 0; i < taken; ++i)
        EXPECT_EQ(std::ranges::count(there, expected[i]), 1) << "it was taken: " << i;
      for (const auto& file : there)
        EXPECT_EQ(std::ranges::count(expected, file), 1) << "half a message";
      MaildirDriver driver(*after, maildir, "mx.example.test");
      EXPECT_EQ(deliver(driver, 0), Kind::taken);
      EXPECT_EQ(deliver(driver, 1), Kind::taken);
      EXPECT_THAT(found(*after), testing::UnorderedElementsAreArray(expected));
      EXPECT_THAT(after->list(maildir / "tmp").value(), IsEmpty());
      ++cuts;
    }
    all_taken += taken == rows_.size() ? 1 : 0;
  }
  EXPECT_GT(cuts, 40u);
}

}  // namespace
}  // namespace guichet::handover
