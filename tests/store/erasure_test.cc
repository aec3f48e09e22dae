// Erasing: what goes, what stays, and that a power cut at any step of it leaves something that the next start
// finishes. Retention and re-queueing, which lead to it and away from it.
#include "store/erasure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "store/requeue.h"
#include "store/retention.h"
#include "store/verify.h"
#include "tests/store/forgetful_disk.h"
#include "tests/store/workbench.h"

namespace guichet::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* secret = "0612345678";

class ErasureTest : public ::testing::Test {
 protected:
  std::unique_ptr<Store> open(Disk& disk) {
    StoreOptions options{.path = home_.path(), .prepare_octets = 0};
    options.volume_octets_max = 6000;  // several volumes
    auto store = Store::open(options, disk, clock_, ids_, alarms_.listener());
    return store ? std::move(*store) : nullptr;
  }

  Mail send(Store& store, const std::string& text) {
    auto mail = new_mail(clock_, ids_, mail_text(text));
    auto append = to_append(store, clock_, mail);
    EXPECT_TRUE(append && push(store, std::move(*append)).get());
    return mail;
  }

  void hand_over(Store& store, const Mail& mail) {
    EXPECT_TRUE(push(store, store::hand_over(clock_, {{mail.message, mail.uids.front()}})).get());
  }

  ErasureOrder order(std::vector<MessageId> messages) {
    return {std::move(messages), clock_.now(), "tester", "article 17"};
  }

  std::size_t waiting(Store& store) { return store.waiting("foi", 0).value().size(); }

  std::string octets_of(Store& store, const Mail& mail) {
    const auto place = store.ask([&](IndexReader& index) { return index.body(mail.digest()); });
    if (!place || !*place) return "";
    std::string octets(static_cast<std::size_t>((*place)->size_octets), '\0');
    return store.archive().read(**place, 0, octets) ? octets : "";
  }

  bool is_erased(Store& store, const Mail& mail) {
    return store.ask([&](IndexReader& index) { return index.is_erased(mail.message); }).value();
  }

  std::vector<std::string> damage(Disk& disk) {
    std::vector<std::string> found;
    const Archive archive(disk, home_.path());
    const auto report = verify(archive, {}).value();
    for (const auto& finding : report.findings)
      if (finding.kind == FindingKind::damage) found.push_back(finding.where + ": " + finding.what);
    return found;
  }

  bool anywhere(ForgetfulDisk& disk, const std::string& text) {
    const auto volumes = Archive(disk, home_.path()).volumes().value();
    for (const auto& volume : volumes)
      if (disk.content(volume.path).value_or("").find(text) != std::string::npos) return true;
    return false;
  }

  TempFolder home_;
  SteadyClock clock_;
  CountingIds ids_;
  Alarms alarms_;
};

TEST_F(ErasureTest, LeavesIdAndDigestAndNothingElse) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  const auto other = send(*store, "stays");
  hand_over(*store, mail);
  const auto report = erase(*store, order({mail.message}));
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_THAT(report->erased, ElementsAre(mail.message));
  EXPECT_EQ(report->blocks, 4) << "octets, received, delivered, handed over";
  EXPECT_TRUE(is_erased(*store, mail));
  EXPECT_EQ(store->message(mail.message).value()->digest, mail.digest());
  EXPECT_EQ(octets_of(*store, mail), "");
  EXPECT_EQ(octets_of(*store, other), other.octets);
  EXPECT_FALSE(anywhere(disk, secret));
  EXPECT_FALSE(anywhere(disk, "foi+1@example.test"));
  EXPECT_THAT(damage(disk), IsEmpty());
  store.reset();
  EXPECT_THAT(damage(disk), IsEmpty());
  EXPECT_THAT(alarms_.heard(), IsEmpty());
}

