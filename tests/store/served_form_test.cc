#include "store/served_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace guichet::store {
namespace {

ServedRule rule_one() {
  return {.version = 1, .owned = owned_fields()};
}

struct Served {
  std::string octets;
  ServedTransform::Facts facts;
};

void expect_equal(const Served& got, const Served& wanted, const std::string& context) {
  ASSERT_EQ(got.octets, wanted.octets) << context;
  ASSERT_EQ(got.facts.octets, wanted.facts.octets) << context;
  ASSERT_EQ(got.facts.fields_renamed, wanted.facts.fields_renamed) << context;
  ASSERT_EQ(got.facts.line_ends_mended, wanted.facts.line_ends_mended) << context;
  ASSERT_EQ(got.facts.has_message_id, wanted.facts.has_message_id) << context;
}

Served serve_pieces(const std::vector<std::string_view>& pieces, const ServedRule& rule = rule_one()) {
  ServedTransform transform(rule);
  Served served;
  const auto sink = [&](std::string_view octets) { served.octets += octets; };
  for (const std::string_view piece : pieces)
    transform.feed(piece, sink);
  transform.finish(sink);
  served.facts = transform.facts();
  return served;
}

Served serve(std::string_view original) {
  return serve_pieces({original});
}

std::string octets_of(std::string_view original) {
  return serve(original).octets;
}

// --- The same rule once more: slow, whole strings, written to be read
// --------------------------------------------

struct Line {
  std::string text;
  bool mended = false;  // its end was not CRLF
};

std::vector<Line> lines_of(const std::string& original) {
  std::vector<Line> lines;
  std::string text;
  for (std::size_t i = 0; i < original.size(); ++i) {
    if (original[i] != '\r' && original[i] != '\n') {
      text += original[i];
      continue;
    }
    const std::size_t lf = original.find_first_not_of('\r', i);
    const bool ends_at_lf = lf != std::string::npos && original[lf] == '\n' && lf - i <= 64;
    lines.push_back({text, !ends_at_lf || lf - i != 1});
    text.clear();
    if (ends_at_lf) i = lf;
  }
  if (!text.empty()) lines.push_back({text, true});
  return lines;
}

bool continues(const std::string& line) {
  return !line.empty() && (line[0] == ' ' || line[0] == '\t');
}

// The name in lower case, or nothing when the line is no field.
std::string field_name(const std::string& line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || colon >= 998) return "";
  std::string name = line.substr(0, colon);
  name.erase(name.find_last_not_of(" \t") + 1);
  for (char& c : name) {
    if (c <= ' ' || c >= '\x7F') return "";
    c = static_cast<char>(std::tolower(c));
  }
  return name;
}

bool is_empty_id(const std::vector<Line>& lines, std::size_t at) {
  std::string value = lines[at].text.substr(lines[at].text.find(':') + 1);
  for (std::size_t i = at + 1; i < lines.size() && continues(lines[i].text); ++i)
    value += "\r\n" + lines[i].text;
  return value.substr(0, 4096).find_first_not_of(" \t\r\n") == std::string::npos;
}

bool is_mailbox_line(const std::string& line) {
  const std::size_t from = line.find_first_not_of('>');
  return from != std::string::npos && from <= 993 && line.compare(from, 5, "From ") == 0;
}

Served reference(const std::string& original) {
  const std::vector<Line> lines = lines_of(original);
  const std::vector<std::string> owned = owned_fields();
  Served out;
  bool in_header = true, auto_submitted = false, first = true;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& text = lines[i].text;
    out.facts.line_ends_mended += lines[i].mended;
    if (in_header && text.empty()) {
      in_header = false;
    } else if (in_header && first && is_mailbox_line(text)) {
      out.octets += "X-Mailbox-Line: ";
    } else if (in_header && (first || !continues(text))) {
      first = false;
      const std::string name = field_name(text);
      bool rename =
          name.starts_with("x-guichet-") || std::find(owned.begin(), owned.end(), name) != owned.end();
      if (name == "auto-submitted") rename = std::exchange(auto_submitted, true);
      if (name == "message-id") rename = is_empty_id(lines, i);
      if (name == "message-id" && !rename) out.facts.has_message_id = true;
      if (rename) out.octets += "X-Inbound-";
      out.facts.fields_renamed += rename;
      if (name.empty()) {
        in_header = false;
        out.octets += "\r\n";
      }
    }
    out.octets += text + "\r\n";
  }
  out.facts.octets = out.octets.size();
  return out;
}

