#include "filters/dkim.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/filters/names_fake.h"
#include "tests/filters/signed_message.h"

namespace guichet::filters {
namespace {

constexpr std::int64_t now_unix_s = 1'700'000'000;
constexpr std::string_view key_name = "k._domainkey.signer.example";

const std::string original =
    "From: A <a@signer.example>\r\nTo: b@asso.example\r\nSubject: Votre  "
    "demande\r\n\r\nBonjour,\r\nvoici.\r\n";

const SigningKey& edwards() {
  static const auto key = SigningKey::ed25519();
  return key;
}

const SigningKey& rsa() {
  static const auto key = SigningKey::rsa(1024);
  return key;
}

DkimFindings verify(const std::string& text, Names& names) {
  static const DkimVerifier verifier;
  return verifier.verify(split(text), names, now_unix_s);
}

DkimFinding only(const std::string& text, const std::string& record) {
  NamesFake names;
  names.add(key_name, NameType::txt, record);
  const auto found = verify(text, names);
  EXPECT_EQ(found.signatures.size(), 1u);
  return found.signatures.empty() ? DkimFinding{} : found.signatures.front();
}

// "pass", "fail: the body was altered"
std::string told(const DkimFinding& finding) {
  return std::string(name_of(finding.result)) + (finding.why.empty() ? "" : ": " + finding.why);
}

std::string judged(const std::string& text, const std::string& record = edwards().record()) {
  return told(only(text, record));
}

std::string with_tags(const std::string& tags) {
  return signed_message(original, edwards(), {.tags = tags});
}

TEST(Dkim, TellsWhatItVerified) {
  const auto text =
      signed_message(original, rsa(), {.tags = "d=Signer.example; s=K; i=me@mail.signer.example"});
  const auto finding = only(text, rsa().record());
  EXPECT_EQ(told(finding), "pass");
  EXPECT_EQ(finding.domain, "signer.example");
  EXPECT_EQ(finding.selector, "k");
  EXPECT_EQ(finding.identity, "me@mail.signer.example");
  EXPECT_EQ(finding.algorithm, "rsa-sha256");
  EXPECT_EQ(finding.beginning.size(), 8u);
  EXPECT_EQ(finding.key_bits, 1024u);
  EXPECT_FALSE(finding.partial);
}

TEST(Dkim, VerifiesTheExampleOfRfc8463) {
  const std::string text =
      "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
      " d=football.example.com; i=@football.example.com;\r\n"
      " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
      " subject : date : message-id : from : subject : date;\r\n"
      " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
      " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
      " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
      "From: Joe SixPack <joe@football.example.com>\r\n"
      "To: Suzie Q <suzie@shopping.example.net>\r\n"
      "Subject: Is dinner ready?\r\n"
      "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
      "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
      "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
  NamesFake names;
  names.add("brisbane._domainkey.football.example.com", NameType::txt,
            "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  EXPECT_EQ(told(verify(text, names).signatures.at(0)), "pass");
}

TEST(Dkim, IsNothingWithoutASignature) {
  NamesFake names;
  EXPECT_TRUE(verify(original, names).signatures.empty());
  EXPECT_TRUE(verify("", names).signatures.empty());
  EXPECT_EQ(names.queries(), 0u);
}

struct TagCase {
  const char* tags;
  const char* told;
};

TEST(Dkim, ReadsTheTagsOfASignature) {
  const TagCase cases[] = {
      {"d=signer.example; s=k", "pass"},
      {"d=signer.example; s=k; q=dns/txt; z=From:a", "pass"},
      {"d=signer.example; s=k; i=@mail.signer.example", "pass"},
      {"d=signer.example; s=k; i=a@signer.example", "pass"},
      {"d=signer.example; s=k; t=1700000000; x=1700000001", "pass"},
      {"d=signer.example; s=k; x=1700000000", "pass"},
      {"d=signer.example; s=k; x=1699999999", "fail: the signature has expired"},
      {"d=signer.example; s=k; t=1700086400", "pass"},
      {"d=signer.example; s=k; t=1700086401", "policy: the time of signing is in the future"},
      {"d=signer.example; s=k; t=99999999999999999999", "policy: the time of signing is in the future"},
      {"d=signer.example; s=k; t=1700000000; x=1700000000", "permerror: x= is not after t="},
      {"d=signer.example; s=k; t=-1", "permerror: t= is not a time"},
      {"d=signer.example; s=k; x=soon", "permerror: x= is not a time"},
      {"d=signer.example; s=k; l=", "permerror: l= is not a number"},
      {"d=signer.example; s=k; l=28", "permerror: l= is larger than the body"},
      {"d=signer.example; s=k; q=http", "permerror: q= has no method we know"},
      {"d=signer.example; s=k; i=@other.example", "permerror: i= is not within d="},
      {"d=signer.example; s=k; i=@evilsigner.example", "permerror: i= is not within d="},
      {"d=signer.example; s=k; i=signer.example", "permerror: i= is not an identity"},
      {"d=signer.example", "permerror: d= or s= is missing"},
      {"s=k", "permerror: d= or s= is missing"},
      {"d=signer.example; s=", "permerror: s= is not a selector"},
      {"d=signer.example; d=other.example; s=k", "permerror: the signature is not well-formed"},
      {"d=signer.example; s=k; nonsense", "permerror: the signature is not well-formed"},
      {"d=signer.example; s=k; v=2", "permerror: the signature is not well-formed"},
      // What would be cut off, or end a quoted string, elsewhere
      {"d=signer.example'a.attack.example; s=k", "permerror: d= is not the name of a domain"},
      {"d=signer.example\"; s=k", "permerror: d= is not the name of a domain"},
      {"d=signer.example(a; s=k", "permerror: d= is not the name of a domain"},
      {"d=signer..example; s=k", "permerror: d= is not the name of a domain"},
      {"d=signer.example.; s=k", "permerror: d= is not the name of a domain"},
      {"d=s\xc3\xa9.example; s=k", "permerror: d= is not the name of a domain"},
      {"d=signer.example; s=k\r\n x", "permerror: s= is not a selector"},
  };
  for (const auto& test : cases)
    EXPECT_EQ(judged(with_tags(test.tags)), test.told) << test.tags;
}

TEST(Dkim, IsNotCutOffAtANul) {
  auto text = with_tags("d=signer.example; s=k._domainkey.attack.example.?.any");
  text[text.find('?')] = '\0';
  EXPECT_EQ(judged(text), "permerror: the signature is not well-formed");
}

TEST(Dkim, RefusesNamesThatAreTooLong) {
  const std::string label(60, 'x');
  const auto domain = label + "." + label + "." + label + ".example";
  EXPECT_EQ(judged(with_tags("d=" + domain + "; s=" + label)), "permerror: the key's name is too long");
  EXPECT_EQ(judged(with_tags("d=" + std::string(64, 'x') + ".example; s=k")),
            "permerror: d= is not the name of a domain");
}

TEST(Dkim, RefusesOtherAlgorithms) {
  const auto with = [](const char* algorithm) {
    return signed_message(original, rsa(), {.algorithm = algorithm});
  };
  EXPECT_EQ(judged(with("rsa-sha1"), rsa().record()), "permerror: rsa-sha1 is not accepted any more");
  EXPECT_EQ(judged(with("rsa-md5"), rsa().record()), "permerror: the algorithm is not known");
  EXPECT_EQ(judged(with("ed25519-sha256"), rsa().record()), "permerror: the key is of another algorithm");
}

TEST(Dkim, WantsFromToBeSigned) {
  EXPECT_EQ(judged(signed_message(original, edwards(), {.fields = "to:subject"})),
            "permerror: From is not signed");
  EXPECT_EQ(judged(signed_message(original, edwards(), {.fields = "from::to"})),
            "permerror: h= is not a list of fields");
  EXPECT_EQ(judged("From: c@signer.example\r\n" + signed_message(original, edwards())),
            "permerror: there is not exactly one From field");
  EXPECT_EQ(judged(signed_message("To: b@asso.example\r\n\r\nx\r\n", edwards())),
            "permerror: there is not exactly one From field");
}

TEST(Dkim, NoticesWhatWasAltered) {
  const auto text = signed_message(original, edwards(), {.fields = "from:subject:subject:absent"});
  const auto replaced = [&](const std::string& from, const std::string& to) {
    auto altered = text;
    return altered.replace(altered.find(from), from.size(), to);
  };
  EXPECT_EQ(judged(replaced("Bonjour", "bonjour")), "fail: the body was altered");
  EXPECT_EQ(judged(replaced("demande", "Demande")), "fail: the header or the signature was altered");
  EXPECT_EQ(judged("Subject: another\r\n" + text), "fail: the header or the signature was altered");
  EXPECT_EQ(judged("Absent: no more\r\n" + text), "fail: the header or the signature was altered");
  EXPECT_EQ(judged("To: not signed\r\n" + text), "pass");
  EXPECT_EQ(judged(replaced("Subject: Votre  demande", "SUBJECT:  Votre\r\n\tdemande ")), "pass");
  EXPECT_EQ(judged(text, SigningKey::ed25519().record()), "fail: the header or the signature was altered");
}

TEST(Dkim, SignsOneOfItsOwnKind) {
  const auto inner = signed_message(original, edwards());
  const auto outer = signed_message(inner, edwards(), {.fields = "from:dkim-signature:dkim-signature"});
  NamesFake names;
  names.add(key_name, NameType::txt, edwards().record());
  const auto found = verify(outer, names);
  ASSERT_EQ(found.signatures.size(), 2u);
  EXPECT_EQ(told(found.signatures[0]), "pass");
  EXPECT_EQ(told(found.signatures[1]), "pass");
}

TEST(Dkim, TellsWhatIsLeftUnsigned) {
  const auto text =
      signed_message(original, edwards(), {.tags = "d=signer.example; s=k; l=10", .body_octets = 10});
  const auto finding = only(text, edwards().record());
  EXPECT_EQ(told(finding), "pass");
  EXPECT_TRUE(finding.partial);
  const auto whole = signed_message(original, edwards(), {.tags = "d=signer.example; s=k; l=18"});
  EXPECT_FALSE(only(whole, edwards().record()).partial);
  EXPECT_EQ(judged(whole + "\r\n\r\n"), "pass");
  EXPECT_FALSE(only(whole + "\r\n\r\n", edwards().record()).partial);  // no octets in the canonical form
  EXPECT_TRUE(only(whole + "and more\r\n", edwards().record()).partial);
}

TEST(Dkim, ReadsLineEndsAsTheyAreServed) {
  const auto text = signed_message(original, edwards(),
                                   {.header = Canonicalization::simple, .body = Canonicalization::simple});
  for (const std::string end : {"\n", "\r", "\r\r\n"}) {
    std::string mended;
    for (const char c : text)
      mended += c == '\n' ? end : c == '\r' ? "" : std::string(1, c);
    EXPECT_EQ(judged(mended), "pass") << testing::PrintToString(end);
  }
}

TEST(Dkim, ReadsKeyRecords) {
  const auto text =
      signed_message(original, rsa(), {.tags = "d=signer.example; s=k; i=@mail.signer.example"});
  const auto p = "p=" + rsa().key_data();
  const TagCase cases[] = {
      {"", "pass"},
      {"v=DKIM1; ", "pass"},
      {"v=DKIM1; h=sha1:sha256; s=*; k=rsa; n=a note; ", "pass"},
      {"s=other:email; ", "pass"},
      {"t=y; ", "policy: the key is marked as a test"},
      {"t=s; ", "permerror: i= is below d=, which the key does not allow"},
      {"h=sha1; ", "permerror: the key is not for SHA-256"},
      {"s=other; ", "permerror: the key is not for mail"},
      {"k=ed25519; ", "permerror: the key is of another algorithm"},
      {"v=DKIM2; ", "permerror: the key record is of no version we know"},
      {"k=rsa; v=DKIM1; ", "permerror: the key record is of no version we know"},
      {"k=rsa; k=rsa; ", "permerror: the key record is not well-formed"},
  };
  for (const auto& test : cases)
    EXPECT_EQ(judged(text, test.tags + p), test.told) << test.tags;
  EXPECT_EQ(judged(text, "v=DKIM1"), "permerror: the key record has no key");
  EXPECT_EQ(judged(text, "v=DKIM1; p="), "permerror: the key was revoked");
  EXPECT_EQ(judged(text, "p=*"), "permerror: the key is not base64");
  EXPECT_EQ(judged(text, "p=AAAA"), "permerror: the key is not an RSA key");
  EXPECT_EQ(judged(text, "p=" + edwards().key_data()), "permerror: the key is not an RSA key");
  EXPECT_EQ(judged(text, "n=" + std::string(8192, 'x') + "; " + p), "permerror: the key record is too large");
  EXPECT_EQ(judged(text, "n=" + std::string(7000, 'x') + "; " + p), "pass");
}

TEST(Dkim, WantsKeysOfASensibleSize) {
  const auto with = [](const SigningKey& key) { return only(signed_message(original, key), key.record()); };
  const auto small = with(SigningKey::rsa(1016));
  EXPECT_EQ(told(small), "permerror: the key has fewer than 1024 bits");
  EXPECT_EQ(small.key_bits, 1016u);
  EXPECT_EQ(told(with(SigningKey::rsa(2048))), "pass");
  // The signature of a smaller key: with this one it is not even tried.
  const auto large = only(signed_message(original, rsa()), SigningKey::rsa(4104).record());
  EXPECT_EQ(told(large), "permerror: the key has more than 4096 bits");
}

TEST(Dkim, SaysWhyThereIsNoKey) {
  const auto text = signed_message(original, edwards());
  NamesFake names;
  EXPECT_EQ(told(verify(text, names).signatures.at(0)), "permerror: there is no key of that name");
  names.fail(key_name, NameType::txt);
  EXPECT_EQ(told(verify(text, names).signatures.at(0)), "temperror: the key could not be asked for");
}

TEST(Dkim, TakesTheRecordThatIsAKey) {
  NamesFake names;
  names.add(key_name, NameType::txt, "v=spf1 -all").add(key_name, NameType::txt, edwards().record());
  EXPECT_EQ(told(verify(signed_message(original, edwards()), names).signatures.at(0)), "pass");
}

// Notes what it is told to expect.
class Expecting : public NamesFake {
 public:
  void expect(const std::vector<NameQuestion>& questions) override { expected = questions; }
  std::vector<NameQuestion> expected;
};

TEST(Dkim, LooksAtFiveSignaturesAndNoMore) {
  auto text = signed_message(original, edwards());
  const auto field = text.substr(0, text.size() - original.size());
  for (int more = 0; more < 999; ++more)
    text.insert(0, field);
  Expecting names;
  names.add(key_name, NameType::txt, edwards().record());
  const auto found = verify(text, names);
  ASSERT_EQ(found.signatures.size(), dkim_signatures_max);
  EXPECT_TRUE(std::all_of(found.signatures.begin(), found.signatures.end(),
                          [](const DkimFinding& finding) { return finding.result == AuthResult::pass; }));
  // 256 KB of the header are read: beyond them nobody counts, and nothing is believed.
  EXPECT_EQ(found.left_out, 995u);
  EXPECT_LE(names.queries(), 5u);
  EXPECT_EQ(names.expected.size(), 5u);
}

TEST(Dkim, DoesNotBelieveAHeaderWithFieldsLeftOut) {
  const auto text = signed_message(original, edwards());
  EXPECT_EQ(judged("X-Long: " + std::string(60'000, 'x') + "\r\n" + text), "pass");
  EXPECT_EQ(judged("From: " + std::string(70'000, 'x') + "\r\n" + text),
            "neutral: the header is too large to be read whole");
}

// h= as long as a field may be, over as many fields as a header may have: linear.
TEST(Dkim, IsNotSlowOnALongList) {
  std::string fields = "from";
  while (fields.size() < 60'000)
    fields += ":a";
  std::string header;
  while (header.size() < 190'000)
    header += "a:\r\n";
  const auto text =
      "DKIM-Signature: v=1; a=ed25519-sha256; d=signer.example; s=k; h=" + fields +
      "; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; c=relaxed/relaxed; b=" + std::string(88, 'A') +
      "\r\n" + header + "From: a@signer.example\r\n\r\n";
  EXPECT_EQ(judged(text), "fail: the header or the signature was altered");
}

}  // namespace
}  // namespace guichet::filters
