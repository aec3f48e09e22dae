// A store is damaged in one way after the other; verify must name the place, and nothing else must be found
// in a sound one.
#include <algorithm>
#include <atomic>

#include "tests/store/verify_bench.h"

namespace guichet::store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

// --- Nothing wrong ---------------------------------------------------------------------------------------

TEST_F(VerifyTest, FindsNothingInASoundStoreAndCountsIt) {
  fill();
  const auto report = verified();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_FALSE(report.damaged());
  EXPECT_EQ(report.volumes, 2u);
  EXPECT_EQ(report.messages, 6u);
  EXPECT_EQ(report.bodies, 4u);
  EXPECT_EQ(report.deliveries, 12u);
  EXPECT_EQ(report.handed_over, 2u);
  EXPECT_EQ(report.octets, fs::file_size(volume(1)) + fs::file_size(volume(2)));
}

TEST_F(VerifyTest, FindsNothingInAnEmptyStore) {
  open_store()->stop();
  EXPECT_THAT(findings(), ElementsAre(note("index", "empty")));
}

TEST_F(VerifyTest, FindsNothingBesideAWriter) {
  fill();
  const auto store = open_store();
  take(*store, text(7));
  ASSERT_TRUE(store->waiting("foi", 0));  // the index has it
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_EQ(verified().messages, 7u);
}

// A bounded number of messages: a writer that is faster than verify would keep it reading for ever.
TEST_F(VerifyTest, FindsNoDamageBesideAWriterAtWork) {
  const auto store = open_store();
  std::atomic<bool> done = false;
  const auto writer = std::async(std::launch::async, [&] {
    for (std::size_t number = 0; number < 1000; ++number)
      take(*store, text(static_cast<int>(number)) + std::string(number % 100 * 100, 'x'));
    done = true;
  });
  while (!done)
    EXPECT_THAT(findings(), Not(Contains(any_damage())));
}

TEST_F(VerifyTest, SaysWhereItIs) {
  fill();
  const Archive archive(*disk_, folder_ / "store");
  std::uint64_t last = 0, total = 0;
  ASSERT_TRUE(verify(archive, {.progress = [&](auto done, auto of) { last = done, total = of; }}));
  EXPECT_EQ(last, total);
  EXPECT_EQ(total, fs::file_size(volume(1)) + fs::file_size(volume(2)));
}

// --- Records ---------------------------------------------------------------------------------------------

TEST_F(VerifyTest, NamesAnAlteredBodyAndNothingElse) {
  fill();
  const auto body = records(1, RecordType::resource).front();
  flip(1, body.block_offset + 3);
  EXPECT_THAT(findings(),
              ElementsAre(damage(where(body.place), "message " + body.header.target->uuid.text())));
}

TEST_F(VerifyTest, NamesAnAlteredHeader) {
  fill();
  const auto body = records(1, RecordType::resource)[1];
  change(1, [&](std::string& octets) { octets[octets.find("WARC-Date: 20", body.place.offset) + 14] = '0'; });
  EXPECT_THAT(findings(), Contains(damage(where(body.place), "the chain is broken")));
}

// In one volume: the damaged record is known as such only after all others of it.
TEST_F(VerifyTest, OctetsWrittenAgainAfterDamageAreTheOnesThatCount) {
  const auto store = open_store();
  take(*store, text(0));
  std::fstream file(volume(1), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(file_octets(volume(1)).find("Subject: 0")));
  file << 's' << std::flush;
  take(*store, text(0));
  store->stop();
  EXPECT_EQ(records(1, RecordType::resource).size(), 1u);
  EXPECT_THAT(findings(), Contains(any_damage()));
  EXPECT_THAT(findings(), Not(Contains(Field("where", &Finding::where, "index"))));
}

TEST_F(VerifyTest, NamesAHeaderThatCannotBeRead) {
  fill();
  const auto fact = records(1, RecordType::metadata)[2];
  flip(1, fact.place.offset);
  const auto found = findings();
  EXPECT_THAT(found, Contains(damage(where(fact.place), "no WARC/1.1 record begins here")));
  EXPECT_THAT(found, Contains(damage("index", "is said to be in " + where(fact.place))));
}

