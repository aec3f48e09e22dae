// TLS by OpenSSL: certificates and their keys, and one connection driven on a non-blocking socket.
//
// SSL* on the socket itself rather than asio::ssl::stream: 15 KB instead of 73 KB for an idle session, and
// every wait is a plain wait of the socket, so a deadline never cuts a composed operation in half.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "net/certificate.h"

struct ssl_ctx_st;
struct ssl_st;

namespace guichet::net {

enum class Io { done, want_read, want_write, closed };

struct Transfer {
  Io io = Io::closed;
  std::size_t octets = 0;  // with Io::done
};

struct CertificateFiles {
  std::filesystem::path certificate, key;  // PEM; the certificate is followed by its chain
};

// One certificate with its key, ready to be served. Immutable; thread-safe.
class TlsIdentity {
 public:
  // The error is one line: which file, what is wrong.
  [[nodiscard]] static tl::expected<std::shared_ptr<const TlsIdentity>, std::string> load(
      const CertificateFiles& files);
  ~TlsIdentity();
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;

  [[nodiscard]] ssl_ctx_st* native() const { return context_; }
  [[nodiscard]] const CertificateFacts& facts() const { return facts_; }

 private:
  explicit TlsIdentity(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
  CertificateFacts facts_;
};

// What connections are served with: a certificate for each name. Immutable; thread-safe.
class TlsContext {
 public:
  using Identities = std::vector<std::shared_ptr<const TlsIdentity>>;

  // At least one. The first is for a client that gives no name (RFC 6066 section 3), or one that none bears:
  // mail servers ask for all kinds of names, and refusing them would be refusing their mail.
  explicit TlsContext(Identities identities) : identities_(std::move(identities)) {}

  [[nodiscard]] const TlsIdentity& first() const { return *identities_.front(); }
  [[nodiscard]] const TlsIdentity& for_name(std::string_view name) const;
  [[nodiscard]] const Identities& identities() const { return identities_; }

 private:
  const Identities identities_;
};

class TlsConnection {
 public:
  // `descriptor` must be non-blocking and outlive the object. The connection keeps its context, whatever
  // certificate is served by then.
  TlsConnection(std::shared_ptr<const TlsContext> context, int descriptor);
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  [[nodiscard]] Io handshake();  // call again after waiting, until done or closed
  [[nodiscard]] Transfer read(std::span<char> into);
  [[nodiscard]] Transfer write(std::string_view octets);
  void close_notify();  // best effort

  // Of a handshake that was not done: whether the peer had begun it, and why it ended, in OpenSSL's words
  // ("no shared cipher", "tlsv1 alert unknown ca"); none of the peer's own.
  [[nodiscard]] bool begun() const;
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  [[nodiscard]] std::string version() const;  // "TLSv1.3"
  [[nodiscard]] std::string cipher() const;

 private:
  Io classify(int result);
  const std::shared_ptr<const TlsContext> context_;
  ssl_st* connection_;
  std::string trouble_;
};

}  // namespace guichet::net