// --- Clause by clause
// --------------------------------------------------------------------------------------------

TEST(ServedForm, AnOrdinaryMessageIsServedAsItCame) {
  const std::string original =
      "Received: from a by b;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\n"
      "Message-ID: <1@example.test>\r\nSubject: hello\r\n\r\nReturn-Path: <in the body>\r\n..\r\n";
  const Served served = serve(original);
  EXPECT_EQ(served.octets, original);
  EXPECT_EQ(served.facts.octets, original.size());
  EXPECT_EQ(served.facts.fields_renamed, 0u);
  EXPECT_EQ(served.facts.line_ends_mended, 0u);
  EXPECT_TRUE(served.facts.has_message_id);
}

TEST(ServedForm, OwnedFieldsAreRenamedInAnyCaseAndWithSpaceBeforeTheColon) {
  EXPECT_EQ(octets_of("Return-Path: <a>\r\n\r\n"), "X-Inbound-Return-Path: <a>\r\n\r\n");
  EXPECT_EQ(octets_of("rETURN-pATH:<a>\r\n\r\n"), "X-Inbound-rETURN-pATH:<a>\r\n\r\n");
  EXPECT_EQ(octets_of("Return-Path : <a>\r\n\r\n"), "X-Inbound-Return-Path : <a>\r\n\r\n");
  EXPECT_EQ(octets_of("Envelope-To \t: a\r\n\r\n"), "X-Inbound-Envelope-To \t: a\r\n\r\n");
  EXPECT_EQ(octets_of("X-Original-To: a\r\n\r\n"), "X-Inbound-X-Original-To: a\r\n\r\n");
  EXPECT_EQ(octets_of("Authentication-Results: a;\r\n pass\r\n\r\n"),
            "X-Inbound-Authentication-Results: a;\r\n pass\r\n\r\n");
}

TEST(ServedForm, NamesThatOnlyResembleOwnedOnesStay) {
  for (const std::string name : {"Return-Pat", "Return-Paths", "X-Return-Path", "X-Inbound-Return-Path",
                                 "ARC-Authentication-Results", "X-Guichet", "X-Guiche-t", "Delivered-To"}) {
    EXPECT_EQ(octets_of(name + ": a\r\n\r\n"), name + ": a\r\n\r\n");
  }
}

TEST(ServedForm, EveryNameThatBeginsWithOursIsOwned) {
  EXPECT_EQ(
      octets_of("X-Guichet-Id: 1\r\nx-guichet-anything: 2\r\nX-GUICHET-: 3\r\n\r\n"),
      "X-Inbound-X-Guichet-Id: 1\r\nX-Inbound-x-guichet-anything: 2\r\nX-Inbound-X-GUICHET-: 3\r\n\r\n");
}

TEST(ServedForm, ASiteCanOwnMore) {
  ServedRule rule = rule_one();
  rule.owned.push_back("x-spam-score");
  EXPECT_EQ(serve_pieces({"X-Spam-Score: -100\r\n\r\n"}, rule).octets,
            "X-Inbound-X-Spam-Score: -100\r\n\r\n");
  EXPECT_EQ(octets_of("X-Spam-Score: -100\r\n\r\n"), "X-Spam-Score: -100\r\n\r\n");
}

TEST(ServedForm, AFieldThatBeginsAtABareLineEndIsFound) {
  EXPECT_EQ(octets_of("X: a\rEnvelope-To: evil\r\n\r\n"), "X: a\r\nX-Inbound-Envelope-To: evil\r\n\r\n");
  EXPECT_EQ(octets_of("X: a\nEnvelope-To: evil\r\n\r\n"), "X: a\r\nX-Inbound-Envelope-To: evil\r\n\r\n");
}

