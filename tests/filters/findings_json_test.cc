#include "filters/findings_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "filters/json_fields.h"
#include "filters/worker_protocol.h"

namespace guichet::filters {
namespace {

using testing::HasSubstr;

Findings full() {
  Findings all;
  all.spf = SpfFinding{AuthResult::fail, "example.fr", true, "see https://example.fr/\"why\"", 3, 1};
  all.dkim = {{AuthResult::pass, "a.fr", "s1", "@a.fr", "rsa-sha256", "abcd", 2048, true, true, ""},
              {AuthResult::permerror, "b.fr", "s2", "", "rsa-sha1", "efgh", 0, false, false, "too old"}};
  all.dkim_done = true;
  all.dkim_left_out = 995;
  all.dmarc = DmarcFinding{AuthResult::pass, "a.fr", "a.fr", "reject", false, true, "aligned"};
  all.reverse = ReverseFinding{AuthResult::permerror, ""};
  all.mime = MimeFinding();
  all.mime->parts = {{"1", "text/plain", "", "utf-8", "", "7bit", 5, "sha256:00", {}, 100, 5},
                     {"2.1",
                      "application/pdf",
                      "d\xC3\xA9"
                      "cision.pdf",
                      "",
                      "attachment",
                      "base64",
                      ~0ULL,
                      "sha256:ff",
                      {"undecodable", "encrypted-archive"},
                      7,
                      1}};
  all.mime->too_complex = "more than 10,000 parts";
  all.mime->subject = "Re: \xF0\x9F\x98\x80\n\x01";
  all.mime->message_class = "bounce";
  all.errors = {"mime: worker died by signal 11"};
  all.dns = {{{"example.fr", NameType::txt}, {NameAnswer::Outcome::found, {"v=spf1 -all", ""}}},
             {{"mx.example.fr", NameType::aaaa}, {NameAnswer::Outcome::nothing, {}}},
             {{"x.example.fr", NameType::ptr}, {}}};
  return all;
}

TEST(FindingsJson, ComeBackAsTheyWere) {
  EXPECT_EQ(decode_findings(encode_findings(full())), full());
  EXPECT_EQ(decode_findings(encode_findings({})), Findings());
  for (const auto type : {NameType::a, NameType::aaaa, NameType::mx, NameType::ptr, NameType::txt}) {
    Findings one;
    one.dns = {{{"a.b", type}, {}}};
    EXPECT_EQ(decode_findings(encode_findings(one)), one);
  }
}

TEST(FindingsJson, LeaveOutWhatIsEmptyAndKeepTheirOrder) {
  EXPECT_EQ(encode_findings({}), "{}");
  Findings some;
  some.spf = SpfFinding();
  some.dkim_done = true;
  some.dns = {{{"a.b", NameType::mx}, {NameAnswer::Outcome::found, {"10 c.d"}}}};
  EXPECT_EQ(encode_findings(some),
            R"({"spf":{"result":"none"},"dkim_done":true,)"
            R"("dns":[{"name":"a.b","type":"MX","outcome":"found","records":["10 c.d"]}]})");
}

TEST(FindingsJson, ReplaceWhatIsNotUtf8AndShortenBetweenCharacters) {
  Findings odd;
  odd.spf = SpfFinding{AuthResult::none, "a\xFF\xC3(", false, std::string(5'000, '\x80')};
  odd.reverse = ReverseFinding{AuthResult::none, std::string(1'023, 'x') + "\xC3\xA9"};
  odd.errors = {std::string(4'097, 'y')};
  const auto read = decode_findings(encode_findings(odd));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->spf->domain, "a\xEF\xBF\xBD\xEF\xBF\xBD(");
  EXPECT_EQ(read->spf->explanation.size(), 4'095u);
  EXPECT_EQ(read->reverse->name, std::string(1'023, 'x'));
  EXPECT_EQ(read->errors.front().size(), 4'096u);
}

// Whatever a member holds, the worker's own writer makes nothing that the reader refuses.
TEST(FindingsJson, ReadTheLargestThatIsWritten) {
  Findings large;
  large.mime = MimeFinding();
  PartFinding part;
  part.flags.assign(40, "x");
  large.mime->parts.assign(parts_max + 1, part);
  DkimFinding signature;
  signature.why.assign(9'000, '\xC3');
  large.dkim.assign(7, signature);
  large.errors.assign(100, "x");
  large.dns.assign(
      100, DnsEvidence{{"a.b", NameType::txt}, {NameAnswer::Outcome::found, {std::string(70'000, 'k')}}});
  const auto read = decode_findings(encode_findings(large));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(read->mime->parts.size(), parts_max);
  EXPECT_EQ(read->mime->parts.front().flags.size(), 32u);
  EXPECT_EQ(read->dkim.size(), signatures_max);
  EXPECT_EQ(read->errors.size(), errors_max);
  EXPECT_EQ(read->dns.size(), evidence_max);
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i)
    all += (i ? "," : "") + text;
  return all;
}

struct Hostile {
  std::string json, why;
};

TEST(FindingsJson, RefuseEveryOtherShape) {
  const std::string part = R"({"number":"1"})";
  const std::vector<Hostile> all{
      {"", "not JSON"},
      {"nul", "not JSON"},
      {"{}{}", "not JSON"},
      {"{\"errors\":[\"\xFF\"]}", "not JSON"},
      {"[]", "not an object"},
      {"7", "not an object"},
      {R"({"spf":[]})", "spf: not an object"},
      {R"({"spf":null})", "spf: not an object"},
      {R"({"spf":{}})", "spf: result is a word that is not known"},
      {R"({"spf":{"result":"PASS"}})", "spf: result is a word that is not known"},
      {R"({"spf":{"result":1}})", "spf: result is not text"},
      {R"({"spf":{"result":"pass","by_helo":1}})", "by_helo is not true or false"},
      {R"({"spf":{"result":"pass","terms":-1}})", "terms is not a number that fits"},
      {R"({"spf":{"result":"pass","terms":1.5}})", "terms is not a number that fits"},
      {R"({"spf":{"result":"pass","terms":4294967296}})", "terms is not a number that fits"},
      {R"({"spf":{"result":"pass","terms":1e300}})", "terms is not a number that fits"},
      {R"({"spf":{"result":"pass","domain":")" + std::string(1'025, 'x') + "\"}}", "domain is too long"},
      {R"({"spf":{"result":"pass","explanation":")" + std::string(4'097, 'x') + "\"}}",
       "explanation is too long"},
      {R"({"dkim":{}})", "dkim is not a list"},
      {R"({"dkim":[)" + repeated(R"({"result":"pass"})", 6) + "]}", "dkim is too long a list"},
      {R"({"dkim":[{"result":"pass"},{"result":""}]})", "dkim: result is a word that is not known"},
      {R"({"mime":{"parts":[)" + repeated(part, 10'001) + "]}}", "parts is too long a list"},
      {R"({"mime":{"parts":[{"flags":[)" + repeated("\"x\"", 33) + "]}]}}", "flags is too long a list"},
      {R"({"mime":{"parts":[{"flags":[[]]}]}})", "flags is not text"},
      {R"({"mime":{"parts":[{"offset":18446744073709551616}]}})", "offset is not a number that fits"},
      {R"({"errors":[)" + repeated("\"x\"", 33) + "]}", "errors is too long a list"},
      {R"({"dns":[{"name":"a.b","type":"NS","outcome":"found"}]})", "type is a word that is not known"},
      {R"({"dns":[{"name":"a.b","type":"A","outcome":"maybe"}]})", "outcome is a word that is not known"},
      {std::string(100'000, '['), "too deep"},
      {R"({"x":)" + std::string(9, '[') + std::string(9, ']') + "}", "too deep"},
      {R"({"x":[)" + repeated("0", 700'000) + "]}", "too many values"}};
  for (const auto& one : all) {
    const auto read = decode_findings(one.json);
    ASSERT_FALSE(read.has_value()) << one.json.substr(0, 80);
    EXPECT_THAT(read.error(), HasSubstr(one.why)) << one.json.substr(0, 80);
  }
}

TEST(FindingsJson, LeaveAloneWhatALaterReleaseAdds) {
  Findings known;
  known.dkim_done = true;
  EXPECT_EQ(decode_findings(R"({"arc":{"result":"pass"},"dkim_done":true})"), known);
}

// A bracket in a text is no depth, and a quote behind a backslash does not end it.
TEST(FindingsJson, CountBracketsOutsideOfTextsOnly) {
  Findings one;
  one.errors = {std::string(500, '[') + "\\\"" + std::string(500, '{')};
  EXPECT_EQ(decode_findings(encode_findings(one)), one);
}

TEST(FindingsJson, AddEachPieceOnce) {
  Findings all;
  const auto add = [&](const std::string& json) { return add_findings(all, *decode_findings(json)); };
  EXPECT_TRUE(add(R"({"spf":{"result":"pass"}})"));
  EXPECT_TRUE(add(R"({"dkim":[{"result":"fail"}],"dkim_done":true})"));
  EXPECT_TRUE(add(R"({"errors":["x"]})"));
  EXPECT_TRUE(add(R"({"errors":["y"]})"));
  const auto before = all;
  EXPECT_FALSE(add(R"({"spf":{"result":"fail"}})"));
  EXPECT_FALSE(add(R"({"dkim_done":true})"));
  EXPECT_FALSE(add(R"({"dkim":[{"result":"pass"}]})"));
  EXPECT_FALSE(add(R"({"errors":[)" + repeated("\"z\"", errors_max) + "]}"));
  // Those are the gateway's to know.
  EXPECT_FALSE(add(R"({"dns":[{"name":"a.b","type":"A","outcome":"found"}]})"));
  EXPECT_EQ(all, before);
  EXPECT_EQ(all.errors, (std::vector<std::string>{"x", "y"}));
}

TEST(WorkerProtocol, ComesBackAsItWas) {
  const Request request{Request::Kind::examine, {"192.0.2.1", "helo", "a@b", "mx.example", -5}, ""};
  const auto read = decode_request(encode_request(request));
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, request);
  const Request other{Request::Kind::extract, {}, "1.2"};
  EXPECT_EQ(*decode_request(encode_request(other)), other);
  EXPECT_FALSE(decode_request(R"({"kind":"delete"})").has_value());
  const std::vector<NameQuestion> questions{{"a.b", NameType::a}, {"c.d", NameType::mx}};
  EXPECT_EQ(*decode_questions(encode_questions(questions)), questions);
  EXPECT_EQ(*decode_question(encode_question(questions[1])), questions[1]);
  EXPECT_FALSE(decode_questions(R"({"questions":[)" + repeated(R"({"name":"a.b","type":"A"})", 65) + "]}"));
  const NameAnswer answer{NameAnswer::Outcome::found, {"x", "y"}};
  EXPECT_EQ(*decode_answer(encode_answer(answer)), answer);
}

TEST(WorkerProtocol, KnowsItsStages) {
  EXPECT_TRUE(is_stage("P"));
  EXPECT_EQ(words_for(Stage::parts), "while it read the parts");
  for (const auto* other : {"", "!", "PP"})
    EXPECT_FALSE(is_stage(other));
}

}  // namespace
}  // namespace guichet::filters
