#include "cli/tls_page.h"

#include <gtest/gtest.h>

#include "cli/certificate_health.h"

namespace guichet::cli {
namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t begin_s = 1'764'288'000;  // 2025-11-28

net::CertificateFacts certificate() {
  return {.subject = "CN=mx.foi.test",
          .issuer = "CN=R11",
          .names = {"mx.foi.test"},
          .not_before_s = begin_s,
          .not_after_s = begin_s + 90 * day_s,
          .digest = {},
          .key_sha256 = "aa11",
          .chain = {{"CN=R11", "bb22"}}};
}

TEST(CertificateHealth, CountsWholeDays) {
  const auto facts = certificate();
  EXPECT_EQ(days_left(facts, begin_s), 90);
  EXPECT_EQ(days_left(facts, begin_s + 1), 89);
  EXPECT_EQ(days_left(facts, facts.not_after_s - 1), 0);
  EXPECT_EQ(days_left(facts, facts.not_after_s), 0);
  EXPECT_EQ(days_left(facts, facts.not_after_s + 1), -1);
  EXPECT_EQ(days_left(facts, facts.not_after_s + day_s), -1);
  EXPECT_EQ(days_left(facts, facts.not_after_s + day_s + 1), -2);
}

TEST(CertificateHealth, WarnsInTime) {
  const auto facts = certificate();
  const auto troubles = [&](std::int64_t days, unsigned alarm_days) {
    return time_troubles(facts, "cert.pem", begin_s + days * day_s, alarm_days);
  };
  EXPECT_TRUE(troubles(76, 14).empty());
  ASSERT_EQ(troubles(77, 14).size(), 1u);
  EXPECT_EQ(troubles(77, 14).front(),
            "the certificate cert.pem expires on 2026-02-26, in 13 days: does its renewal work? A new one is "
            "taken up "
            "by itself");
  EXPECT_TRUE(troubles(89, 0).empty());
  ASSERT_EQ(troubles(91, 0).size(), 1u);
  EXPECT_NE(troubles(91, 0).front().find("expired on 2026-02-26"), std::string::npos);
  ASSERT_EQ(troubles(-1, 14).size(), 1u);
  EXPECT_NE(troubles(-1, 14).front().find("not valid before 2025-11-28"), std::string::npos);
}

TEST(CertificateHealth, MissesTheNameOfTheMailServer) {
  EXPECT_EQ(name_trouble(certificate(), "cert.pem", "MX.foi.test"), "");
  EXPECT_NE(name_trouble(certificate(), "cert.pem", "mx2.foi.test").find("mx2.foi.test"), std::string::npos);
}

// RFC 6698 section 3: port, transport, name of the host that the MX record has.
TEST(TlsPage, RecordsForDane) {
  const auto records = tlsa_records("mx.foi.test", certificate());
  EXPECT_EQ(records, (std::vector<DnsRecord>{{"_25._tcp.mx.foi.test.", "TLSA", "3 1 1 aa11",
                                              "good as long as the key is kept: certbot --reuse-key"},
                                             {"_25._tcp.mx.foi.test.", "TLSA", "2 1 1 bb22", "CN=R11"}}));
}

// RFC 8461 section 3.2.
TEST(TlsPage, PolicyOfMtaSts) {
  const StsPolicy policy{.enforce = false, .mx = {"mx.foi.test"}, .max_age_s = 604'800};
  EXPECT_EQ(policy_text(policy), "version: STSv1\r\nmode: testing\r\nmx: mx.foi.test\r\nmax_age: 604800\r\n");
}

TEST(TlsPage, TheIdOfThePolicyChangesWithIt) {
  const StsPolicy testing{.enforce = false, .mx = {"mx.foi.test"}};
  const StsPolicy enforce{.enforce = true, .mx = {"mx.foi.test"}};
  const auto record = sts_record("foi.test", testing);
  EXPECT_EQ(record.name, "_mta-sts.foi.test.");
  EXPECT_EQ(record, sts_record("foi.test", testing));
  EXPECT_NE(record.data, sts_record("foi.test", enforce).data);
  // RFC 8461 section 3.1: 1*32(ALPHA / DIGIT)
  ASSERT_TRUE(record.data.starts_with("v=STSv1; id=") && record.data.ends_with(";")) << record.data;
  const auto id = record.data.substr(12, record.data.size() - 13);
  EXPECT_EQ(id.size(), 32u);
  EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos) << id;
}

TEST(TlsPage, ReportsAreAskedFor) {
  EXPECT_EQ(report_record("foi.test", "tls@foi.test"),
            (DnsRecord{"_smtp._tls.foi.test.", "TXT", "v=TLSRPTv1; rua=mailto:tls@foi.test"}));
}

TEST(TlsPage, OctetsOfACertificateReachNoTerminalAsTheyAre) {
  auto facts = certificate();
  facts.subject = "CN=\x1b[2J";
  const TlsPage page{.hostname = "mx.foi.test",
                     .certificates = {{"cert.pem", facts, {}}},
                     .domains = {},
                     .policy = {},
                     .now_s = begin_s,
                     .problems = {}};
  EXPECT_EQ(as_text(page).find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace guichet::cli