TEST(ServedForm, AnOwnedNameInAContinuationLineIsText) {
  EXPECT_EQ(octets_of("X: a\r\n Envelope-To: b\r\n\tReturn-Path: c\r\n\r\n"),
            "X: a\r\n Envelope-To: b\r\n\tReturn-Path: c\r\n\r\n");
}

TEST(ServedForm, ALineOfWhiteSpaceDoesNotEndTheHeader) {
  EXPECT_EQ(octets_of("X: a\r\n \t\r\nReturn-Path: b\r\n\r\n"),
            "X: a\r\n \t\r\nX-Inbound-Return-Path: b\r\n\r\n");
}

TEST(ServedForm, EveryLineEndBecomesCrlf) {
  const Served served = serve("A: 1\nB: 2\r\nC: 3\r\n\rbody\n\nbody\r\rbody\n\r\n");
  EXPECT_EQ(served.octets, "A: 1\r\nB: 2\r\nC: 3\r\n\r\nbody\r\n\r\nbody\r\n\r\nbody\r\n\r\n");
  EXPECT_EQ(served.facts.line_ends_mended, 7u);
}

// Software that made CRLF of CRLF: read as two line ends, the header would end after its first line.
TEST(ServedForm, CrsBeforeALfAreOneLineEnd) {
  const Served served = serve("A: 1\r\r\nReturn-Path: b\r\r\r\n\r\r\nbody\r\r\n");
  EXPECT_EQ(served.octets, "A: 1\r\nX-Inbound-Return-Path: b\r\n\r\nbody\r\n");
  EXPECT_EQ(served.facts.line_ends_mended, 4u);
  EXPECT_EQ(octets_of("A: 1\r\n\r\n\r\rbody"), "A: 1\r\n\r\n\r\n\r\nbody\r\n");
}

TEST(ServedForm, OfMoreThan64CrsBeforeALfTheFirstStandAlone) {
  const std::string header = "A: 1\r\n\r\n";
  for (const std::size_t crs : {63u, 64u}) {
    EXPECT_EQ(octets_of(header + std::string(crs, '\r') + "\nb"), header + "\r\nb\r\n");
  }
  EXPECT_EQ(octets_of(header + std::string(66, '\r') + "\nb"), header + "\r\n\r\n\r\nb\r\n");
  EXPECT_EQ(serve(header + std::string(66, '\r')).facts.line_ends_mended, 66u);
}

TEST(ServedForm, ALastLineWithoutAnEndGetsOne) {
  EXPECT_EQ(octets_of("A: 1\r\n\r\nbody"), "A: 1\r\n\r\nbody\r\n");
  EXPECT_EQ(octets_of("A: 1\r\n\r\nbody\r"), "A: 1\r\n\r\nbody\r\n");
  EXPECT_EQ(octets_of("A: 1"), "A: 1\r\n");
  EXPECT_EQ(serve("A: 1").facts.line_ends_mended, 1u);
}

TEST(ServedForm, AHeaderWithoutABlankLineStaysOne) {
  EXPECT_EQ(octets_of("A: 1\r\nReturn-Path: a\r\n"), "A: 1\r\nX-Inbound-Return-Path: a\r\n");
}

TEST(ServedForm, AnEmptyMessageStaysEmpty) {
  EXPECT_EQ(octets_of(""), "");
  EXPECT_EQ(serve("").facts.octets, 0u);
  EXPECT_EQ(octets_of("\r\n"), "\r\n");
  EXPECT_EQ(octets_of("\r\nReturn-Path: body\r\n"), "\r\nReturn-Path: body\r\n");
}

