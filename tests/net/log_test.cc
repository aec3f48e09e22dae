// Log injection, case by case: what a stranger sends is one line, printable, and short.
#include "net/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace guichet::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

const std::string hostile[] = {
    "\r\n[2026] accepted",
    "\n2026-01-01T00:00:00.000Z info smtp.filed id=1",
    "\x1b[2J\x1b]0;title\x07",
    "%n%s%x{}{0}{:1000000}",
    "\xff\xfe\xc0\xaf\xed\xa0\x80",                  // no UTF-8 at all
    "\xe2\x80\xae\xe2\x80\xa8\xc2\x85\xef\xbb\xbf",  // RLO, LS, NEL, BOM
    std::string("a\0b", 3),
    "\"},{\"event\":\"forged\"",
    "\\\" \\u0022 \\",
    "a=b c=\"d\"",
    std::string(1'000'000, 'x'),
    std::string(1'000'000, '\n'),
    "",
};

// What was written for one event, without its line end.
std::string logged(bool json, const std::string& value) {
  start_log("info", json);
  CaptureStderr();
  log_event(Level::info, "test.event", {{"first", value}, {"second", value}});
  auto line = GetCapturedStderr();
  EXPECT_THAT(line, EndsWith("\n"));
  line.pop_back();
  return line;
}

bool printable(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

TEST(Log, OneEventIsOneLineOfPrintableText) {
  for (const bool json : {false, true})
    for (const auto& value : hostile) {
      const auto line = logged(json, value);
      EXPECT_TRUE(printable(line)) << line;
      EXPECT_LT(line.size(), 7000u);
    }
}

TEST(Log, AsJsonItHasTheMembersThatWereGivenAndNoOther) {
  for (const auto& value : hostile) {
    const auto json = nlohmann::json::parse(logged(true, value));
    EXPECT_EQ(json.size(), 5u);
    EXPECT_EQ(json["event"], "test.event");
    EXPECT_EQ(json["level"], "info");
    EXPECT_EQ(json["first"], json["second"]);
  }
}

TEST(Log, OfAsciiNothingIsLost) {
  for (const auto& value : hostile) {
    if (value.size() > 512 || std::ranges::any_of(value, [](char c) { return c < 0; })) continue;
    EXPECT_EQ(nlohmann::json::parse(logged(true, value))["first"], value);
  }
}

TEST(Log, ALongValueSaysThatItWasCut) {
  EXPECT_THAT(logged(false, std::string(1'000'000, 'x')),
              HasSubstr("first=\"" + std::string(512, 'x') + "...\""));
}

TEST(Log, APlainWordStandsAsItIs) {
  EXPECT_EQ(escape_for_log("foi+request-1@example.test"), "foi+request-1@example.test");
  EXPECT_EQ(escape_for_log(""), "\"\"");
  EXPECT_EQ(escape_for_log("a b"), "\"a b\"");
  EXPECT_EQ(escape_for_log("a=b"), "\"a=b\"") << "or it would look like a field";
}

}  // namespace
}  // namespace guichet::net
