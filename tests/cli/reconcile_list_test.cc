#include "cli/reconcile_list.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

using Entries = std::set<std::string, std::less<>>;

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

TEST(ReconcileList, NothingIsNoList) {
  EXPECT_FALSE(parse_list(""));
  EXPECT_FALSE(parse_list("message_id\n"));
}

}  // namespace
}  // namespace guichet::cli