TEST(ServedForm, OfTwoAutoSubmittedTheFirstStays) {
  const Served served = serve("Auto-Submitted: no\r\nauto-submitted: b\r\nAUTO-SUBMITTED: c\r\n\r\n");
  EXPECT_EQ(served.octets,
            "Auto-Submitted: no\r\nX-Inbound-auto-submitted: b\r\nX-Inbound-AUTO-SUBMITTED: c\r\n\r\n");
  EXPECT_EQ(served.facts.fields_renamed, 2u);
}

TEST(ServedForm, AnMboxLineBecomesAField) {
  EXPECT_EQ(octets_of("From a@b Mon Jan  1\r\nA: 1\r\n\r\n"),
            "X-Mailbox-Line: From a@b Mon Jan  1\r\nA: 1\r\n\r\n");
  EXPECT_EQ(octets_of(">From a@b\nA: 1\n\n"), "X-Mailbox-Line: >From a@b\r\nA: 1\r\n\r\n");
  EXPECT_EQ(octets_of("From \r\n\r\n"), "X-Mailbox-Line: From \r\n\r\n");
  EXPECT_EQ(octets_of("From a\n>>>From b\r\nReturn-Path: c\r\n\r\nFrom d\r\n"),
            "X-Mailbox-Line: From a\r\nX-Mailbox-Line: >>>From b\r\nX-Inbound-Return-Path: c\r\n\r\n"
            "From d\r\n");
  const std::string most(993, '>');
  EXPECT_EQ(octets_of(most + "From a\r\n"), "X-Mailbox-Line: " + most + "From a\r\n");
  EXPECT_EQ(octets_of(">" + most + "From a\r\n"), "\r\n>" + most + "From a\r\n");
  EXPECT_EQ(octets_of("From a\r\n b\r\nA: 1\r\n"), "X-Mailbox-Line: From a\r\n\r\n b\r\nA: 1\r\n");
  EXPECT_EQ(octets_of("From: a\r\n\r\n"), "From: a\r\n\r\n");
  EXPECT_EQ(octets_of("from a\r\n\r\n"), "\r\nfrom a\r\n\r\n");
  EXPECT_EQ(octets_of("A: 1\r\nFrom a\r\n\r\n"), "A: 1\r\n\r\nFrom a\r\n\r\n");
}

TEST(ServedForm, WhiteSpaceAtTheVeryFrontCannotContinueOurLastField) {
  EXPECT_EQ(octets_of(" a\r\nReturn-Path: b\r\n"), "\r\n a\r\nReturn-Path: b\r\n");
  EXPECT_EQ(octets_of("\t\r\nA: b\r\n"), "\r\n\t\r\nA: b\r\n");
}

TEST(ServedForm, ALineThatIsNoFieldBeginsTheBody) {
  EXPECT_EQ(octets_of("just text\r\nReturn-Path: a\r\n"), "\r\njust text\r\nReturn-Path: a\r\n");
  EXPECT_EQ(octets_of("A: 1\r\nno field\r\nReturn-Path: a\r\n"),
            "A: 1\r\n\r\nno field\r\nReturn-Path: a\r\n");
  EXPECT_EQ(octets_of("A: 1\r\n: no name\r\n"), "A: 1\r\n\r\n: no name\r\n");
  EXPECT_EQ(octets_of("A: 1\r\nR\xC3\xA9sum\xC3\xA9: x\r\n"), "A: 1\r\n\r\nR\xC3\xA9sum\xC3\xA9: x\r\n");
  EXPECT_EQ(octets_of(std::string_view("A\0: 1\r\n", 7)), std::string_view("\r\nA\0: 1\r\n", 9));
  EXPECT_EQ(octets_of("A B: 1\r\n"), "\r\nA B: 1\r\n");
  EXPECT_EQ(octets_of("last"), "\r\nlast\r\n");
}