TEST_F(ErasureTest, ARebuiltIndexSaysTheSame) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  const auto other = send(*store, "stays");
  hand_over(*store, mail);
  ASSERT_TRUE(erase(*store, order({mail.message})));
  const auto before = store->ask([](IndexReader& index) { return index.counts(); }).value();
  EXPECT_EQ(store->rebuild_index().value(), before);
  EXPECT_EQ(before.waiting, 1);
  EXPECT_TRUE(is_erased(*store, mail));
  EXPECT_EQ(store->deliveries(mail.message).value().at(0).state, DeliveryState::erased);
  EXPECT_TRUE(store->deliveries(mail.message).value().at(0).handed_over_at);
}

TEST_F(ErasureTest, OctetsStayAsLongAsAMessageHasThem) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto first = send(*store, secret);
  const auto second = send(*store, secret);
  const auto report = erase(*store, order({first.message})).value();
  ASSERT_EQ(report.octets_kept.size(), 1);
  EXPECT_THAT(report.octets_kept[0].with, ElementsAre(second.message));
  EXPECT_EQ(octets_of(*store, second), second.octets);
  EXPECT_THAT(damage(disk), IsEmpty());
  EXPECT_THAT(erase(*store, order({second.message})).value().octets_kept, IsEmpty());
  EXPECT_FALSE(anywhere(disk, secret));
  EXPECT_THAT(damage(disk), IsEmpty());
}

TEST_F(ErasureTest, BothOfTwoEqualOnesGoTogether) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto first = send(*store, secret);
  const auto second = send(*store, secret);
  EXPECT_THAT(erase(*store, order({first.message, second.message})).value().octets_kept, IsEmpty());
  EXPECT_FALSE(anywhere(disk, secret));
  const auto again = send(*store, secret);
  EXPECT_EQ(octets_of(*store, again), again.octets) << "in full, not as a repetition of what is gone";
  EXPECT_THAT(damage(disk), IsEmpty());
}

TEST_F(ErasureTest, AHeldMessageStays) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  ASSERT_TRUE(append_and_wait(*store, {Held{mail.message, clock_.now(), "tester", "appeal"}}));
  EXPECT_THAT(erase(*store, order({mail.message})).value().held, ElementsAre(mail.message));
  EXPECT_EQ(octets_of(*store, mail), mail.octets);
  ASSERT_TRUE(append_and_wait(*store, {Released{mail.message, clock_.now(), "tester", "closed"}}));
  EXPECT_THAT(erase(*store, order({mail.message})).value().erased, ElementsAre(mail.message));
}

TEST_F(ErasureTest, BlankOctetsThatNobodyErasedAreDamage) {
  ForgetfulDisk disk(home_.path());
  const auto mail = send(*open(disk), secret);
  const auto volume = Archive(disk, home_.path()).volumes().value().at(0).path;
  auto octets = disk.content(volume).value();
  octets.replace(octets.find(mail.octets), mail.octets.size(), mail.octets.size(), ' ');
  disk.put(volume, octets, true);
  EXPECT_EQ(damage(disk).size(), 1);
}

TEST_F(ErasureTest, OneThatFailedIsDoneWithTheNext) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  const auto other = send(*store, "goes too");
  disk.inject({.call = 0, .kind = ErrorKind::no_files, .seed = 0, .what = "write 00000001.warc"});
  const auto failed = erase(*store, order({mail.message}));
  ASSERT_FALSE(failed) << disk.fault_text();
  EXPECT_TRUE(anywhere(disk, secret)) << failed.error().text;
  ASSERT_TRUE(erase(*store, order({other.message})));
  EXPECT_FALSE(anywhere(disk, secret));
  EXPECT_THAT(damage(disk), IsEmpty());
}

TEST_F(ErasureTest, WhatCanStillBeReadIsDamage) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  const auto volume = Archive(disk, home_.path()).volumes().value().at(0).path;
  const auto before = disk.content(volume).value();
  ASSERT_TRUE(erase(*store, order({mail.message})));
  store.reset();
  auto octets = disk.content(volume).value();
  octets.replace(0, octets.find("WARC-Date", before.size() / 2), before, 0,
                 octets.find("WARC-Date", before.size() / 2));
  disk.put(volume, octets, true);
  EXPECT_FALSE(damage(disk).empty());
}

