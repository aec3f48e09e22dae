// The staged prefix of the active volume: always a prefix of what is durable, whatever goes wrong.
#include "store/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "store/hash.h"
#include "tests/store/small_volume.h"

namespace guichet::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* home = "/store";

// What a restore makes of it: the segments in order, each where the one before ended. Unfinished copies and
// what a join left behind are what a later stage() removes; no backup is made before one has succeeded.
std::string prefix_of(Disk& disk, std::uint32_t volume = 1) {
  std::string prefix;
  for (const auto& name : disk.list(active_folder(home, volume)).value_or(std::vector<std::string>())) {
    const auto segment = Segment::from_name(name);
    if (!segment || segment->begin != prefix.size()) continue;
    auto file = disk.open_read(active_folder(home, volume) / name);
    std::string octets(segment->end - segment->begin, '?');
    EXPECT_EQ((*file)->read_at(octets, 0).value_or(0), octets.size()) << name;
    prefix += octets;
  }
  return prefix;
}

class StageTest : public ::testing::Test {
 protected:
  void add(const std::string& text) { volume_.add_batch({mail_text(text)}); }
  Result<Staged> stage_to_end(bool afresh = false) {
    return stage(volume_.disk(), home, {.end = {1, volume_.end()}, .afresh = afresh});
  }
  std::vector<std::string> names() {
    return volume_.disk().list(active_folder(home, 1)).value_or(std::vector<std::string>());
  }

  SmallVolume volume_;
};

TEST(Segment, NamesItsRange) {
  EXPECT_EQ((Segment{0, 4096}.name()), "000000000000-000000004096");
  EXPECT_EQ(Segment::from_name("000000000000-000000004096"), (Segment{0, 4096}));
  for (const auto* name :
       {"", "000000000000-000000000000", "000000000009-000000000007", "x00000000000-000000004096",
        "000000000000-000000004096.part", "000000000000_000000004096"})
    EXPECT_FALSE(Segment::from_name(name)) << name;
}

TEST_F(StageTest, EachCallAddsTheNewOctets) {
  add("one");
  const auto first = volume_.end();
  ASSERT_TRUE(stage_to_end());
  EXPECT_THAT(names(), ElementsAre((Segment{0, first}.name())));
  ASSERT_TRUE(stage_to_end());
  EXPECT_THAT(names(), SizeIs(1)) << "nothing new, no segment";
  add("two");
  const auto staged = stage_to_end();
  ASSERT_TRUE(staged);
  EXPECT_THAT(names(), ElementsAre((Segment{0, first}.name()), (Segment{first, volume_.end()}.name())));
  EXPECT_EQ(prefix_of(volume_.disk()), volume_.octets());
  EXPECT_EQ(staged->sealed_through, 0u);
  EXPECT_THAT(staged->superseded, IsEmpty());
}

TEST_F(StageTest, NothingBeyondTheEndIsCopied) {
  add("one");
  const auto end = volume_.end();
  add("not durable yet");
  ASSERT_TRUE(stage(volume_.disk(), home, {.end = {1, end}}));
  EXPECT_EQ(prefix_of(volume_.disk()), volume_.octets().substr(0, end));
}

TEST_F(StageTest, ManySegmentsAreJoined) {
  std::size_t most = 0;
  for (std::size_t i = 0; i < segments_max + 5; ++i) {
    add("mail " + std::to_string(i));
    ASSERT_TRUE(stage_to_end());
    ASSERT_EQ(prefix_of(volume_.disk()), volume_.octets());
    most = std::max(most, names().size());
  }
  EXPECT_EQ(most, segments_max);
  EXPECT_THAT(names(), SizeIs(5));
}

TEST_F(StageTest, ASealedVolumeIsReadAsItIs) {
  add("one");
  ASSERT_TRUE(stage_to_end());
  const auto tip = volume_.seal();
  const auto staged = stage(volume_.disk(), home, {.end = {1, tip.length}});
  ASSERT_TRUE(staged);
  EXPECT_EQ(staged->sealed_through, 1u);
  EXPECT_THAT(staged->superseded, ElementsAre(1u));
  ASSERT_TRUE(drop(volume_.disk(), home, staged->superseded));
  EXPECT_FALSE(volume_.disk().list(active_folder(home, 1)));
  EXPECT_THAT(stage(volume_.disk(), home, {.end = {1, tip.length}})->superseded, IsEmpty());
}

TEST_F(StageTest, AnEmptyStoreHasNothing) {
  const auto staged = stage(volume_.disk(), home, {.end = {}});
  ASSERT_TRUE(staged);
  EXPECT_EQ(staged->sealed_through, 0u);
}

