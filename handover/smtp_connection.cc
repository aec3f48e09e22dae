#include "handover/smtp_connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace guichet::handover {
namespace {

constexpr std::size_t input_octets_max = 64 * 1024;
constexpr int wait_step_ms = 100;  // then it is asked whether to stop

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

long tls_level(StartTls tls) {
  switch (tls) {
    case StartTls::never:
      return CURLUSESSL_NONE;
    case StartTls::when_offered:
      return CURLUSESSL_TRY;
    case StartTls::required:
      break;
  }
  return CURLUSESSL_ALL;
}

}  // namespace

SmtpConnection::SmtpConnection(const SmtpRouteOptions& options, const std::stop_token& stop)
    : deadline_(std::chrono::steady_clock::now() + options.time_limit),
      curl_(stop, [this](curl_infotype from, std::string_view text) { hear(from, text); }) {
  // What follows the slash is what EHLO says.
  curl_.set(CURLOPT_URL, "smtp://" + bracketed(options.host) + ":" + std::to_string(options.port) + "/" +
                             options.hostname);
  curl_.set(CURLOPT_PROTOCOLS_STR, "smtp");
  curl_.set(CURLOPT_CONNECT_ONLY, 1L);
  curl_.set(CURLOPT_FORBID_REUSE, 0L);  // or the connection ends with its opening
  curl_.set(CURLOPT_TIMEOUT, static_cast<long>(options.time_limit.count()));
  curl_.set(CURLOPT_USE_SSL, tls_level(options.tls));
  const bool verify = options.tls == StartTls::required;  // encryption is better than none, whoever it is
  curl_.set(CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  curl_.set(CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  if (!options.ca_file.empty()) curl_.set(CURLOPT_CAINFO, options.ca_file.string());
}

// After STARTTLS EHLO is said again: what was announced in clear does not count (RFC 3207 section 4.2).
void SmtpConnection::hear(curl_infotype from, std::string_view text) {
  if (from == CURLINFO_HEADER_OUT) {
    hears_hello_ = text.starts_with("EHLO");
    if (hears_hello_) hello_.clear();
    return;
  }
  last_heard_ = text;
  if (hears_hello_) hello_.append(text).append("\n");
}

bool SmtpConnection::open() {
  if (!curl_.run()) return false;
  return curl_easy_getinfo(curl_.get(), CURLINFO_ACTIVESOCKET, &socket_) == CURLE_OK &&
         socket_ != CURL_SOCKET_BAD;
}

// What it said last is worth knowing, unless that was a yes: a certificate may be wrong after "220 ready".
std::string SmtpConnection::error() const {
  const bool refused = !last_heard_.empty() && last_heard_.front() >= '4';
  return refused ? last_heard_ : curl_.error();
}

std::optional<SmtpConnection::Reply> SmtpConnection::ask(std::string_view command) {
  if (!send(std::string(command) + "\r\n")) return std::nullopt;
  return reply();
}

bool SmtpConnection::send(std::string_view octets) {
  while (!octets.empty()) {
    std::size_t sent = 0;
    const auto code = curl_easy_send(curl_.get(), octets.data(), octets.size(), &sent);
    octets.remove_prefix(sent);
    if (code == CURLE_AGAIN && !wait(POLLOUT)) return false;
    if (code != CURLE_OK && code != CURLE_AGAIN) return false;
  }
  return true;
}

// RFC 5321 section 4.2.1: the last line has a blank, or nothing, after its digits.
std::optional<SmtpConnection::Reply> SmtpConnection::reply() {
  for (auto text = line(); text; text = line()) {
    if (text->size() > 3 && (*text)[3] == '-') continue;
    Reply found{.code = 0, .text = std::move(*text)};
    const auto* end = found.text.data() + std::min<std::size_t>(found.text.size(), 3);
    if (std::from_chars(found.text.data(), end, found.code).ptr != end || found.code < 200)
      return std::nullopt;
    return found;
  }
  return std::nullopt;
}

std::optional<std::string> SmtpConnection::line() {
  for (std::size_t end = input_.find('\n');; end = input_.find('\n')) {
    if (end != std::string::npos) {
      auto text = input_.substr(0, end);
      input_.erase(0, end + 1);
      if (text.ends_with('\r')) text.pop_back();
      return text;
    }
    if (input_.size() > input_octets_max) return std::nullopt;
    std::array<char, 4096> piece;
    std::size_t got = 0;
    const auto code = curl_easy_recv(curl_.get(), piece.data(), piece.size(), &got);
    if (code == CURLE_AGAIN && !wait(POLLIN)) return std::nullopt;
    if ((code != CURLE_OK && code != CURLE_AGAIN) || (code == CURLE_OK && got == 0)) return std::nullopt;
    input_.append(piece.data(), got);
  }
}

bool SmtpConnection::wait(short events) {
  while (!stopped() && std::chrono::steady_clock::now() < deadline_) {
    pollfd waited{.fd = socket_, .events = events, .revents = 0};
    if (::poll(&waited, 1, wait_step_ms) > 0) return true;
  }
  return false;
}

// The answer would be of no use.
void SmtpConnection::take_leave() {
  (void)send("QUIT\r\n");
}

}  // namespace guichet::handover