TEST_F(ErasureTest, AHoldOfThenDoesNotKeepWhatTheJournalErased) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, secret);
  ASSERT_TRUE(append_and_wait(*store, {Held{mail.message, clock_.now(), "tester", "appeal"}}));
  store.reset();
  const Erased erased{mail.message, clock_.now(),        "tester",
                      "article 17", mail.digest(),       mail.octets.size(),
                      clock_.now(), {mail.message.uuid}, {}};
  disk.put(home_.path() / "erasures.jsonl", encode_fact(erased) + "\n");
  store = open(disk);
  EXPECT_TRUE(is_erased(*store, mail));
  EXPECT_FALSE(anywhere(disk, secret));
}

TEST_F(ErasureTest, OctetsThatAMessageNeedsWhichTheIndexDoesNotKnowStay) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto first = send(*store, secret);
  const auto second = send(*store, secret);  // a revisit
  store.reset();
  const auto volume = Archive(disk, home_.path()).volumes().value().at(0).path;
  auto octets = disk.content(volume).value();
  const auto fact = "{\"fact\":\"received\",\"message\":\"" + second.message.uuid.text();
  ASSERT_NE(octets.find(fact), std::string::npos);
  octets[octets.find(fact) + 3] ^= 1;  // its received fact is damaged
  disk.put(volume, octets, true);
  std::filesystem::remove_all(home_.path() / "index");
  store = open(disk);
  EXPECT_FALSE(erase(*store, order({first.message})).value().octets_kept.empty());
  EXPECT_EQ(octets_of(*store, first), first.octets);
}

// The power goes at every step from the erasure on.
TEST_F(ErasureTest, APowerCutAtAnyStepIsFinishedAtTheNextStart) {
  std::size_t erased = 0, untouched = 0;
  for (std::uint64_t step = 0;; ++step) {
    std::filesystem::remove_all(home_.path() / "index");
    ForgetfulDisk disk(home_.path());
    auto store = open(disk);
    const auto mail = send(*store, secret);
    const auto other = send(*store, "stays");
    hand_over(*store, mail);
    disk.cut_power_at(disk.steps() + step);
    const auto report = erase(*store, order({mail.message}));
    store.reset();
    for (const auto mode : {Cut::nothing_unsynced, Cut::everything, Cut::sectors}) {
      const auto found = disk.power_cut(step, mode);
      std::filesystem::remove_all(home_.path() / "index");
      auto again = open(*found);
      ASSERT_TRUE(again) << "step " << step;
      const bool gone = is_erased(*again, mail);
      EXPECT_TRUE(gone || !report) << "acknowledged, step " << step;
      EXPECT_EQ(octets_of(*again, mail), gone ? "" : mail.octets) << "step " << step;
      EXPECT_EQ(anywhere(*found, secret), !gone) << "step " << step;
      EXPECT_EQ(octets_of(*again, other), other.octets) << "step " << step;
      EXPECT_EQ(waiting(*again), 1) << "step " << step;
      EXPECT_THAT(damage(*found), IsEmpty()) << "step " << step;
      ++(gone ? erased : untouched);
    }
    if (report) break;
  }
  EXPECT_GT(erased, 10);
  EXPECT_GT(untouched, 2);
}

