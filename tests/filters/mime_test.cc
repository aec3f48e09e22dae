// The inventory of ordinary messages: parts, flags, classes.
#include "filters/mime.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "filters/mime_extract.h"
#include "filters/mime_marks.h"
#include "store/hash.h"
#include "tests/filters/mime_samples.h"

namespace guichet::filters {
namespace {

using namespace std::string_literals;
using samples::with_crlf;
using testing::ElementsAre;
using testing::IsEmpty;

std::string sample(std::string_view name) {
  for (auto& sample : samples::all())
    if (sample.name == name) return sample.octets;
  ADD_FAILURE() << "no sample " << name;
  return {};
}

// "2.1 text/plain 12"
std::vector<std::string> brief(const MimeFinding& finding) {
  std::vector<std::string> lines;
  for (const auto& part : finding.parts)
    lines.push_back(part.number + " " + part.type + " " + std::to_string(part.size_octets));
  return lines;
}

std::string digest_of(std::string_view octets) {
  return "sha256:" + store::sha256(octets).hex();
}

TEST(Mime, NamesThePartsOfALetter) {
  const auto octets = sample("french_reply");
  const auto found = inventory(octets);
  EXPECT_EQ(found.too_complex, "");
  EXPECT_THAT(brief(found), ElementsAre("1.1 text/plain 30", "1.2 text/html 28", "2 application/pdf 19",
                                        "3 application/octet-stream 6"));
  EXPECT_EQ(found.parts[0].charset, "utf-8");
  EXPECT_EQ(found.parts[0].digest, digest_of("Voici la décision, ci-jointe."));
  EXPECT_EQ(found.parts[0].encoding, "quoted-printable");
  EXPECT_EQ(found.parts[2].name, "Décision n° 12.pdf");
  EXPECT_EQ(found.parts[2].disposition, "attachment");
  EXPECT_EQ(found.parts[3].name, "relevé.csv");
  EXPECT_EQ(found.parts[3].digest, digest_of("a;b;c\n"));
  EXPECT_EQ(found.subject, "Réponse à votre demande");
  EXPECT_EQ(found.from, "Ministère <cada@gouv.example>");
  EXPECT_EQ(found.to, "request-1-abcdef@madada.example");
  EXPECT_EQ(found.message_id, "<1@gouv.example>");
  EXPECT_EQ(found.in_reply_to, "<2@madada.example>");
  EXPECT_EQ(found.date, "Fri, 27 Nov 2026 10:00:00 +0100");
  EXPECT_EQ(found.message_class, "ordinary");
}

TEST(Mime, CountsPartsAsImapDoes) {
  const std::pair<const char*, std::vector<std::string>> cases[] = {
      {"text_only", {"1 text/plain 8"}},
      {"forwarded",
       {"1 text/plain 10", "2 message/rfc822 183", "2.1 text/plain 10", "2.2 message/rfc822 36",
        "2.2.1 text/plain 14"}},
      {"digest", {"1 message/rfc822 21", "1.1 text/plain 5", "2 message/rfc822 22", "2.1 text/plain 6"}},
      {"message_alone", {"1 message/rfc822 24", "1.1 text/plain 6"}},
      {"no_final_boundary", {"1 text/plain 5", "2 application/octet-stream 6"}},
      {"inner_ends_early", {"1.1 text/plain 5", "2 text/plain 5"}},
      {"colon_in_boundary", {"1 text/plain 0", "2 text/html 3"}},
      {"no_header", {"1 text/plain 11"}},
      {"no_header_nor_empty_line", {"1 text/plain 11"}},
      {"empty", {"1 text/plain 0"}},
      {"no_boundary_parameter", {"1 multipart/mixed 17"}},
      {"boundary_never_comes", {"1 multipart/mixed 6"}},
      {"type_without_grammar", {"1 text/plain 6"}},
      {"bare_returns", {"1 text/plain 1"}},
  };
  for (const auto& [name, expected] : cases) {
    const auto found = inventory(sample(name));
    EXPECT_EQ(brief(found), expected) << name;
    EXPECT_EQ(found.too_complex, "") << name;
  }
}

TEST(Mime, ReadsNamesWithoutQuotes) {
  EXPECT_EQ(inventory(sample("outlook_name")).parts.at(0).name, "Mon rapport (1).doc");
}

TEST(Mime, GivesOutTheOctetsThatItDigested) {
  for (const auto& sample : samples::all()) {
    const auto found = inventory(sample.octets);
    for (const auto& part : found.parts) {
      std::string octets;
      ASSERT_TRUE(extract(sample.octets, part, [&](std::string_view piece) { octets += piece; }));
      EXPECT_EQ(octets.size(), part.size_octets) << sample.name << " " << part.number;
      EXPECT_EQ(digest_of(octets), part.digest) << sample.name << " " << part.number;
    }
  }
}

PartFinding part_at(std::uint64_t offset, std::uint64_t length) {
  PartFinding part;
  part.offset = offset;
  part.length = length;
  return part;
}

TEST(Mime, GivesOutNothingOfAnotherMessage) {
  const auto sink = [](std::string_view) { FAIL(); };
  EXPECT_FALSE(extract("abc", part_at(4, 0), sink));
  EXPECT_FALSE(extract("abc", part_at(1, 3), sink));
  EXPECT_FALSE(extract("abc", part_at(1, ~std::uint64_t{0}), sink));
}

std::vector<std::string> flags(std::string_view type, std::string_view content, std::string_view more = "") {
  const auto octets =
      "Content-Type: " + std::string(type) + "\r\n" + std::string(more) + "\r\n" + std::string(content);
  const auto found = inventory(octets);
  EXPECT_EQ(found.parts.size(), 1u);
  return found.parts.empty() ? std::vector<std::string>{} : found.parts[0].flags;
}

constexpr auto signed_oid = "\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
constexpr auto enveloped_oid = "\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03";

TEST(Mime, FlagsWhatAPartIs) {
  EXPECT_THAT(flags("text/plain", "ordinary\r\n"), IsEmpty());
  EXPECT_THAT(flags("application/ms-tnef", ""), ElementsAre("tnef"));
  EXPECT_THAT(flags("application/octet-stream; name=winmail.dat", "\x78\x9F\x3E\x22rest"),
              ElementsAre("tnef"));
  EXPECT_THAT(flags("application/pkcs7-mime; smime-type=enveloped-data", "x"),
              ElementsAre("smime-encrypted"));
  EXPECT_THAT(flags("application/x-pkcs7-mime; name=smime.p7m", enveloped_oid),
              ElementsAre("smime-encrypted"));
  EXPECT_THAT(flags("application/pkcs7-mime; smime-type=signed-data", "x"), ElementsAre("smime-signed"));
  EXPECT_THAT(flags("application/pkcs7-mime", signed_oid), ElementsAre("smime-signed"));
  EXPECT_THAT(flags("application/pkcs7-signature", "x"), ElementsAre("smime-signed"));
  EXPECT_THAT(flags("text/plain", "a\r\n-----BEGIN PGP MESSAGE-----\r\n"), ElementsAre("pgp-encrypted"));
  EXPECT_THAT(flags("text/plain", "-----BEGIN PGP SIGNED MESSAGE-----"), ElementsAre("pgp-signed"));
  EXPECT_THAT(flags("text/plain", "x -----BEGIN PGP MESSAGE-----\r\n"), IsEmpty());
  EXPECT_THAT(flags("text/plain", "a\r\nbegin 644 a.exe\r\n#86)C\r\nend\r\n"), ElementsAre("uuencoded"));
  EXPECT_THAT(flags("text/plain", "begin with the best\r\n"), IsEmpty());
  EXPECT_THAT(flags("image/png", "a=b", "Content-Transfer-Encoding: base64\r\n"), ElementsAre("undecodable"));
  EXPECT_THAT(flags("image/png", "a=b", "Content-Transfer-Encoding: quoted-printable\r\n"),
              ElementsAre("undecodable"));
  EXPECT_THAT(flags("image/png", "ab", "Content-Transfer-Encoding: x-own\r\n"), ElementsAre("undecodable"));
}

TEST(Mime, FlagsAllThatIsSignedOrEncrypted) {
  for (const auto& part : inventory(sample("signed_letter")).parts)
    EXPECT_THAT(part.flags, ElementsAre("pgp-signed")) << part.number;
  const auto octets = with_crlf(
      "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=e\n\n"
      "--e\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n"
      "--e\nContent-Type: application/octet-stream\n\nx\n--e--\n");
  const auto found = inventory(octets);
  ASSERT_EQ(found.parts.size(), 2u);
  EXPECT_THAT(found.parts[1].flags, ElementsAre("pgp-encrypted"));
}

// A local file header (APPNOTE 4.3.7) with its flags, and so many octets of content.
std::string zip_entry(char zip_flags, std::size_t content = 0) {
  return "PK\3\4\x14\0"s + zip_flags + "\0\0\0"s + std::string(20, '\0') + std::string(content, 'z');
}

TEST(Mime, FlagsEncryptedArchives) {
  EXPECT_THAT(flags("application/zip", zip_entry(0)), IsEmpty());
  EXPECT_THAT(flags("application/zip", zip_entry(1)), ElementsAre("encrypted-archive"));
  EXPECT_THAT(flags("application/zip", zip_entry(0, 5000) + zip_entry(9)), ElementsAre("encrypted-archive"));
  EXPECT_THAT(flags("application/octet-stream", "no zip " + zip_entry(1)), IsEmpty());
  const auto rar4 = [](char main_flags, char file_flags) {
    return "Rar!\x1A\x07\0CC\x73"s + main_flags + "\0\x0D\0\0\0\0\0\0\0CC\x74"s + file_flags + "\x80"s;
  };
  EXPECT_FALSE(is_encrypted_rar(rar4(0, 0)));
  EXPECT_TRUE(is_encrypted_rar(rar4('\x80', 0)));
  EXPECT_TRUE(is_encrypted_rar(rar4(0, '\x04')));
  const auto rar5 = "Rar!\x1A\x07\1\0"s;
  EXPECT_TRUE(is_encrypted_rar(rar5 + "CCCC\x03\x04\0\0"s));
  const auto main_header = "CCCC\x03\x01\0\0"s;
  EXPECT_TRUE(is_encrypted_rar(rar5 + main_header + "CCCC\x06\x02\x01\x03\x02\x01\0"s));
  EXPECT_FALSE(is_encrypted_rar(rar5 + main_header + "CCCC\x06\x02\x01\x03\x02\x02\0"s));
  EXPECT_FALSE(is_encrypted_rar(rar5 + main_header));
}

// How they are read is in seven_zip_test.cc and compound_file_test.cc.
TEST(Mime, FlagsSevenZipAndOfficeFilesWithAPassword) {
  const auto list = "\x01\x04\x07\x0B\x01\0\x01\x04\x06\xF1\x07\x01\0\0"s;
  const auto seven_zip = "7z\xBC\xAF\x27\x1C\0\x04"s + std::string(12, '\0') +
                         static_cast<char>(list.size()) + std::string(11, '\0') + list;
  EXPECT_THAT(flags("application/x-7z-compressed", seven_zip), ElementsAre("encrypted-archive"));
  EXPECT_THAT(flags("application/x-7z-compressed", seven_zip.substr(0, 32)), IsEmpty());
  auto office = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"s + std::string(504, '\0');
  EXPECT_THAT(flags("application/msword", office), IsEmpty());
  for (const char c : "EncryptedPackage"s)
    office += {c, '\0'};
  office += std::string(32, '\0') + "\x22\0\x02\x01"s + std::string(60, '\0');
  EXPECT_THAT(flags("application/msword", office), ElementsAre("encrypted-archive"));
}

// However a part is cut in pieces, its flags are the same.
TEST(Mime, FlagsAcrossPieces) {
  const auto archive = zip_entry(0, 3) + zip_entry(1) + "tail", first = zip_entry(1);
  const std::string text = "a\r\nbegin 644 x\r\n";
  for (const std::size_t size : {1u, 2u, 3u, 5u, 7u, 100u}) {
    ContentMarks zip, first_zip, lines;
    for (std::size_t at = 0; at < archive.size(); at += size)
      zip.see(std::string_view(archive).substr(at, size));
    for (std::size_t at = 0; at < first.size(); at += size)
      first_zip.see(std::string_view(first).substr(at, size));
    for (std::size_t at = 0; at < text.size(); at += size)
      lines.see(std::string_view(text).substr(at, size));
    EXPECT_THAT(zip.flags({.type = "application/zip"}), ElementsAre("encrypted-archive")) << size;
    EXPECT_THAT(first_zip.flags({.type = "application/zip"}), ElementsAre("encrypted-archive")) << size;
    EXPECT_THAT(lines.flags({.type = "text/plain"}), ElementsAre("uuencoded")) << size;
  }
}

std::string report(std::string_view type, std::string_view status) {
  return with_crlf(
      "From: MAILER-DAEMON@x.example\nContent-Type: multipart/report; report-type=" + std::string(type) +
      "; boundary=r\n\n--r\n\nText.\n--r\nContent-Type: message/delivery-status\n\n" + std::string(status) +
      "--r--\n");
}

TEST(Mime, ClassesMessages) {
  const std::pair<std::string, const char*> cases[] = {
      {report("delivery-status", "Reporting-MTA: dns;x\n\nFinal-Recipient: rfc822;a@b\nAction: failed\n\n"),
       "bounce"},
      {report("delivery-status", "Reporting-MTA: dns;x\n\nAction: Delayed\n\n"), "delivery-report"},
      {report("delivery-status", "A: x\n\nAction: relayed (ok)\n\nAction: failed\n\n"), "bounce"},
      {report("delivery-status", "Reporting-MTA: dns;x\n\n"), "bounce"},
      {report("disposition-notification", ""), "disposition"},
      {report("feedback-report", ""), "ordinary"},
      {"From: Mail Delivery System <Mailer-Daemon@x>\nX-Failed-Recipients: a@b\n\nx", "bounce"},
      {"From: \"mailer-daemon@x\" <a@b>\nX-Failed-Recipients: a@b\n\nx", "ordinary"},
      {"Auto-Submitted: auto-replied\n\nx", "auto-reply"},
      {"Auto-Submitted: auto-generated (by hand)\n\nx", "auto-reply"},
      {"Auto-Submitted: no\n\nx", "ordinary"},
      {"Precedence: auto_reply\n\nx", "auto-reply"},
      {"Precedence: bulk\n\nx", "ordinary"},
      {"X-Autoreply: yes\n\nx", "auto-reply"},
      {"Subject: =?utf-8?Q?R=C3=A9ponse_automatique?= : x\nAuto-Submitted: auto-generated\n\nx",
       "out-of-office"},
      {"Subject: Automatic reply: x\nX-Auto-Response-Suppress: All\n\nx", "out-of-office"},
      {"Subject: Out of Office: x\nX-MS-Exchange-Inbox-Rules-Loop: a@b\n\nx", "out-of-office"},
      {"Subject: ABSENT jusqu'au 3\nPrecedence: auto_reply\n\nx", "out-of-office"},
      {"Subject: Absence de r\xE9ponse \xE0 ma demande\n\nx", "ordinary"},
      {"Subject: Re: Automatic reply: x\nX-Auto-Response-Suppress: All\n\nx", "ordinary"},
      {"Subject: Accus\xC3\xA9 de r\xC3\xA9"
       "ception\nAuto-Submitted: auto-replied\n\nx",
       "auto-reply"},
      {"\nx", "ordinary"},
  };
  for (const auto& [octets, expected] : cases)
    EXPECT_EQ(inventory(octets).message_class, expected) << octets;
}

TEST(Mime, ShowsNoControlAndNoEndlessText) {
  const auto octets =
      "Subject: =?utf-8?Q?a=0D=0Ab=1B[2J=00?= " + std::string(5000, 'x') +
      "\r\nContent-Type: text/\xFF\x01plain; charset=\"a\x02\xFF\"\r\nAuto-Submitted: \x07yes\r\n\r\n";
  const auto found = inventory(octets);
  EXPECT_EQ(found.subject.size(), 1000u);
  EXPECT_TRUE(found.subject.starts_with("a  b [2J  xxx"));
  EXPECT_EQ(found.parts.at(0).charset, "a \xEF\xBF\xBD");
  EXPECT_EQ(found.auto_submitted, "yes");
}

}  // namespace
}  // namespace guichet::filters