TEST_F(VerifyTest, NamesAnAlteredFactAndTheMessageItIsAbout) {
  fill();
  const auto fact = records(2, RecordType::metadata).front();
  flip(2, fact.block_offset + 20);
  const auto found = findings();
  EXPECT_THAT(found, Contains(damage(where(fact.place),
                                     "message " + fact.header.refers_to->text() + " has changed")));
  EXPECT_THAT(found, Not(Contains(Field(&Finding::what, HasSubstr("was not received")))));
}

TEST_F(VerifyTest, NamesARemovedRecord) {
  fill();
  const auto facts = records(1, RecordType::metadata);
  change(1, [&](std::string& octets) {
    octets.erase(facts[1].place.offset, facts[1].end - facts[1].place.offset);
  });
  const auto found = findings();
  EXPECT_THAT(found, Contains(damage(where(facts[1].place), "the chain is broken")));
  EXPECT_THAT(found, Contains(damage(where(1), "it was sealed with")));
}

TEST_F(VerifyTest, NamesReorderedRecords) {
  fill();
  const auto facts =
      records(1, RecordType::metadata);  // received, delivered, delivered: the two are neighbours
  const auto place = facts[1].place;
  change(1, [&](std::string& octets) {
    const auto begin = octets.begin() + static_cast<std::ptrdiff_t>(place.offset);
    std::rotate(begin, octets.begin() + static_cast<std::ptrdiff_t>(facts[2].place.offset),
                octets.begin() + static_cast<std::ptrdiff_t>(facts[2].end));
  });
  EXPECT_THAT(findings(), Contains(damage(where(place), "the chain is broken")));
}

TEST_F(VerifyTest, NamesDamageThatDoesNotTouchTheIndexOnceItIsGone) {
  fill();
  remove_index();
  const auto revisit = records(1, RecordType::revisit).front();
  flip(1, revisit.end - 1);
  EXPECT_THAT(findings(), ElementsAre(damage(where(revisit.place), "does not end in CRLF CRLF"),
                                      note("index", "there is none")));
}

// --- Volumes ---------------------------------------------------------------------------------------------

TEST_F(VerifyTest, NamesAShortenedVolume) {
  fill();
  const auto last = records(1, RecordType::metadata).back();
  change(1, [&](std::string& octets) { octets.resize(last.place.offset); });
  EXPECT_THAT(findings(), Contains(damage(where(1), "it was sealed with " + std::to_string(last.end))));
}

TEST_F(VerifyTest, NamesAVolumeThatEndsInsideARecord) {
  fill();
  const auto last = records(1, RecordType::metadata).back();
  change(1, [&](std::string& octets) { octets.resize(last.block_offset + 5); });
  EXPECT_THAT(findings(), Contains(damage(where(last.place), "longer than the volume")));
}

TEST_F(VerifyTest, NamesTheShortenedLastVolumeByTheIndex) {
  fill();
  const auto last = records(2, RecordType::metadata).back();
  change(2, [&](std::string& octets) { octets.resize(last.place.offset); });
  EXPECT_THAT(findings(), ElementsAre(damage("index", "it ends at " + where(Place{2, last.end}))));
}

TEST_F(VerifyTest, NamesAnEmptyVolume) {
  fill();
  change(1, [](std::string& octets) { octets.clear(); });
  EXPECT_THAT(findings(), Contains(damage(where(1), "the volume is empty")));
}

TEST_F(VerifyTest, NamesARemovedVolume) {
  fill();
  fs::remove(volume(1));
  EXPECT_THAT(findings(), Contains(damage(where(1), "missing")));
}

TEST_F(VerifyTest, NamesSwappedVolumes) {
  fill();
  fs::rename(volume(1), volume(3));
  fs::rename(volume(2), volume(1));
  fs::rename(volume(3), volume(2));
  const auto found = findings();
  EXPECT_THAT(found, Contains(damage(where(Place{1, 0}), "swapped")));
  EXPECT_THAT(found, Contains(damage(where(Place{2, 0}), "swapped")));
}

TEST_F(VerifyTest, NamesARenamedVolume) {
  fill();
  fs::rename(volume(2), volume(4));
  EXPECT_THAT(findings(), Contains(damage(where(2), "this volume and all up to 00000003.warc are missing")));
}