// What befell a delivery names people too: what a consumer said, why it is stuck, why it was asked for again.
TEST_F(ErasureTest, WhatBefellADeliveryGoesWithIt) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto befall = [&](std::vector<Fact> facts) {
    ASSERT_TRUE(append_and_wait(*store, std::move(facts)));
  };
  const auto offered = send(*store, "offered"), stuck = send(*store, "stuck"),
             asked = send(*store, "asked for"), other = send(*store, "other");
  const auto refusal = [&](const Mail& mail) {
    return Offered{mail.uids[0], mail.message, clock_.now(), "smtp", OfferOutcome::failed, secret};
  };
  const auto stop = [&](const Mail& mail) {
    return Stuck{mail.uids[0], mail.message, clock_.now(), "smtp", std::string("refused: ") + secret};
  };
  befall({refusal(offered)});
  befall({refusal(stuck), stop(stuck)});
  hand_over(*store, asked);
  befall({Confirmed{asked.uids[0], asked.message, clock_.now(), std::string("reconcile ") + secret}});
  ASSERT_TRUE(store->wait_for_index());
  ASSERT_EQ(requeue(*store, ids_, {store->deliveries(asked.message).value(), clock_.now(), "root", secret}),
            1u);
  befall({stop(other)});

  ASSERT_TRUE(erase(*store, order({offered.message, stuck.message, asked.message})));
  for (const bool rebuilt : {false, true}) {
    if (rebuilt) {
      ASSERT_TRUE(store->rebuild_index());
    }
    EXPECT_EQ(waiting(*store), 0);
    for (const auto* mail : {&offered, &stuck, &asked}) {
      const auto rows = store->deliveries(mail->message).value();
      EXPECT_TRUE(std::ranges::all_of(
          rows, [](const DeliveryRow& row) { return row.state == DeliveryState::erased; }));
    }
    EXPECT_EQ(store->deliveries(other.message).value().at(0).state, DeliveryState::stuck);
    const auto queue = store->ask([](IndexReader& index) { return index.queue("", 9); }).value();
    EXPECT_EQ(queue.size(), 1u) << "the other one, which is stuck";
  }
  EXPECT_THAT(damage(disk), IsEmpty());
  befall({HandedOver{other.uids[0], other.message, clock_.now(), "root"}});
  ASSERT_TRUE(erase(*store, order({other.message})));
  EXPECT_FALSE(anywhere(disk, secret));
  EXPECT_THAT(damage(disk), IsEmpty());
}

// --- Hand over, re-queue -------------------------------------------------------------------------------

TEST_F(ErasureTest, ARequeuedDeliveryIsAnotherOneWithTheSameOctets) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, "once more");
  const auto rows = [&] { return store->deliveries(mail.message).value(); };
  const auto form_of = [&](const DeliveryRow& row) {
    return std::get<Delivered>(store->archive().fact(row.place).value()).form;
  };
  const auto again = [&] {  // a clock that is far behind
    return requeue(*store, ids_, {rows(), Instant{1}, "tester", "rolled back"}).value();
  };
  hand_over(*store, mail);
  EXPECT_EQ(waiting(*store), 0);
  EXPECT_EQ(again(), 1);
  EXPECT_EQ(waiting(*store), 1);
  ASSERT_THAT(rows(), SizeIs(2));
  EXPECT_EQ(rows()[0].uid, mail.uids.front());
  EXPECT_EQ(rows()[0].state, DeliveryState::requeued);
  EXPECT_EQ(rows()[1].state, DeliveryState::waiting);
  EXPECT_NE(rows()[1].uid, rows()[0].uid);
  EXPECT_EQ(form_of(rows()[0]), form_of(rows()[1])) << "what is served is frozen";
  EXPECT_EQ(again(), 1) << "what waits is made anew too; what was re-queued before is not";
  EXPECT_EQ(waiting(*store), 1);
  ASSERT_TRUE(store->rebuild_index());
  EXPECT_THAT(rows(), SizeIs(3));
  EXPECT_EQ(waiting(*store), 1) << "the same when all is told at once";
  EXPECT_THAT(damage(disk), IsEmpty());
}

