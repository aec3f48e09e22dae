#include "net/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/net/made_certificate.h"
#include "tests/net/tls_client.h"

namespace guichet::net {
namespace {

class Tls : public testing::Test {
 protected:
  std::shared_ptr<const TlsContext> context(KeyKind kind = KeyKind::ec) {
    return std::make_shared<const TlsContext>(TlsContext::Identities{identity({"mx.example.test"}, kind)});
  }

  std::shared_ptr<const TlsIdentity> identity(const std::vector<std::string>& names,
                                              KeyKind kind = KeyKind::ec) {
    auto loaded = TlsIdentity::load(folder_.make("a", names, kind));
    if (!loaded) throw std::runtime_error(loaded.error());
    return *loaded;
  }

  const CertificateFolder folder_;
};

auto only(int version) {
  return [version](SSL* client) {
    SSL_set_min_proto_version(client, version);
    SSL_set_max_proto_version(client, version);
  };
}

auto only(std::string cipher) {
  return [cipher = std::move(cipher)](SSL* client) {
    only(TLS1_2_VERSION)(client);
    SSL_set_cipher_list(client, cipher.c_str());
  };
}

TEST_F(Tls, SpeaksTheTwoVersionsThatAreLeft) {
  const auto server = context();
  EXPECT_EQ(TlsClient(server, only(TLS1_3_VERSION)).version(), "TLSv1.3");
  EXPECT_EQ(TlsClient(server, only(TLS1_2_VERSION)).version(), "TLSv1.2");
  EXPECT_TRUE(TlsClient(server, only(TLS1_2_VERSION)).established());
  EXPECT_FALSE(TlsClient(server, only(TLS1_1_VERSION)).established());
  EXPECT_FALSE(TlsClient(server, only(TLS1_VERSION)).established());
}

// The servers of small authorities: TLS 1.2 without AEAD ciphers, or without curves.
TEST_F(Tls, OldHonestServersGetThrough) {
  const auto rsa = context(KeyKind::rsa);
  for (const auto* cipher : {"ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA384", "DHE-RSA-AES128-SHA",
                             "DHE-RSA-AES256-SHA256", "DHE-RSA-AES128-GCM-SHA256"}) {
    const TlsClient client(rsa, only(std::string(cipher)));
    EXPECT_TRUE(client.established()) << cipher;
    EXPECT_EQ(client.cipher(), cipher);
  }
}

TEST_F(Tls, WhatNobodyNeedsIsNotSpoken) {
  const auto rsa = context(KeyKind::rsa);
  for (const auto* cipher : {"AES128-SHA", "AES256-GCM-SHA384", "ADH-AES128-SHA", "AECDH-AES128-SHA",
                             "CAMELLIA128-SHA", "NULL-SHA256", "DHE-RSA-CAMELLIA256-SHA"})
    EXPECT_FALSE(TlsClient(rsa, only(std::string(cipher))).established()) << cipher;
}

TEST_F(Tls, TheBestOfWhatTheClientHasIsTaken) {
  const TlsClient client(
      context(KeyKind::rsa),
      only(std::string("DHE-RSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES128-GCM-SHA256")));
  EXPECT_EQ(client.cipher(), "ECDHE-RSA-AES128-GCM-SHA256");
}

// An idle session must not keep two buffers of 17 KB; and no session is kept here for a client that is gone.
TEST_F(Tls, AnIdleSessionOwnsNoBuffer) {
  const auto server = context();
  EXPECT_NE(SSL_CTX_get_mode(server->first().native()) & SSL_MODE_RELEASE_BUFFERS, 0);
  EXPECT_EQ(SSL_CTX_get_session_cache_mode(server->first().native()), SSL_SESS_CACHE_OFF);
  EXPECT_NE(SSL_CTX_get_options(server->first().native()) & SSL_OP_NO_RENEGOTIATION, 0u);
}

// At the client's will, it would cost us far more than it.
TEST_F(Tls, T11NoSecondHandshake) {
  TlsClient client(context(), only(TLS1_2_VERSION));
  ASSERT_TRUE(client.established());
  ASSERT_EQ(SSL_renegotiate(client.native()), 1);
  std::array<char, 100> heard{};
  for (int round = 0; round < 10; ++round) {
    EXPECT_NE(SSL_do_handshake(client.native()), 1);
    EXPECT_NE(client.server().read(heard).io, Io::done);
  }
}

TEST_F(Tls, ATicketResumesASession) {
  const auto server = context();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient first(server, only(version));
    ASSERT_TRUE(first.established());
    ASSERT_EQ(first.hear("220 hello\r\n"), "220 hello\r\n");  // the tickets of TLS 1.3 come with it
    const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> kept(SSL_get1_session(first.native()),
                                                                         SSL_SESSION_free);
    ASSERT_TRUE(SSL_SESSION_is_resumable(kept.get()));
    TlsClient second(server, [&](SSL* client) {
      only(version)(client);
      SSL_set_session(client, kept.get());
    });
    ASSERT_TRUE(second.established());
    EXPECT_EQ(SSL_session_reused(second.native()), 1) << version;
    EXPECT_EQ(second.hear("220 again\r\n"), "220 again\r\n");
  }
}

// RFC 6066 section 3, RFC 6125 section 6.4.
TEST_F(Tls, TheNameThatIsAskedForChoosesTheCertificate) {
  const auto server = std::make_shared<const TlsContext>(
      TlsContext::Identities{identity({"mx.example.test"}), identity({"mx.other.test", "mail.other.test"}),
                             identity({"*.third.test"})});
  const auto served_to = [&](const char* name) {
    const TlsClient client(server, [name](SSL* ssl) {
      if (name) SSL_set_tlsext_host_name(ssl, name);
    });
    return client.established() ? client.name_of_peer() : "no handshake";
  };
  EXPECT_EQ(served_to(nullptr), "mx.example.test");
  EXPECT_EQ(served_to("mx.example.test"), "mx.example.test");
  EXPECT_EQ(served_to("mail.other.test"), "mx.other.test");
  EXPECT_EQ(served_to("MAIL.Other.TEST"), "mx.other.test");
  EXPECT_EQ(served_to("a.third.test"), "*.third.test");
  EXPECT_EQ(served_to("a.b.third.test"), "mx.example.test");
  EXPECT_EQ(served_to("third.test"), "mx.example.test");
  EXPECT_EQ(served_to("nobody.test"), "mx.example.test");
  EXPECT_EQ(served_to("other.test"), "mx.example.test");
}

// A ticket is of the connection, not of the certificate: it is good for the same name again.
TEST_F(Tls, ATicketResumesASessionUnderASecondName) {
  const auto server = std::make_shared<const TlsContext>(
      TlsContext::Identities{identity({"mx.example.test"}), identity({"mx.other.test"})});
  const auto ask = [](SSL* client) { SSL_set_tlsext_host_name(client, "mx.other.test"); };
  TlsClient first(server, ask);
  ASSERT_EQ(first.hear("x"), "x");
  const std::unique_ptr<SSL_SESSION, decltype(&SSL_SESSION_free)> kept(SSL_get1_session(first.native()),
                                                                       SSL_SESSION_free);
  TlsClient second(server, [&](SSL* client) {
    ask(client);
    SSL_set_session(client, kept.get());
  });
  EXPECT_EQ(SSL_session_reused(second.native()), 1);
}

TEST_F(Tls, AKeyOfAnotherCertificateIsRefused) {
  const auto one = folder_.make("one", {"one.example.test"});
  const auto other = folder_.make("other", {"other.example.test"});
  const auto loaded = TlsIdentity::load({one.certificate, other.key});
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().find(other.key.string()), std::string::npos) << loaded.error();
}

}  // namespace
}  // namespace guichet::net
