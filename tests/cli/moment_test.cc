// Times as people and restic write them.
#include "cli/moment.h"

#include <gtest/gtest.h>

namespace guichet::cli {
namespace {

std::string read(std::string_view text) {
  const auto moment = parse_moment(text);
  return moment ? moment->rfc3339() : "none";
}

TEST(Moment, WhatPeopleWrite) {
  EXPECT_EQ(read("2026-11-23T04:30:00Z"), "2026-11-23T04:30:00.000000Z");
  EXPECT_EQ(read("2026-11-23t04:30:00.5z"), "2026-11-23T04:30:00.500000Z");
  EXPECT_EQ(read("2026-11-23 04:30"), "2026-11-23T04:30:00.000000Z");
  EXPECT_EQ(read("2026-11-23"), "2026-11-23T00:00:00.000000Z");
  EXPECT_EQ(read("2026-11-23 04:30:15"), "2026-11-23T04:30:15.000000Z");
}

TEST(Moment, WhatResticWrites) {
  EXPECT_EQ(read("2026-11-23T04:30:00.123456789Z"), "2026-11-23T04:30:00.123456Z");
  EXPECT_EQ(read("2026-11-23T04:30:00.123456789+01:00"), "2026-11-23T03:30:00.123456Z");
  EXPECT_EQ(read("2026-11-23T23:30:00-02:30"), "2026-11-24T02:00:00.000000Z");
}

TEST(Moment, WhatIsNone) {
  for (const auto* text :
       {"", "noon", "2026-11", "2026-11-23T04:30Z", "2026-11-23T04:30:00", "2026-13-23 04:30",
        "2026-11-23 24:30", "2026-11-23 04:30:61", "2026-11-23 04:30 ", "2026-11-23T04:30:00+1",
        "2026-11-23T04:30:00.Z", "2026-11-23 4:30", "2026-11-23T04:30:00Z "})
    EXPECT_EQ(read(text), "none") << text;
}

}  // namespace
}  // namespace guichet::cli