TEST_F(StageTest, ChangedOctetsAreCopiedAfresh) {
  add("one");
  ASSERT_TRUE(stage_to_end());
  auto octets = volume_.octets();
  const auto secret = octets.find("one\r\n");
  octets.replace(secret, 3, "   ");
  volume_.disk().put(volume_.path(), octets);
  ASSERT_TRUE(stage_to_end(/*afresh=*/true));
  EXPECT_EQ(prefix_of(volume_.disk()), octets);
}

TEST_F(StageTest, TheStagedOctetsOfAnotherVolumeGo) {
  add("one");
  ASSERT_TRUE(stage_to_end());
  SmallVolume other(1, Tip{.volume = 0, .length = 1, .chain = sha256("another store")});
  other.add_batch({mail_text("one")});
  other.add_batch({mail_text("two")});
  volume_.disk().put(volume_.path(), other.octets());
  ASSERT_TRUE(stage(volume_.disk(), home, {.end = {1, other.end()}}));
  EXPECT_EQ(prefix_of(volume_.disk()), other.octets());
}

TEST_F(StageTest, NoRoomIsSaid) {
  add("one");
  const auto staged = stage(volume_.disk(), home,
                            {.end = {1, volume_.end()}, .has_room = [](std::uint64_t) { return false; }});
  ASSERT_FALSE(staged);
  EXPECT_EQ(staged.error().kind, ErrorKind::no_space);
  EXPECT_THAT(staged.error().text, HasSubstr("reserve"));
  EXPECT_THAT(names(), IsEmpty());
}

// --- The power goes, or a call fails, at every step ------------------------------------------------------

// 59 segments of one mail each, so that the next calls add one and then join all.
void nearly_joined(SmallVolume& volume) {
  for (std::size_t i = 0; i + 1 < segments_max; ++i) {
    volume.add_batch({mail_text("mail " + std::to_string(i))});
    ASSERT_TRUE(stage(volume.disk(), home, {.end = {1, volume.end()}}));
  }
}

// Stops at the first failure.
void stage_twice(SmallVolume& volume) {
  for (const auto* text : {"last but one", "last"}) {
    volume.add_batch({mail_text(text)});
    if (!stage(volume.disk(), home, {.end = {1, volume.end()}})) return;
  }
}

TEST(StageCrash, APrefixIsLeftAndTheNextCallGoesOn) {
  std::uint64_t first = 0, steps = 0;
  {
    SmallVolume volume;
    nearly_joined(volume);
    first = volume.disk().steps();
    stage_twice(volume);
    steps = volume.disk().steps();
  }
  for (auto step = first; step < steps; ++step) {
    for (const auto mode : {Cut::nothing_unsynced, Cut::everything, Cut::sectors}) {
      SmallVolume volume;
      nearly_joined(volume);
      volume.disk().cut_power_at(step);
      // A batch that the cut hits is not durable, so it is not staged either.
      auto end = volume.end();
      for (const auto* text : {"last but one", "last"}) {
        std::vector<Append> appends;
        appends.push_back(volume.append_of(new_mail(volume.clock(), volume.ids(), mail_text(text))));
        if (!volume.try_commit(appends)) break;
        end = volume.end();
        if (!stage(volume.disk(), home, {.end = {1, end}})) break;
      }
      auto found = volume.disk().power_cut(step, mode);
      const auto octets = found->content(volume.path()).value().substr(0, end);
      const auto before = prefix_of(*found);
      ASSERT_EQ(before, octets.substr(0, before.size())) << "step " << step;
      ASSERT_TRUE(stage(*found, home, {.end = {1, end}})) << "step " << step;
      ASSERT_EQ(prefix_of(*found), octets) << "step " << step;
      const auto left = found->list(active_folder(home, 1)).value();
      ASSERT_TRUE(
          std::ranges::all_of(left, [](const auto& name) { return Segment::from_name(name).has_value(); }))
          << "step " << step;
    }
  }
}

// A failure is said, or it did no harm (a folder that could not be listed is made again).
TEST(StageFault, AFailureIsSaidAndTheNextCallGoesOn) {
  bool happened = true;
  for (std::uint64_t call = 0; happened; ++call) {
    SmallVolume volume;
    nearly_joined(volume);
    volume.add_batch({mail_text("last")});
    volume.disk().inject({.call = volume.disk().calls() + call, .kind = ErrorKind::io});
    const auto once = stage(volume.disk(), home, {.end = {1, volume.end()}});
    happened = volume.disk().fault_happened();
    if (!happened) break;  // it had fewer calls, so this was the last
    if (once) {
      ASSERT_EQ(prefix_of(volume.disk()), volume.octets()) << "call " << call;
    }
    ASSERT_TRUE(stage(volume.disk(), home, {.end = {1, volume.end()}})) << "call " << call;
    ASSERT_EQ(prefix_of(volume.disk()), volume.octets()) << "call " << call;
    ASSERT_LT(call, 1000u);
  }
}

}  // namespace
}  // namespace guichet::store
