// TLS by OpenSSL: a context from a certificate and a key, and one connection driven on a non-blocking socket.
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

#include <tl/expected.hpp>

struct ssl_ctx_st;
struct ssl_st;

namespace guichet::net {

enum class Io { done, want_read, want_write, closed };

struct Transfer {
  Io io = Io::closed;
  std::size_t octets = 0;  // with Io::done
};

// Shared by all connections of a listener; immutable; thread-safe.
class TlsContext {
 public:
  // The error is one line: which file, what is wrong, what to do.
  [[nodiscard]] static tl::expected<std::shared_ptr<TlsContext>, std::string> load(
      const std::filesystem::path& certificate, const std::filesystem::path& key);
  ~TlsContext();
  [[nodiscard]] ssl_ctx_st* native() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
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

  [[nodiscard]] std::string version() const;  // "TLSv1.3"
  [[nodiscard]] std::string cipher() const;

 private:
  Io classify(int result);
  const std::shared_ptr<const TlsContext> context_;
  ssl_st* connection_;
};

}  // namespace guichet::net