TEST(ServedForm, AnEmptyMessageIdIsRenamed) {
  EXPECT_EQ(octets_of("Message-ID:\r\nA: 1\r\n\r\n"), "X-Inbound-Message-ID:\r\nA: 1\r\n\r\n");
  EXPECT_EQ(octets_of("Message-ID: \r\n \r\n\t\r\n\r\n"), "X-Inbound-Message-ID: \r\n \r\n\t\r\n\r\n");
  EXPECT_EQ(octets_of("message-id : \t"), "X-Inbound-message-id : \t\r\n");
  EXPECT_EQ(octets_of("Message-ID:\r\n text"), "Message-ID:\r\n text\r\n");
  EXPECT_FALSE(serve("Message-ID: \r\n\r\nMessage-ID: <in@body>\r\n").facts.has_message_id);
  EXPECT_EQ(serve("Message-ID: \r\nMessage-ID: <a@b>\r\n").facts.fields_renamed, 1u);
}

TEST(ServedForm, AFullMessageIdStaysWhateverItsShape) {
  for (const std::string original : {"Message-ID:\r\n <a@b>\r\n\r\n", "Message-ID: no brackets here\r\n\r\n",
                                     "MESSAGE-ID :<a@b>\r\nMessage-Id: <c@d>\r\n\r\n"}) {
    const Served served = serve(original);
    EXPECT_EQ(served.octets, original);
    EXPECT_TRUE(served.facts.has_message_id);
  }
  ServedRule rule = rule_one();
  rule.owned.push_back("message-id");
  EXPECT_EQ(serve_pieces({"Message-ID: <a@b>\r\n\r\n"}, rule).octets, "Message-ID: <a@b>\r\n\r\n");
}

TEST(ServedForm, AMessageIdIsEmptyWhenItsFirst4096OctetsAre) {
  const auto id = [](std::size_t white) { return "Message-ID:" + std::string(white, ' ') + "<a@b>\r\n\r\n"; };
  EXPECT_EQ(octets_of(id(4095)), id(4095));
  EXPECT_EQ(octets_of(id(4096)), "X-Inbound-" + id(4096));
  EXPECT_FALSE(serve(id(4096)).facts.has_message_id);
}

TEST(ServedForm, AColonIsLookedForIn998Octets) {
  const auto field = [](std::size_t name) { return std::string(name, 'a') + ": 1\r\n\r\n"; };
  EXPECT_EQ(octets_of(field(997)), field(997));
  EXPECT_EQ(octets_of(field(998)), "\r\n" + field(998));
  const std::string spaced = "Return-Path" + std::string(987, ' ') + ": a\r\n";
  EXPECT_EQ(octets_of(spaced), "\r\n" + spaced);
}

// --- For ever
// ----------------------------------------------------------------------------------------------------

// The deliveries in every store point to rule 1. If this test fails, do not change it: write rule 2.
TEST(ServedForm, RuleOneIsFrozen) {
  EXPECT_EQ(owned_fields(), (std::vector<std::string>{"return-path", "envelope-to", "x-original-to",
                                                      "authentication-results"}));

  const std::string_view original =
      "From sender@example.test Mon Jan  1 00:00:00 2024\n"
      "Return-Path: <forged@example.test>\n"
      "RETURN-PATH : <twice@example.test>\r\n"
      "Envelope-To: a@example.test\r\n"
      "X-Original-To:\r\n"
      " b@example.test\r\n"
      "Authentication-Results: mx.example.test; spf=pass\r"
      "X-Guichet-Digest: sha256:00\r\n"
      "x-guichet-later: 1\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "Auto-Submitted: no\r\n"
      "Message-ID: \r\n"
      "\t \r\n"
      "Message-ID:\r\n"
      " <kept@example.test>\r\n"
      "Subject: folded\r\n"
      " \r\n"
      "X-Hidden: a\rEnvelope-To: evil@example.test\r\n"
      "no field at all\r\n"
      "Return-Path: <in the body>\r\n"
      "\r\r\n"
      "one\ntwo\rthree\n\rlast";
  const std::string_view wanted =
      "X-Mailbox-Line: From sender@example.test Mon Jan  1 00:00:00 2024\r\n"
      "X-Inbound-Return-Path: <forged@example.test>\r\n"
      "X-Inbound-RETURN-PATH : <twice@example.test>\r\n"
      "X-Inbound-Envelope-To: a@example.test\r\n"
      "X-Inbound-X-Original-To:\r\n"
      " b@example.test\r\n"
      "X-Inbound-Authentication-Results: mx.example.test; spf=pass\r\n"
      "X-Inbound-X-Guichet-Digest: sha256:00\r\n"
      "X-Inbound-x-guichet-later: 1\r\n"
      "Auto-Submitted: auto-replied\r\n"
      "X-Inbound-Auto-Submitted: no\r\n"
      "X-Inbound-Message-ID: \r\n"
      "\t \r\n"
      "Message-ID:\r\n"
      " <kept@example.test>\r\n"
      "Subject: folded\r\n"
      " \r\n"
      "X-Hidden: a\r\n"
      "X-Inbound-Envelope-To: evil@example.test\r\n"
      "\r\n"
      "no field at all\r\n"
      "Return-Path: <in the body>\r\n"
      "\r\n"
      "one\r\n"
      "two\r\n"
      "three\r\n"
      "\r\n"
      "last\r\n";
  const Served served = serve(original);
  EXPECT_EQ(served.octets, wanted);
  EXPECT_EQ(served.facts.octets, wanted.size());
  EXPECT_EQ(served.facts.fields_renamed, 10u);
  EXPECT_EQ(served.facts.line_ends_mended, 10u);
  EXPECT_TRUE(served.facts.has_message_id);
}

