#include "store/facts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "store/hash.h"

namespace guichet::store {
namespace {

const Uuid one = *Uuid::from_text("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
const Uuid two = *Uuid::from_text("017f22e2-79b0-7cc3-98c4-dc0c0c073990");
const Instant noon = *Instant::from_rfc3339("2024-02-29T12:00:00.000001Z");

Received a_received() {
  return {.message = {one},
          .at = noon,
          .digest = sha256("octets"),
          .size_octets = 6,
          .recipients = {{"foi+request-1@example.test", "foi"}, {"b@example.test", "b"}},
          .envelope = R"({"from":"a@example.test","tls":null,"peers":[1,2.5]})"};
}

Delivered a_delivered() {
  return {.uid = {two},
          .message = {one},
          .at = noon,
          .recipient = {"foi+request-1@example.test", "foi"},
          .form = {.prefix = "Return-Path: <a@example.test>\r\nX: \"\\\t\r\n",
                   .rule = {.version = 1, .owned = {"return-path", "envelope-to"}},
                   .size_octets = 1234,
                   .fields_renamed = 1,
                   .line_ends_mended = 2}};
}

HandedOver a_handed_over() {
  return {.uid = {two}, .message = {one}, .at = noon, .by = "pop3 127.0.0.1:40312"};
}

// The octets in every archive. If this test fails, old archives can no longer be read, or new ones not by an
// old release.
TEST(Facts, TheirTextIsFrozen) {
  EXPECT_EQ(
      encode_fact(a_received()),
      R"({"fact":"received","message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f",)"
      R"("at":"2024-02-29T12:00:00.000001Z",)"
      R"("digest":"sha256:eca54ebd28da6204c42104bd66e65d8a33a34af4295a473ef5b2583679a5e2e1","size_octets":6,)"
      R"("recipients":[{"address":"foi+request-1@example.test","maildrop":"foi"},)"
      R"({"address":"b@example.test","maildrop":"b"}],)"
      R"("envelope":{"from":"a@example.test","tls":null,"peers":[1,2.5]}})");
  EXPECT_EQ(encode_fact(a_delivered()),
            R"({"fact":"delivered","uid":"017f22e2-79b0-7cc3-98c4-dc0c0c073990",)"
            R"("message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2024-02-29T12:00:00.000001Z",)"
            R"("recipient":{"address":"foi+request-1@example.test","maildrop":"foi"},)"
            R"("prefix":"Return-Path: <a@example.test>\r\nX: \"\\\t\r\n",)"
            R"("rule":{"version":1,"owned":["return-path","envelope-to"]},)"
            R"("size_octets":1234,"fields_renamed":1,"line_ends_mended":2})");
  EXPECT_EQ(encode_fact(a_handed_over()),
            R"({"fact":"handed_over","uid":"017f22e2-79b0-7cc3-98c4-dc0c0c073990",)"
            R"("message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2024-02-29T12:00:00.000001Z",)"
            R"("by":"pop3 127.0.0.1:40312"})");
  EXPECT_EQ(encode_fact(Offered{{two}, {one}, noon, "smtp", OfferOutcome::failed, "451 later"}),
            R"({"fact":"offered","uid":"017f22e2-79b0-7cc3-98c4-dc0c0c073990",)"
            R"("message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2024-02-29T12:00:00.000001Z",)"
            R"("by":"smtp","outcome":"failed","detail":"451 later"})");
  EXPECT_EQ(encode_fact(Requeued{{two}, {one}, noon, "root", "lost", Uid{one}}),
            R"({"fact":"requeued","uid":"017f22e2-79b0-7cc3-98c4-dc0c0c073990",)"
            R"("message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2024-02-29T12:00:00.000001Z",)"
            R"("by":"root","reason":"lost","as":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f"})");
}

TEST(Facts, EachWayAndEachOutcomeHasAName) {
  for (const auto way :
       {Way::pop3, Way::maildir, Way::action_mailbox, Way::pipe, Way::smtp, Way::discarded}) {
    const Fact fact = HandedOver{{two}, {one}, noon, "x", way};
    EXPECT_EQ(decode_fact(encode_fact(fact)).value(), fact);
  }
  for (const auto outcome :
       {OfferOutcome::listed, OfferOutcome::retrieved, OfferOutcome::dropped, OfferOutcome::failed}) {
    const Fact fact = Offered{{two}, {one}, noon, "x", outcome, "d\xFF"};
    EXPECT_EQ(decode_fact(encode_fact(fact)).value(), fact);
  }
  auto text = encode_fact(HandedOver{{two}, {one}, noon, "x", Way::smtp});
  text.replace(text.find("\"smtp\""), 6, "\"fax\"");
  EXPECT_FALSE(decode_fact(text));
}

TEST(Facts, EveryFactLeadsBack) {
  for (const Fact& fact :
       {Fact(a_received()), Fact(a_delivered()), Fact(a_handed_over()), Fact(Received{}), Fact(Delivered{}),
        Fact(HandedOver{}), Fact(Offered{}), Fact(Confirmed{}), Fact(Stuck{}), Fact(Quarantined{}),
        Fact(Judged{}), Fact(Requeued{}), Fact(Requeued{{}, {}, {}, "", "", Uid{two}})}) {
    const auto decoded = decode_fact(encode_fact(fact));
    ASSERT_TRUE(decoded) << decoded.error().text;
    EXPECT_EQ(*decoded, fact);
  }
}

TEST(Facts, KnowTheirMessage) {
  for (const Fact& fact : {Fact(a_received()), Fact(a_delivered()), Fact(a_handed_over())})
    EXPECT_EQ(message_of(fact), MessageId{one});
}

TEST(Facts, OctetsThatAreNoUtf8AreKeptBeside) {
  Received fact = a_received();
  fact.recipients = {{"caf\xE9@example.test", "foi\xFF"}};
  const std::string json = encode_fact(fact);
  EXPECT_NE(json.find(R"({"address":"caf)"
                      "\xEF\xBF\xBD"
                      R"(@example.test","address_hex":"636166e9406578616d706c652e74657374",)"
                      R"("maildrop":"foi)"
                      "\xEF\xBF\xBD"
                      R"(","maildrop_hex":"666f69ff"})"),
            std::string::npos)
      << json;
  const auto decoded = decode_fact(json);
  ASSERT_TRUE(decoded) << decoded.error().text;
  EXPECT_EQ(*decoded, Fact(fact));
}