TEST_F(VerifyTest, NamesForeignFilesAndTornTails) {
  fill();
  write(folder_ / "store/volumes/notes.txt", "somebody's notes");
  write(folder_ / "store/volumes/00000001.warc.torn", "WARC");
  EXPECT_THAT(findings(),
              ElementsAre(note("notes.txt", "foreign"), note("00000001.warc.torn", "what a crash left")));
}

// --- The tail of the volume that was being written ---------------------------------------------------------

TEST_F(VerifyTest, NotesATornTail) {
  fill();
  unseal(2);
  const auto end = fs::file_size(volume(2));
  change(2, [](std::string& octets) { octets += "WARC/1.1\r\nWARC-Type: reso"; });
  EXPECT_THAT(findings(), ElementsAre(note(where(Place{2, end}), "a crash cut off")));
  EXPECT_FALSE(verified().damaged());
}

TEST_F(VerifyTest, SaysNothingOfAZeroTail) {
  fill();
  unseal(2);
  change(2, [](std::string& octets) { octets.append(100'000, '\0'); });
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(VerifyTest, TakesAnEarlierBatchOfTheLastVolumeForAcknowledged) {
  fill();
  unseal(2);
  const auto body = records(2, RecordType::resource).front();
  flip(2, body.block_offset);
  EXPECT_THAT(findings(), Contains(damage(where(body.place), "the block differs")));
}

TEST_F(VerifyTest, TakesWhatTheIndexHasSeenForAcknowledged) {
  fill();
  unseal(2);
  const auto last = records(2, RecordType::metadata).back();
  flip(2, last.block_offset);
  const auto found = findings();
  EXPECT_THAT(found, Contains(note(where(last.place), "a crash cut off")));
  EXPECT_THAT(found, Contains(damage("index", "it ends at " + where(Place{2, last.end}))));
}

TEST_F(VerifyTest, ATailInASealedVolumeIsDamage) {
  fill();
  const auto end = fs::file_size(volume(2));
  change(2, [](std::string& octets) { octets += "junk"; });
  EXPECT_THAT(findings(), Contains(damage(where(Place{2, end}), "no WARC/1.1 record begins here")));
}

// --- What facts refer to -----------------------------------------------------------------------------------

TEST_F(VerifyTest, NamesAServedSizeThatIsNotTheServedForms) {
  const auto store = open_store();
  const auto message = take(*store, text(0)).front().message;
  auto wrong = delivered(message, text(0), {"foi@example.test", "foi"});
  wrong.form.size_octets += 1;
  append(*store, {.body = {}, .facts = {wrong}, .done = {}});
  store->stop();
  EXPECT_THAT(findings(), ElementsAre(damage(where(records(1, RecordType::metadata).back().place),
                                             "delivery " + wrong.uid.uuid.text() + " says")));
}

TEST_F(VerifyTest, NamesADeliveryOfNoMessageAndAHandOverOfNoDelivery) {
  const auto store = open_store();
  const auto strange = delivered({ids_->mint(clock_->now())}, text(0), {"foi@example.test", "foi"});
  append(*store, {.body = {}, .facts = {strange}, .done = {}});
  const HandedOver never_made{Uid{ids_->mint(clock_->now())}, strange.message, clock_->now(), "pop3"};
  append(*store, {.body = {}, .facts = {never_made}, .done = {}});
  store->stop();
  const auto facts = records(1, RecordType::metadata);
  EXPECT_THAT(findings(), ElementsAre(damage(where(facts[0].place), "which was not received"),
                                      damage(where(facts[1].place), "was handed over, but never made")));
}

TEST_F(VerifyTest, NamesAUidThatIsGivenTwice) {
  const auto store = open_store();
  const auto first = take(*store, text(0)).front();
  append(*store, {.body = {}, .facts = {first}, .done = {}});
  store->stop();
  const auto facts = records(1, RecordType::metadata);
  EXPECT_THAT(findings(),
              ElementsAre(damage(where(facts.back().place), "given before, at " + where(facts[1].place))));
}

TEST_F(VerifyTest, NamesAMessageWithoutItsOctets) {
  const auto store = open_store();
  const auto now = clock_->now();
  const Received received{{ids_->mint(now)}, now, sha256("never written"), 13, {}, "{}"};
  append(*store, {.body = {}, .facts = {received}, .done = {}});
  store->stop();
  EXPECT_THAT(findings(), ElementsAre(damage(where(records(1, RecordType::metadata).front().place),
                                             "the octets of message " + received.message.uuid.text() +
                                                 " are in no volume")));
}

// --- The index ---------------------------------------------------------------------------------------------

TEST_F(VerifyTest, NotesAMissingIndex) {
  fill();
  remove_index();
  EXPECT_THAT(findings(), ElementsAre(note("index", "there is none")));
}

TEST_F(VerifyTest, NotesAnIndexThatLagsAndComparesWhatItHas) {
  auto store = open_store();
  const auto first = take(*store, text(0));
  store.reset();
  const auto index = folder_ / "store/index";
  fs::copy(index, folder_ / "older", fs::copy_options::recursive);
  store = open_store();
  hand_over(*store, first.front());
  store.reset();
  fs::remove_all(index);
  fs::rename(folder_ / "older", index);
  EXPECT_THAT(findings(), ElementsAre(note("index", "it is behind")));
  run_sql("UPDATE deliveries SET state = 1, handed_over_us = 5 WHERE recipient LIKE 'foi+%'");
  EXPECT_THAT(findings(),
              Contains(damage("index", "delivery " + first.front().uid.uuid.text() + ": its state")));
}

TEST_F(VerifyTest, NamesEveryAlteredColumn) {
  const std::vector<std::pair<std::string, std::string>> changes{
      {"UPDATE deliveries SET state = 1 WHERE uid = (SELECT min(uid) FROM deliveries WHERE state = 0)",
       "its state"},
      {"UPDATE deliveries SET size_octets = size_octets + 1 WHERE uid = (SELECT min(uid) FROM deliveries "
       "WHERE state = 0)",
       "its size"},
      {"UPDATE deliveries SET offset = offset + 1 WHERE uid = (SELECT min(uid) FROM deliveries WHERE state = "
       "0)",
       "its place"},
      {"UPDATE deliveries SET maildrop = 'other' WHERE uid = (SELECT min(uid) FROM deliveries WHERE state = "
       "0)",
       "its recipient"},
      {"UPDATE deliveries SET at_us = 1 WHERE uid = (SELECT min(uid) FROM deliveries WHERE state = 0)",
       "its time"},
      {"UPDATE deliveries SET uid = x'01020304050607080102030405060708' WHERE uid = (SELECT min(uid) FROM "
       "deliveries)",
       "no sound record tells of it"},
      {"DELETE FROM deliveries WHERE uid = (SELECT min(uid) FROM deliveries WHERE state = 0)", "is missing"},
      {"UPDATE messages SET digest = zeroblob(32) WHERE id = (SELECT min(id) FROM messages)", "its digest"},
      {"UPDATE messages SET size_octets = 1 WHERE id = (SELECT min(id) FROM messages)", "its size"},
      {"DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)", "is missing"},
      {"UPDATE bodies SET offset = offset + 1", "its place"},
      {"DELETE FROM bodies", "is missing"},
      {"INSERT INTO bodies SELECT zeroblob(32), volume, offset, size_octets, message, date_us FROM bodies "
       "LIMIT 1",
       "holds bodies that no record"},
      {"INSERT INTO awaited SELECT id, 'a', 'b' FROM messages LIMIT 1", "counts as not delivered"},
      {"UPDATE position SET offset = offset - 1", "it ends at"},
  };
  fill();
  const auto index = folder_ / "store/index";
  fs::copy(index, folder_ / "sound", fs::copy_options::recursive);
  for (const auto& [sql, what] : changes) {
    SCOPED_TRACE(sql);
    run_sql(sql);
    EXPECT_THAT(findings(), Contains(damage("index", what)));
    fs::remove_all(index);
    fs::copy(folder_ / "sound", index, fs::copy_options::recursive);
  }
}

TEST_F(VerifyTest, DoesNotRepeatItselfForAnIndexOfOtherVolumes) {
  const auto store = open_store();
  for (int number = 0; number < 30; ++number)
    take(*store, text(number));
  store->stop();
  run_sql("UPDATE deliveries SET size_octets = 1");
  const auto found = findings();
  EXPECT_EQ(found.size(), 21u);
  EXPECT_THAT(found, Contains(damage("index", "40 more differences")));
}

}  // namespace
}  // namespace guichet::store
