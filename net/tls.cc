#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <climits>
#include <utility>

namespace guichet::net {
namespace {

std::string last_error() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return text;
}

tl::unexpected<std::string> bad(const char* what, const std::filesystem::path& file) {
  return tl::unexpected(std::string(what) + " " + file.string() + ": " + last_error());
}

// For TLS 1.2; TLS 1.3 has good ones only. RFC 9325 section 4.2 recommends ECDHE with an AEAD cipher, and
// that is what comes first. Behind it stand finite-field DHE and AES in CBC mode, which that section no
// longer recommends: mail servers that are ten years old (SChannel before Windows 8.1, OpenSSL 1.0 without
// curves) have nothing better, and encryption between mail servers is opportunistic: what cannot agree with
// us sends in clear (RFC 9325 section 5.2, RFC 7435). Encrypt-then-MAC (RFC 7366) takes the sting out of CBC
// where the peer knows it. Not offered: RSA key transport (section 4.1; Bleichenbacher's oracle, and no
// forward secrecy), which nobody needs who speaks TLS 1.2 at all; anonymous, 3DES, RC4, Camellia, ARIA and
// PSK suites.
constexpr const char* ciphers_tls12 =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:!aNULL:!aDSS:!AESCCM:@SECLEVEL=2";

void set_options(SSL_CTX* context) {
  // RFC 8996 forbids what is older; a peer that knows nothing newer sends in clear.
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, ciphers_tls12);
  // Groups of at least 2048 bits, as strong as the certificate's key; without this there is no DHE at all.
  SSL_CTX_set_dh_auto(context, 1);
  // An old client's own order may begin with CBC.
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // A renegotiation is a second handshake at the client's will; nobody needs one.
  SSL_CTX_set_options(context,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Tickets (RFC 5077, RFC 8446 section 4.6.1) resume sessions without memory on this side.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

// Chooses by the name that the client asks for. Versions, ciphers and ticket keys stay those of the first.
int choose_certificate(SSL* connection, int*, void*) {
  const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  const auto* context = static_cast<const TlsContext*>(SSL_get_app_data(connection));
  if (!name || !context) return SSL_TLSEXT_ERR_NOACK;
  const auto& identity = context->for_name(name);
  if (&identity != &context->first()) SSL_set_SSL_CTX(connection, identity.native());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

tl::expected<std::shared_ptr<const TlsIdentity>, std::string> TlsIdentity::load(
    const CertificateFiles& files) {
  ERR_clear_error();
  SSL_CTX* native = SSL_CTX_new(TLS_server_method());
  if (!native) return tl::unexpected(last_error());
  const std::shared_ptr<TlsIdentity> identity(new TlsIdentity(native));
  set_options(native);
  SSL_CTX_set_tlsext_servername_callback(native, choose_certificate);
  // A key with a passphrase is an error, not a question to a terminal.
  SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_certificate_chain_file(native, files.certificate.c_str()) != 1)
    return bad("cannot use the certificate", files.certificate);
  if (SSL_CTX_use_PrivateKey_file(native, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
    return bad("cannot use the key", files.key);
  if (SSL_CTX_check_private_key(native) != 1)
    return bad("the key does not belong to the certificate:", files.key);
  identity->facts_ = facts_of(native);
  return identity;
}

TlsIdentity::~TlsIdentity() {
  SSL_CTX_free(context_);
}

const TlsIdentity& TlsContext::for_name(std::string_view name) const {
  for (const auto& identity : identities_)
    if (bears(identity->facts(), name)) return *identity;
  return first();
}

TlsConnection::TlsConnection(std::shared_ptr<const TlsContext> context, int descriptor)
    : context_(std::move(context)), connection_(SSL_new(context_->first().native())) {
  if (!connection_) return;
  SSL_set_fd(connection_, descriptor);
  SSL_set_app_data(connection_, const_cast<TlsContext*>(context_.get()));
}

TlsConnection::~TlsConnection() {
  SSL_free(connection_);
}

Io TlsConnection::classify(int result) {
  switch (SSL_get_error(connection_, result)) {
    case SSL_ERROR_WANT_READ:
      return Io::want_read;
    case SSL_ERROR_WANT_WRITE:
      return Io::want_write;
    default:
      return Io::closed;
  }
}

Io TlsConnection::handshake() {
  if (!connection_) return Io::closed;
  ERR_clear_error();
  const int result = SSL_accept(connection_);
  const auto io = result == 1 ? Io::done : classify(result);
  if (io == Io::closed) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    trouble_ = reason ? reason : "closed";
  }
  return io;
}

bool TlsConnection::begun() const {
  return connection_ && BIO_number_read(SSL_get_rbio(connection_)) > 0;
}

Transfer TlsConnection::read(std::span<char> into) {
  ERR_clear_error();
  std::size_t got = 0;
  if (SSL_read_ex(connection_, into.data(), into.size(), &got) == 1) return {Io::done, got};
  return {classify(0), 0};
}

Transfer TlsConnection::write(std::string_view octets) {
  ERR_clear_error();
  std::size_t wrote = 0;
  if (SSL_write_ex(connection_, octets.data(), octets.size(), &wrote) == 1) return {Io::done, wrote};
  return {classify(0), 0};
}

void TlsConnection::close_notify() {
  ERR_clear_error();
  if (SSL_is_init_finished(connection_)) SSL_shutdown(connection_);
  ERR_clear_error();
}

std::string TlsConnection::version() const {
  return SSL_get_version(connection_);
}

std::string TlsConnection::cipher() const {
  return SSL_get_cipher_name(connection_);
}

}  // namespace guichet::net