TEST(Facts, AnyOctetsInAnyTextLeadBack) {
  std::mt19937 random(7);
  const auto octets = [&] {
    std::string text(random() % 12, '\0');
    for (char& c : text)
      c = static_cast<char>(random() % 4 == 0 ? 0xC0 + random() % 0x40 : random());
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    Delivered delivered = a_delivered();
    delivered.recipient = {octets(), octets()};
    delivered.form.prefix = octets();
    HandedOver handed_over = a_handed_over();
    handed_over.by = octets();
    for (const Fact& fact : {Fact(delivered), Fact(handed_over)}) {
      const auto decoded = decode_fact(encode_fact(fact));
      ASSERT_TRUE(decoded) << decoded.error().text;
      ASSERT_EQ(*decoded, fact);
    }
  }
}

TEST(Facts, UnknownMembersAreSkipped) {
  const auto decoded =
      decode_fact(R"({"fact":"handed_over","later":{"a":[1]},"uid":"017f22e2-79b0-7cc3-98c4-dc0c0c073990",)"
                  R"("message":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","at":"2024-02-29T12:00:00.000001Z",)"
                  R"("by":"pop3 127.0.0.1:40312","by_whom":null})");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, Fact(a_handed_over()));
}

ErrorKind error_of(const std::string& json) {
  const auto decoded = decode_fact(json);
  EXPECT_FALSE(decoded) << json;
  return decoded ? ErrorKind::io : decoded.error().kind;
}

TEST(Facts, WhatIsNoFactIsDamaged) {
  for (const std::string json :
       {"", "{", "[]", "null", "{}", R"({"fact":1})", "\xFF", R"({"fact":"received"})"})
    EXPECT_EQ(error_of(json), ErrorKind::damaged) << json;
}

TEST(Facts, WhatALaterReleaseWroteIsForeign) {
  EXPECT_EQ(error_of(R"({"fact":"archived"})"), ErrorKind::foreign);
  Delivered fact = a_delivered();
  fact.form.rule.version = served_rule_latest + 1;
  EXPECT_EQ(error_of(encode_fact(fact)), ErrorKind::foreign);
  EXPECT_EQ(error_of(R"({"fact":"delivered","rule":{"version":99999999999}})"), ErrorKind::foreign);
}

