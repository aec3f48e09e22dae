// A TLS client of OpenSSL's own beside a TlsConnection, on the two ends of a socketpair, in one thread.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "net/tls.h"

namespace guichet::net {

class TlsClient {
 public:
  using Configure = std::function<void(SSL*)>;

  explicit TlsClient(std::shared_ptr<const TlsContext> context, const Configure& configure = {})
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_.data()) != 0) std::abort();
    SSL_CTX_set_security_level(context_.get(), 0);  // it is the server that must refuse
    client_.reset(SSL_new(context_.get()));
    SSL_set_fd(client_.get(), ends_[0]);
    if (configure) configure(client_.get());
    server_ = std::make_unique<TlsConnection>(std::move(context), ends_[1]);
    established_ = shake_hands();
  }
  ~TlsClient() {
    server_.reset();
    client_.reset();
    for (const int end : ends_)
      ::close(end);
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  [[nodiscard]] bool established() const { return established_; }
  [[nodiscard]] SSL* native() const { return client_.get(); }
  [[nodiscard]] TlsConnection& server() const { return *server_; }
  [[nodiscard]] std::string version() const { return SSL_get_version(client_.get()); }
  [[nodiscard]] std::string cipher() const { return SSL_get_cipher_name(client_.get()); }

  // The first name of the certificate that the client was given.
  [[nodiscard]] std::string name_of_peer() const {
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(native()),
                                                                  X509_free);
    const auto names = certificate ? facts_of(certificate.get()).names : std::vector<std::string>();
    return names.empty() ? "" : names.front();
  }

  // What the client reads of what the server writes; tickets of TLS 1.3 are taken in on the way.
  [[nodiscard]] std::string hear(const std::string& said) {
    if (server_->write(said).io != Io::done) return "";
    std::string heard(said.size(), '\0');
    std::size_t got = 0;
    if (SSL_read_ex(client_.get(), heard.data(), heard.size(), &got) != 1) return "";
    return heard.substr(0, got);
  }

 private:
  bool shake_hands() {
    auto server = Io::want_read;
    int client = 0;
    for (int round = 0; round < 20 && (client != 1 || server != Io::done); ++round) {
      if (client != 1) client = SSL_connect(client_.get());
      if (server != Io::done) server = server_->handshake();
      if (server == Io::closed) return false;
    }
    return client == 1 && server == Io::done;
  }

  std::array<int, 2> ends_{};
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> client_{nullptr, SSL_free};
  std::unique_ptr<TlsConnection> server_;
  bool established_ = false;
};

}  // namespace guichet::net
