#include "conf/shape.h"

#include <gtest/gtest.h>

namespace guichet::conf {
namespace {

void expect_shape(const Shape& shape, const std::vector<std::string>& good,
                  const std::vector<std::string>& bad) {
  for (const std::string& text : good)
    EXPECT_TRUE(shape.holds(text)) << text << " is " << shape.name;
  for (const std::string& text : bad)
    EXPECT_FALSE(shape.holds(text)) << text << " is not " << shape.name;
}

TEST(Shape, DomainName) {
  const std::string label(63, 'a');
  const std::string longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  expect_shape(domain_name,
               {"localhost", "mx.example.test", "3com.example", "xn--bcher-kva.example", "A-B.c", longest},
               {"", ".", "a.", ".a", "a..b", "-a.b", "a-.b", "a_b.c",
                "b\xC3\xBC"
                "cher.example",
                "192.0.2.1", "12", label + "a.b", longest + "a", "a b"});
}

TEST(Shape, ListenAddress) {
  expect_shape(listen_address,
               {"127.0.0.1:25", "0.0.0.0:0", "[::1]:65535", "[2001:db8::10]:995", "[::ffff:192.0.2.1]:25"},
               {"",
                ":25",
                "25",
                "127.0.0.1",
                "127.0.0.1:",
                "127.0.0.1:65536",
                "127.0.0.1:+5",
                "127.0.0.1:5x",
                "127.0.0:25",
                "127.0.0.256:25",
                "localhost:25",
                "::1:25",
                "[::1]",
                "[::1:25",
                "::1]:25",
                "[127.0.0.1]:25",
                "[::1%lo]:25",
                std::string("127.0.0.1\0:25", 13),
                "[]:25",
                "*:25"});
}

TEST(Shape, Network) {
  expect_shape(
      network,
      {"127.0.0.0/8", "::1/128", "0.0.0.0/0", "::/0", "192.0.2.7/32", "10.128.0.0/9", "2001:db8::/32"},
      {"", "127.0.0.1", "/8", "127.0.0.0/", "127.0.0.0/33", "::/129", "10.1.2.3/8", "10.128.0.0/8",
       "2001:db8::1/64", "127.0.0.0/-1", "127.0.0.0/8x", "example.test/8", "[::1]/128"});
}

TEST(Shape, MaildropName) {
  expect_shape(
      maildrop_name, {"f", "foi", "Foi_2.test-x", std::string(64, 'a'), "-"},
      {"", ".", "..", ".foi", "a/b", "a b", "a@b", "\xC3\xA9", std::string(65, 'a'), std::string("a\0", 2)});
}

TEST(Shape, Prefix) {
  expect_shape(prefix, {"", "foi+", "foi.fr-", std::string(64, 'a')},
               {"foi@", "a b", "\"a\"", "a<", std::string(65, 'a')});
}

TEST(Shape, PasswordHash) {
  expect_shape(password_hash,
               {"$6$rounds=5000$salt$abc./",
                "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"},
               {"", "secret", "$", "$6$", "$$abc", "$6", "abJnggxhB/yWI", "$6$a:b", "$6$a b"});
}

TEST(Endpoint, ComparesSpellingsAsOne) {
  EXPECT_EQ(parse_endpoint("[::1]:25"), parse_endpoint("[0:0:0:0:0:0:0:1]:25"));
  EXPECT_NE(parse_endpoint("[::1]:25"), parse_endpoint("[::1]:26"));
  EXPECT_NE(parse_endpoint("127.0.0.1:25"), parse_endpoint("[::ffff:127.0.0.1]:25"));
  EXPECT_EQ(parse_endpoint("192.0.2.1:2525")->port, 2525);
}

TEST(Shape, Repository) {
  expect_shape(repository,
               {"/srv/backup", "s3:https://objects.example/mail", "rest:http://127.0.0.1:8000/",
                "sftp:a@b:/c", "rclone:remote:mail"},
               {"backup", "../backup", "s3:", "ftp:host", "s3:https://a b", "/srv/\n"});
}

TEST(Shape, Program) {
  expect_shape(program, {"restic", "/usr/bin/restic"}, {"", "bin/restic", "./restic", "a b", "a\n"});
}

TEST(Shape, RecipientAddress) {
  expect_shape(recipient_address, {"postmaster@example.test", "a.b+c@x-y.example"},
               {"", "postmaster", "*@example.test", "a b@example.test", "a@", "a@[192.0.2.1]"});
}

TEST(Shape, ScannerUrl) {
  expect_shape(scanner_url, {"http://127.0.0.1:11333", "https://rspamd.example:443/", "http://[::1]:11333"},
               {"", "http://", "127.0.0.1:11333", "http://127.0.0.1", "http://h:1/x", "ftp://127.0.0.1:1"});
}

TEST(Shape, ScannerAddress) {
  expect_shape(scanner_address,
               {"/run/clamav/clamd.ctl", "127.0.0.1:3310", "scan.example:3310", "[::1]:3310"},
               {"", "/", "clamd.ctl", "127.0.0.1", "127.0.0.1:0", "/a b"});
}

TEST(Shape, FieldName) {
  expect_shape(field_name, {"X-Spam-Score", "a", std::string(64, 'a')},
               {"", "X Spam", "X:Spam", "X-\xc3\xa9", std::string(65, 'a')});
}

TEST(Shape, WordsOfRules) {
  expect_shape(recipient_class, {"GENUINE", "UNKNOWN"}, {"", "genuine", "SUPERB"});
  expect_shape(auth_result, {"none", "pass", "permerror"}, {"", "Pass", "ok"});
  expect_shape(virus_result, {"clean", "found", "unscanned"}, {"", "dirty"});
  expect_shape(message_kind, {"ordinary", "out-of-office"}, {"", "spam"});
}

}  // namespace
}  // namespace guichet::conf