// Each member in turn, left out and of another shape.
void expect_each_member_needed(nlohmann::ordered_json& whole, nlohmann::ordered_json& object) {
  std::vector<std::string> names;
  for (const auto& member : object.items())
    names.push_back(member.key());
  for (const std::string& name : names) {
    const nlohmann::ordered_json value = object[name];
    for (const auto& other :
         {nlohmann::ordered_json(true), nlohmann::ordered_json(-1), nlohmann::ordered_json("x")}) {
      if (other.is_string() &&
          (name == "address" || name == "maildrop" || name == "prefix" || name == "by" || name == "fact"))
        continue;
      object[name] = other;
      EXPECT_EQ(error_of(whole.dump()), ErrorKind::damaged) << whole.dump();
    }
    object.erase(name);
    EXPECT_EQ(error_of(whole.dump()), ErrorKind::damaged) << whole.dump();
    object[name] = value;
    if (value.is_object() && name != "envelope") expect_each_member_needed(whole, object[name]);
  }
}

TEST(Facts, EachMemberIsNeeded) {
  for (const Fact& fact : {Fact(a_received()), Fact(a_delivered()), Fact(a_handed_over())}) {
    auto json = nlohmann::ordered_json::parse(encode_fact(fact));
    expect_each_member_needed(json, json);
    ASSERT_TRUE(decode_fact(json.dump()));
  }
  std::string odd_hex = encode_fact(a_handed_over());
  odd_hex.insert(odd_hex.size() - 1, R"(,"by_hex":"abc")");
  EXPECT_EQ(error_of(odd_hex), ErrorKind::damaged);
}

TEST(JsonString, EscapesWhatItMust) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("a\"b\\c/\b\f\n\r\t"), R"("a\"b\\c/\b\f\n\r\t")");
  EXPECT_EQ(json_string(std::string_view("\0\x1F\x7F", 3)), "\"\\u0000\\u001f\x7F\"");
  EXPECT_EQ(json_string("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\xAE"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x93\xAE\"");
}

TEST(JsonString, EachBadOctetBecomesAReplacement) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(json_string("a\xFFz"), "\"a" + bad + "z\"");
  EXPECT_EQ(json_string("\xE2\x82"), "\"" + bad + bad + "\"");
  EXPECT_EQ(json_string("\xE2\x82z"), "\"" + bad + bad + "z\"");
}

// RFC 3629 section 4: the first and last of each range, and those just outside.
TEST(Utf8, IsThatOfRfc3629) {
  for (const std::string good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                                 "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(good)) << hex(good);
  for (const std::string bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE2\x82",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(bad)) << hex(bad);
}

TEST(Utf8, AgreesWithAnotherReaderOfJson) {
  std::mt19937 random(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 6, '\0');
    for (char& c : text)
      c = static_cast<char>(0x80 + random() % 0x80);
    const std::string raw = '"' + text + '"';
    ASSERT_EQ(is_utf8(text), nlohmann::json::accept(raw)) << hex(text);
    const auto parsed = nlohmann::json::parse(json_string(text));
    if (is_utf8(text)) {
      ASSERT_EQ(parsed.get<std::string>(), text);
    }
  }
}

TEST(Facts, OfOperatorsComeBackAsTheyWere) {
  const MessageId message{Uuid{{1, 2, 3}}};
  const Instant at{1'780'000'000'000'000};
  const std::vector<Fact> facts{
      Requeued{Uid{Uuid{{4}}}, message, at, "root", "rolled back"},
      Held{message, at, "root", "an \"appeal\""}, Released{message, at, "root", ""},
      Erased{message,
             at,
             "root",
             "article 17",
             Digest{{9}},
             42,
             at,
             {Uuid{{1}}, Uuid{{2}}},
             {{Uid{Uuid{{4}}}, "foi", at, std::nullopt}, {Uid{Uuid{{5}}}, "foi", at, at}}},
      Erased{message, at, "root", "", Digest{{9}}, 0, at, {}, {}}};
  for (const auto& fact : facts) {
    const auto decoded = decode_fact(encode_fact(fact));
    ASSERT_TRUE(decoded) << decoded.error().text << encode_fact(fact);
    EXPECT_EQ(*decoded, fact) << encode_fact(fact);
    EXPECT_EQ(message_of(*decoded), message);
  }
}

}  // namespace
}  // namespace guichet::store