// As earlier releases wrote it: the same uid waits again.
TEST_F(ErasureTest, OfHandOverAndAnEarlyRequeueTheLaterCounts) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto mail = send(*store, "once more");
  const auto again = [&] {
    return append_and_wait(*store, {Requeued{mail.uids.front(), mail.message, Instant{1}, "tester", "back"}});
  };
  hand_over(*store, mail);
  EXPECT_EQ(waiting(*store), 0);
  ASSERT_TRUE(again());
  EXPECT_EQ(waiting(*store), 1);
  hand_over(*store, mail);
  EXPECT_EQ(waiting(*store), 0);
  ASSERT_TRUE(store->rebuild_index());
  EXPECT_EQ(waiting(*store), 0) << "the same when all is told at once";
  ASSERT_TRUE(again());
  ASSERT_TRUE(store->rebuild_index());
  EXPECT_EQ(waiting(*store), 1);
  EXPECT_THAT(damage(disk), IsEmpty());
}

// --- Retention -----------------------------------------------------------------------------------------

class RetentionTest : public ErasureTest {
 protected:
  std::vector<MessageId> after_days(Store& store, std::vector<RetentionRule> rules, int days) {
    const Instant now{clock_.now().unix_us + days * std::int64_t{86'400'000'000}};
    return outstayed(store, {.sites = std::move(rules)}, now, 100).value();
  }
};

TEST_F(RetentionTest, OnlyWhatWasHandedOverLongAgoHasOutstayed) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto taken = send(*store, "taken");
  send(*store, "waits");
  hand_over(*store, taken);
  EXPECT_THAT(after_days(*store, {{"Example.TEST", 30}}, 29), IsEmpty());
  EXPECT_THAT(after_days(*store, {{"Example.TEST", 30}}, 31), ElementsAre(taken.message));
  EXPECT_THAT(after_days(*store, {{"example.test", 0}}, 31), IsEmpty()) << "for ever";
  EXPECT_THAT(after_days(*store, {{"other.test", 30}}, 31), IsEmpty());
  ASSERT_TRUE(append_and_wait(*store, {Held{taken.message, clock_.now(), "tester", "appeal"}}));
  EXPECT_THAT(after_days(*store, {{"example.test", 30}}, 31), IsEmpty()) << "held";
}

TEST_F(RetentionTest, AMessageOfSeveralSitesStaysAsLongAsTheMostPatientOne) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  auto mail = new_mail(clock_, ids_, mail_text("to two"), {"foi", "other"});
  mail.recipients[1].address = "foi+2@other.test";
  ASSERT_TRUE(push(*store, *to_append(*store, clock_, mail)).get());
  ASSERT_TRUE(
      push(*store, store::hand_over(clock_, {{mail.message, mail.uids[0]}, {mail.message, mail.uids[1]}}))
          .get());
  EXPECT_THAT(after_days(*store, {{"example.test", 30}}, 90), IsEmpty());
  EXPECT_THAT(after_days(*store, {{"example.test", 30}, {"other.test", 60}}, 45), IsEmpty());
  EXPECT_THAT(after_days(*store, {{"example.test", 30}, {"other.test", 60}}, 61), ElementsAre(mail.message));
}

TEST_F(RetentionTest, WhatWasDiscardedFromQuarantineHasATimeOfItsOwn) {
  ForgetfulDisk disk(home_.path());
  auto store = open(disk);
  const auto junk = send(*store, "junk"), taken = send(*store, "taken"), kept = send(*store, "kept");
  hand_over(*store, taken);
  const auto quarantine = [&](const Mail& mail) {
    return Quarantined{mail.uids[0], mail.message, clock_.now(), "guichet", "rule"};
  };
  ASSERT_TRUE(append_and_wait(*store, {quarantine(junk), quarantine(kept)}));
  ASSERT_TRUE(append_and_wait(
      *store, {HandedOver{junk.uids[0], junk.message, clock_.now(), "root", Way::discarded}}));
  const auto outstayed_after = [&](int days) {
    const Instant now{clock_.now().unix_us + days * std::int64_t{86'400'000'000}};
    return outstayed(*store, {.sites = {}, .discarded_days = 90}, now, 100).value();
  };
  EXPECT_THAT(outstayed_after(89), IsEmpty());
  EXPECT_THAT(outstayed_after(91), ElementsAre(junk.message)) << "and nothing that nobody has looked at";
}

}  // namespace
}  // namespace guichet::store
