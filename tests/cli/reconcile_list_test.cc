#include "cli/reconcile_list.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

using Entries = ReconcileList::Entries;

TEST(ReconcileList, MessageIdsOneALine) {
  const auto list = parse_list("<1@a.example>\r\n2@a.example\n\n <3@a.example> \nno\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->by, ListedBy::message_id);
  EXPECT_EQ(list->entries, (Entries{"1@a.example", "2@a.example", "3@a.example", "no"}));
}

TEST(ReconcileList, ACsvWithAHeadingAndQuotes) {
  const auto list = parse_list("message_id,created_at\n\"<a,\"\"b@c.example>\",2026-11-22\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->entries, (Entries{"a,\"b@c.example"}));
}

TEST(ReconcileList, ChecksumsAreToldByTheirShape) {
  const auto sha1 = parse_list("message_checksum\nDA39A3EE5E6B4B0D3255BFEF95601890AFD80709\nnonsense\n");
  ASSERT_TRUE(sha1);
  EXPECT_EQ(sha1->by, ListedBy::sha1);
  EXPECT_EQ(sha1->entries, (Entries{"da39a3ee5e6b4b0d3255bfef95601890afd80709"}));
  EXPECT_EQ(sha1->unreadable, 1u);
  const auto md5 = parse_list("1B2M2Y8AsgTpgAmY7PhCfg==\n");
  ASSERT_TRUE(md5);
  EXPECT_EQ(md5->by, ListedBy::md5);
}

constexpr const char* sha1_a = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
constexpr const char* sha1_b = "356a192b7913b04c54574d18c28d46e6395428ab";
constexpr const char* md5 = "1B2M2Y8AsgTpgAmY7PhCfg==";

std::optional<ReconcileList> pairs(const std::string& text) {
  return parse_list(text, ListColumns::id_and_checksum);
}

TEST(ReconcileList, IdsWithChecksumsHoweverTheyAreSeparated) {
  for (const char* separator : {",", "|", "\t"}) {
    const auto list =
        pairs("message_id" + std::string(separator) + "message_checksum\n<1@a.example>" + separator + sha1_a +
              "\n<1@a.example>" + separator + sha1_b + "\r\n2@a.example" + separator + md5 + "\n");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->by, ListedBy::message_id);
    EXPECT_EQ(list->entries, (Entries{"1@a.example", "2@a.example"}));
    EXPECT_EQ(list->checksums.at("1@a.example"), (Entries{sha1_a, sha1_b}));
    EXPECT_EQ(list->checksums.at("2@a.example"), (Entries{md5}));
    EXPECT_EQ(list->unreadable, 0u);
  }
}

TEST(ReconcileList, AnIdMayHoldASeparator) {
  const auto list = pairs("\"<a,b|c@d.example>\",\"" + std::string(sha1_a) + "\"\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->checksums.at("a,b|c@d.example"), (Entries{sha1_a}));
}

TEST(ReconcileList, AnIdWithoutAChecksumIsAnEntryAllTheSame) {
  const auto list = pairs("<1@a.example>,\n<2@a.example>\n<3@a.example>,nonsense\n");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->entries, (Entries{"1@a.example", "2@a.example", "3@a.example"}));
  EXPECT_TRUE(list->checksums.empty());
  EXPECT_EQ(list->unreadable, 3u);
}

TEST(ReconcileList, NothingIsNoList) {
  EXPECT_FALSE(pairs("message_id,message_checksum\n"));
  EXPECT_FALSE(parse_list(""));
  EXPECT_FALSE(parse_list("message_id\n"));
}

}  // namespace
}  // namespace guichet::cli
