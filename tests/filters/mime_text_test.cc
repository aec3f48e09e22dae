// Text of fields: charsets, encoded words, parameters, encodings.
#include <gtest/gtest.h>

#include <string>

#include "filters/mime_charset.h"
#include "filters/mime_decoder.h"
#include "filters/mime_grammar.h"
#include "filters/mime_words.h"
#include "store/facts.h"

namespace guichet::filters {
namespace {

using namespace std::string_literals;

struct Case {
  std::string in, out;
};

TEST(MimeWords, DecodesWords) {
  const Case cases[] = {
      {"plain text", "plain text"},
      {" =?utf-8?Q?R=C3=A9ponse_=C3=A0?= x", "Réponse à x"},
      {"=?ISO-8859-1?q?d=E9cision?=", "décision"},
      {"=?windows-1252?Q?=80?=", "€"},
      {"=?iso-8859-15?Q?=A4?=", "€"},
      {"=?UTF-8*fr?B?w6k=?=", "é"},
      {"=?utf-8?B?w6k?=", "é"},  // padding forgotten
      {"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
      {"=?utf-8?Q?a?=\r\n  =?iso-8859-1?Q?=E9?= c", "aé c"},
      {"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"},
      {"=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"},  // a character cut in two
      {"=?koi8-r?B?0NLJ18XU?=", "привет"},
      {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
      {"=?gb2312?B?1tDOxA==?=", "中文"},
      {"=?big5?B?pKSk5Q==?=", "中文"},
      {"=?shift_jis?B?k/qWew==?=", "日本"},
      {"=?euc-kr?B?x9Gx2w==?=", "한글"},
      {"=?utf-7?Q?+AOk-?=", "é"},
      {"=?x-unknown?Q?a=E9b?=",
       "a\xEF\xBF\xBD"
       "b"},
      {"d\xE9"
       "cision",
       "décision"},
      {"décision", "décision"},
      {"=?utf-8?Q?bad=FF?=", "bad\xEF\xBF\xBD"},
      {"=?utf-8?Q?unended", "=?utf-8?Q?unended"},
      {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
      {"=?utf-8?Q?a=0D=0AX-Forged:_1?=", "a  X-Forged: 1"},
      {"=?utf-8?Q?a=00b=1B[2J=C2=85?= ", "a b [2J"},
      {"=?utf-8?B?4oCuZnBkLmV4ZQ==?=",
       "\xEF\xBF\xBD"
       "fpd.exe"},  // U+202E
      {"", ""},
      {"=?", "=?"},
      {"=??Q?a?=", "=??Q?a?="},
  };
  for (const auto& [in, out] : cases)
    EXPECT_EQ(decoded_words(in, 1000), out) << in;
}

TEST(MimeWords, AreShortenedAtACharacter) {
  std::string many;
  for (int i = 0; i < 2000; ++i)
    many += "é";
  const auto shortened = decoded_words(many, 999);
  EXPECT_EQ(shortened.size(), 998u);
  EXPECT_TRUE(store::is_utf8(shortened));
}

// Every charset that is known, over all octets in several orders: nothing but valid UTF-8 comes out.
TEST(MimeCharset, GivesValidUtf8OnOneLine) {
  prepare_charsets();
  std::string octets;
  for (int i = 0; i < 1024; ++i)
    octets.push_back(static_cast<char>(i * (i / 256 + 1) + i / 7));
  for (const auto* charset : {"", "utf-8", "us-ascii", "iso-8859-1", "iso-8859-8", "windows-1255", "koi8-u",
                              "utf-7", "utf-16", "utf-16le", "gb18030", "big5", "shift_jis", "euc-jp",
                              "iso-2022-jp", "iso-2022-kr", "euc-kr", "no-such"}) {
    const auto text = to_utf8(octets, charset, 10'000);
    EXPECT_TRUE(store::is_utf8(text)) << charset;
    const auto line = one_line(text, 1000);
    EXPECT_TRUE(store::is_utf8(line)) << charset;
    EXPECT_LE(line.size(), 1000u);
    EXPECT_EQ(line.find_first_of("\r\n\t\x1B\x7F"s + '\0'), std::string::npos) << charset;
  }
}

TEST(MimeCharset, MeasuresCharacters) {
  EXPECT_EQ(utf8_octets("a", 0), 1u);
  EXPECT_EQ(utf8_octets("é", 0), 2u);
  EXPECT_EQ(utf8_octets("€", 0), 3u);
  EXPECT_EQ(utf8_octets("\xF0\x9F\x98\x80", 0), 4u);
  for (const auto* wrong : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5", "\x80",
                            "\xC3", "\xE2\x82", "\xC3\x28"})
    EXPECT_EQ(utf8_octets(wrong, 0), 0u);
}

TEST(MimeGrammar, ReadsNames) {
  const Case cases[] = {
      {"attachment; filename=a.pdf", "a.pdf"},
      {"attachment; filename=\"a;b.pdf\"; x=y", "a;b.pdf"},
      {"attachment; filename=\"a\\\"b.pdf\"", "a\"b.pdf"},
      {"attachment; filename=\"C:\\\\x.pdf\"", "C:\\x.pdf"},
      {"attachment (c; filename=no.pdf); filename=yes.pdf", "yes.pdf"},
      {"attachment; filename=Mon rapport (1).pdf; size=3", "Mon rapport (1).pdf"},
      {"attachment; filename=\"=?utf-8?Q?r=C3=A9ponse.pdf?=\"", "réponse.pdf"},
      {"attachment; filename==?iso-8859-1?Q?r=E9ponse=2Epdf?=", "réponse.pdf"},
      {"attachment; filename=\"r\xE9ponse.pdf\"", "réponse.pdf"},
      {"attachment; filename*=UTF-8''r%C3%A9ponse.pdf", "réponse.pdf"},
      {"attachment; filename*=iso-8859-1'fr'r%E9ponse%20%28.pdf", "réponse (.pdf"},
      {"attachment; filename*0*=utf-8''r%C3%A9; filename*1=ponse; filename*2*=%2Epdf", "réponse.pdf"},
      {"attachment; filename*1=ponse.pdf; filename*0=re", "reponse.pdf"},
      {"attachment;\r\n filename*0*=utf-8''r%C3;\r\n\tfilename*1*=%A9p.pdf", "rép.pdf"},
      {"attachment; filename*0=a; filename*2=c", "a"},
      {"attachment; filename=plain.pdf; filename*=utf-8''real.exe", "real.exe"},
      {"attachment; filename*=utf-8''bad%ZZ%4", "bad%ZZ%4"},
      {"attachment; FILENAME=\"unclosed", "unclosed"},
      {"attachment; filename", ""},
      {"attachment;;; =; filename=a", "a"},
      {"attachment; filename*1000=a", ""},
      {"attachment; filename=\"../../etc/passwd\"", "../../etc/passwd"},
      {"", ""},
      {";", ""},
      {"((((", ""},
      {"a\\", ""},
      {"attachment; filename=\"a\\", "a\\"},
  };
  for (const auto& [in, out] : cases)
    EXPECT_EQ(parse_structured(in).text("filename"), out) << in;
}

TEST(MimeGrammar, ReadsValues) {
  EXPECT_EQ(parse_structured(" Text/Plain (a (nested) comment); charset=US-ASCII (Plain text)").value,
            "text/plain");
  EXPECT_EQ(parse_structured("text/plain; charset=US-ASCII (Plain text)").octets("charset"), "US-ASCII");
  EXPECT_EQ(parse_structured("multipart/mixed; boundary=\" a:b\"").octets("boundary"), " a:b");
  EXPECT_EQ(first_token(" Base64 ; x"), "base64");
}

TEST(MimeGrammar, CountsParameters) {
  std::string value = "a/b";
  for (std::size_t i = 0; i < parameters_max; ++i)
    value += "; a=b";
  EXPECT_FALSE(parse_structured(value).too_many);
  const auto more = parse_structured(value + "; a=b");
  EXPECT_TRUE(more.too_many);
  EXPECT_EQ(more.parameters.size(), parameters_max);
}

struct Decoded {
  std::string octets;
  bool whole = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};
void PrintTo(const Decoded& decoded, std::ostream* out) {
  *out << testing::PrintToString(decoded.octets) << (decoded.whole ? " whole" : " damaged");
}

Decoded decoded(std::string_view encoded, std::string_view encoding) {
  Decoded all;
  all.whole =
      decode(encoded, transfer_encoding(encoding), [&](std::string_view piece) { all.octets += piece; });
  return all;
}

TEST(MimeDecoder, DecodesBase64) {
  const std::pair<const char*, Decoded> cases[] = {
      {"", {"", true}},
      {"YWJj", {"abc", true}},
      {"YWJjZA==", {"abcd", true}},
      {"YW\r\nJj\r\n", {"abc", true}},
      {" Y W\tJ j ", {"abc", true}},
      {"YWJjZA", {"abcd", true}},  // padding forgotten
      {"YWJjZ", {"abc", false}},   // six bits are left
      {"YWJj|ZGVm", {"abcdef", false}},
      {"YWJjZA==ZGVm", {"abcd", false}},
      {"YWJjZA==\r\n\r\n", {"abcd", true}},
      {"=YWJj", {"", false}},
      {"AAA|BBB|", {"\0\0\1\4"s, false}},
  };
  for (const auto& [in, out] : cases)
    EXPECT_EQ(decoded(in, "base64"), out) << in;
}

TEST(MimeDecoder, DecodesQuotedPrintable) {
  const std::pair<const char*, Decoded> cases[] = {
      {"r=C3=A9p=\r\nonse", {"réponse", true}},
      {"a=c3=a9=\nb", {"aéb", true}},
      {"a = \t\r\nb", {"a b", true}},  // a soft break with blanks behind it
      {"a  \r\nb \t", {"a\r\nb", true}},
      {"a  b", {"a  b", true}},
      {"1=2", {"1=2", false}},
      {"a=", {"a", true}},
      {"a=4", {"a=4", false}},
      {"=3D=3d", {"==", true}},
  };
  for (const auto& [in, out] : cases)
    EXPECT_EQ(decoded(in, "quoted-printable"), out) << in;
}

TEST(MimeDecoder, DecodesUuencode) {
  EXPECT_EQ(decoded("text\r\nbegin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n", "x-uuencode"),
            (Decoded{"abc", true}));
  EXPECT_EQ(decoded("begin 644 a.txt\n$86)C9```\n \nend", "uuencode"), (Decoded{"abcd", true}));
  EXPECT_EQ(decoded("begin 644 a.txt\n#86)C\n", "x-uue"), (Decoded{"abc", false}));
  EXPECT_EQ(decoded("no beginning", "uue"), (Decoded{"", false}));
}

TEST(MimeDecoder, LeavesWhatIsNotEncoded) {
  for (const auto* name : {"", "7bit", "8bit", "binary"})
    EXPECT_EQ(decoded("a=\r\n", name), (Decoded{"a=\r\n", true})) << name;
  EXPECT_EQ(decoded("a", "x-unheard-of"), (Decoded{"a", false}));
}

TEST(MimeDecoder, GivesPiecesOfAnySize) {
  std::string encoded, expected;
  for (int i = 0; i < 30'000; ++i) {
    encoded += "YWJj";
    expected += "abc";
    if (i % 19 == 18) encoded += "\r\n";
  }
  EXPECT_EQ(decoded(encoded, "base64"), (Decoded{expected, true}));
}

}  // namespace
}  // namespace guichet::filters
