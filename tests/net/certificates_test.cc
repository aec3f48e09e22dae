#include "net/certificates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/net/made_certificate.h"
#include "tests/net/tls_client.h"

namespace guichet::net {
namespace {

namespace fs = std::filesystem;

class Reloading : public testing::Test {
 protected:
  std::string served() { return TlsClient(certificates_->current()).name_of_peer(); }
  std::string served_as(const char* name) {
    return TlsClient(certificates_->current(), [name](SSL* ssl) { SSL_set_tlsext_host_name(ssl, name); })
        .name_of_peer();
  }

  const CertificateFolder folder_;
  const CertificateFiles files_ = folder_.make("a", {"old.test"});
  const CertificateFiles second_ = folder_.make("b", {"second.test"});
  const std::shared_ptr<Certificates> certificates_ = *Certificates::open({files_, second_});
};

TEST_F(Reloading, WhatIsMissingAtTheStartIsNamed) {
  const auto opened = Certificates::open({files_, {folder_.path("none.crt"), folder_.path("none.key")}});
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().find("none.crt"), std::string::npos) << opened.error();
}

TEST_F(Reloading, NothingChangedNothingIsRead) {
  const auto before = certificates_->current();
  const auto refreshed = certificates_->refresh(false);
  EXPECT_TRUE(refreshed.renewed.empty());
  EXPECT_TRUE(refreshed.troubles.empty());
  EXPECT_EQ(certificates_->current(), before);
}

// Read again though nothing changed: new keys for tickets, and nothing to be told.
TEST_F(Reloading, AllAreReadAgainWhenAskedFor) {
  const auto before = certificates_->current();
  EXPECT_TRUE(certificates_->refresh(true).renewed.empty());
  EXPECT_NE(certificates_->current(), before);
}

TEST_F(Reloading, ASessionGoesOnWithWhatItBeganWith) {
  TlsClient session(certificates_->current());
  folder_.make("a", {"new.test"});
  const auto refreshed = certificates_->refresh(false);
  ASSERT_EQ(refreshed.renewed.size(), 1u);
  EXPECT_EQ(refreshed.renewed.front().files.certificate, files_.certificate);
  EXPECT_EQ(session.hear("250 ok\r\n"), "250 ok\r\n");
  EXPECT_EQ(served(), "new.test");
}

// The way of certbot: live/NAME/fullchain.pem is a link that is exchanged.
TEST_F(Reloading, ALinkThatPointsElsewhereIsAChange) {
  const auto next = folder_.make("next", {"next.test"});
  const CertificateFiles links{folder_.path("live.crt"), folder_.path("live.key")};
  fs::create_symlink(files_.certificate, links.certificate);
  fs::create_symlink(files_.key, links.key);
  const auto live = *Certificates::open({links});
  fs::remove(links.certificate);
  fs::create_symlink(next.certificate, links.certificate);
  // One of two is exchanged: it is no pair.
  const auto half = live->refresh(false);
  ASSERT_EQ(half.troubles.size(), 1u);
  EXPECT_NE(half.troubles.front().find("live.key"), std::string::npos) << half.troubles.front();
  EXPECT_EQ(TlsClient(live->current()).name_of_peer(), "old.test");
  fs::remove(links.key);
  fs::create_symlink(next.key, links.key);
  const auto whole = live->refresh(false);
  EXPECT_TRUE(whole.troubles.empty());
  EXPECT_EQ(whole.renewed.size(), 1u);
  EXPECT_EQ(TlsClient(live->current()).name_of_peer(), "next.test");
}

// However much of it is written when it is looked at.
TEST_F(Reloading, AFileThatIsCutOffChangesNothing) {
  folder_.make("a", {"new.test"});
  std::string whole;
  {
    std::ifstream file(files_.certificate, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(file), {});
  }
  const std::string end = "-----END CERTIFICATE-----";
  const auto last = whole.find(end) + end.size() - 1;
  for (std::size_t octets = 0; octets <= last;
       octets += octets < last && octets + 37 > last ? last - octets : 37) {
    std::ofstream(files_.certificate, std::ios::binary) << whole.substr(0, octets);
    const auto refreshed = certificates_->refresh(true);
    ASSERT_EQ(refreshed.troubles.size(), 1u) << octets;
    EXPECT_NE(refreshed.troubles.front().find(files_.certificate.string()), std::string::npos);
    EXPECT_TRUE(refreshed.renewed.empty());
    if (octets == last) break;
  }
  EXPECT_EQ(served(), "old.test");
  std::ofstream(files_.certificate, std::ios::binary) << whole;
  EXPECT_EQ(certificates_->refresh(true).renewed.size(), 1u);
  EXPECT_EQ(served(), "new.test");
}

TEST_F(Reloading, OneThatIsBrokenHoldsUpNoOther) {
  fs::remove(files_.key);
  folder_.make("b", {"third.test"});
  const auto refreshed = certificates_->refresh(false);
  EXPECT_EQ(refreshed.troubles.size(), 1u);
  EXPECT_EQ(refreshed.renewed.size(), 1u);
  EXPECT_EQ(served(), "old.test");
  EXPECT_EQ(served_as("third.test"), "third.test");
  EXPECT_EQ(served_as("second.test"), "old.test") << "a name that is borne no more";
  EXPECT_EQ(certificates_->for_name("third.test").files.certificate, second_.certificate);
  EXPECT_EQ(certificates_->refresh(false).troubles.size(), 1u) << "and it is still said";
}

}  // namespace
}  // namespace guichet::net