// --- Every split
// -------------------------------------------------------------------------------------------------

void expect_same_in_all_splits(const std::string& original) {
  const Served whole = serve(original);
  const std::string_view view = original;
  for (std::size_t cut = 0; cut <= view.size(); ++cut)
    expect_equal(serve_pieces({view.substr(0, cut), view.substr(cut)}), whole,
                 std::to_string(cut) + " octets first");
  std::vector<std::string_view> octets;
  for (std::size_t i = 0; i < view.size(); ++i)
    octets.push_back(view.substr(i, 1));
  expect_equal(serve_pieces(octets), whole, "octet by octet");
}

TEST(ServedForm, NoSplitChangesAnything) {
  for (const std::string original :
       {"From a\r\nReturn-Path : a\r\n b\r\nMessage-ID: \r\n \r\nX: a\rEnvelope-To: "
        "b\n\r\nbody\r\rmore\n\nend",
        ">From a\nMessage-ID:\r\n <a@b>\r\nno field\r\n\r\nReturn-Path: x\r", "Message-ID: \r\n \r\n\t",
        "Fro", " x\n", "From a\r\r\n>>From b\n\r\r\r", "Auto-Submitted: a\rauto-submitted: b\r\r\n\r\n",
        "X-Guichet-Id: 1\r\nnot", "\n\r\r\n", "a\r"}) {
    SCOPED_TRACE(testing::PrintToString(original));
    expect_same_in_all_splits(original);
  }
}

TEST(ServedForm, NoSplitOfALongBodyChangesAnything) {
  std::string original = "A: 1\r\n\r\n";
  for (int line = 0; line < 12; ++line)
    original += std::string(static_cast<std::size_t>(7 * line), 'x') + "\r\n";
  original += std::string("\n").append(80, 'y').append("\r").append(80, 'z').append("\r\n");
  expect_same_in_all_splits(original);
}

// Words that the rule is about, glued at random, against the reference.
TEST(ServedForm, AgreesWithTheReferenceOnNastyInput) {
  const std::vector<std::string> words = {"\r\n",
                                          "\r\n",
                                          "\r\n",
                                          "\r",
                                          "\n",
                                          " ",
                                          "\t",
                                          ":",
                                          ": ",
                                          "Return-Path",
                                          "envelope-to",
                                          "Message-ID",
                                          "message-id:",
                                          "X-Guichet-",
                                          "Auto-Submitted:",
                                          "From ",
                                          ">From ",
                                          ">",
                                          std::string(65, '\r'),
                                          "From",
                                          "a",
                                          "<a@b>",
                                          "X: 1",
                                          "\x80",
                                          std::string(1, '\0'),
                                          std::string(70, 'b'),
                                          "Subject: s\r\n",
                                          "\r\n\r\n"};
  std::mt19937 random(20240101);
  for (int round = 0; round < 60'000; ++round) {
    std::string original;
    const std::size_t count = random() % 24;
    for (std::size_t i = 0; i < count; ++i)
      original += words[random() % words.size()];
    const std::string context = testing::PrintToString(original);
    const Served wanted = reference(original);
    ASSERT_NO_FATAL_FAILURE(expect_equal(serve(original), wanted, context));
    const std::size_t cut = original.empty() ? 0 : random() % original.size();
    const std::string_view view = original;
    ASSERT_NO_FATAL_FAILURE(
        expect_equal(serve_pieces({view.substr(0, cut), view.substr(cut)}), wanted, context));
  }
}

// The same for every text of up to eight octets of an alphabet of five.
TEST(ServedForm, AgreesWithTheReferenceOnEveryShortInput) {
  const std::string alphabet = "\r\n :a";
  for (std::size_t length = 0; length <= 8; ++length) {
    std::vector<std::size_t> digits(length, 0);
    for (;;) {
      std::string original;
      for (const std::size_t digit : digits)
        original += alphabet[digit];
      ASSERT_NO_FATAL_FAILURE(
          expect_equal(serve(original), reference(original), testing::PrintToString(original)));
      std::size_t i = 0;
      while (i < length && ++digits[i] == alphabet.size())
        digits[i++] = 0;
      if (i == length) break;
    }
  }
}

// --- Hostile
// -----------------------------------------------------------------------------------------------------

// The largest view that the sink got, when a piece is fed again and again.
std::size_t largest_view(std::string_view piece, int times, Served& served) {
  ServedTransform transform(rule_one());
  std::size_t largest = 0;
  const auto sink = [&](std::string_view octets) { largest = std::max(largest, octets.size()); };
  for (int i = 0; i < times; ++i)
    transform.feed(piece, sink);
  transform.finish(sink);
  served.facts = transform.facts();
  return largest;
}

TEST(ServedForm, AMillionReturnPaths) {
  std::string fields;
  for (int i = 0; i < 1000; ++i)
    fields += "Return-Path: <a>\r\n";
  Served served;
  EXPECT_LE(largest_view(fields, 1000, served), 8192u);
  EXPECT_EQ(served.facts.fields_renamed, 1'000'000u);
  EXPECT_EQ(served.facts.octets, 1'000'000u * (18 + 10));
}

// Nothing grows with the input: what comes out at once is never much more than what went in at once.
TEST(ServedForm, LongLinesAreNotHeldBack) {
  const std::string piece(10'000, 'a');
  Served served;
  EXPECT_LE(largest_view(piece, 10'000, served), piece.size() + 1000);  // a name that does not end
  EXPECT_EQ(served.facts.octets, 100'000'004u);
  EXPECT_LE(largest_view("Message-ID:" + piece, 10'000, served), piece.size() + 1000);
  EXPECT_LE(largest_view(std::string(10'000, ' '), 10'000, served), piece.size() + 1000);
  EXPECT_LE(largest_view(std::string(10'000, '\r'), 1000, served), 8192u);
  EXPECT_EQ(served.facts.line_ends_mended, 10'000'000u);
}

TEST(ServedForm, AMessageIdOfWhiteSpaceIsNotHeldBack) {
  ServedTransform transform(rule_one());
  std::size_t written = 0;
  const auto sink = [&](std::string_view octets) { written += octets.size(); };
  transform.feed("Message-ID:", sink);
  for (std::size_t fed = 0; fed < 1'000'000; fed += 1000) {
    transform.feed(std::string(998, ' ') + "\r\n", sink);
    ASSERT_GE(written + 5000, fed);
  }
  transform.finish(sink);
  EXPECT_EQ(transform.facts().fields_renamed, 1u);
}

}  // namespace
}  // namespace guichet::store
