#include "filters/scanner_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "filters/ascii.h"
#include "filters/curl_handle.h"

namespace guichet::filters {
namespace {

using std::chrono::milliseconds;
using Kind = Unscanned::Kind;

// Rounded up: 0 only when the time is over.
milliseconds left(ScannerSocket::Deadline deadline) {
  const auto rest = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return std::clamp(rest, milliseconds(0), milliseconds(INT32_MAX));
}

timeval as_timeval(milliseconds time) {
  const auto ms = std::max<std::int64_t>(time.count(), 1);  // zero would mean: for ever
  return {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
}

std::string error_text(int number) {
  return printable(std::generic_category().message(number), 200);
}

// Anything else in a URL could mean something else.
bool is_host(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::ranges::all_of(host, [bracketed](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || (bracketed && c == ':');
  });
}

}  // namespace

std::optional<ScannerAddress> scanner_address(std::string_view text) {
  if (text.starts_with("unix:")) text.remove_prefix(5);
  if (text.starts_with('/')) {
    if (text.size() >= sizeof(sockaddr_un{}.sun_path) || text.find('\0') != std::string_view::npos)
      return std::nullopt;
    return ScannerAddress{.path = std::string(text), .host = "", .port = 0};
  }
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_host(text.substr(0, colon))) return std::nullopt;
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || port == 0) return std::nullopt;
  return ScannerAddress{.path = "", .host = std::string(text.substr(0, colon)), .port = port};
}

Scan<ScannerSocket> ScannerSocket::connect(const ScannerAddress& address, Deadline deadline) {
  return address.path.empty() ? connect_tcp(address, deadline) : connect_unix(address.path, deadline);
}

// Blocking, since only so it waits for room in a full queue: without, connect() on a unix socket says EAGAIN
// and there is nothing to poll for. SO_SNDTIMEO bounds the wait (unix_stream_connect in the kernel).
Scan<ScannerSocket> ScannerSocket::connect_unix(const std::string& path, Deadline deadline) {
  ScannerSocket made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made.socket_) return unscanned(Kind::down, "no socket: " + error_text(errno));
  const auto time = as_timeval(left(deadline));
  ::setsockopt(made.socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  while (::connect(made.socket_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return unscanned(Kind::timed_out, path + " took no connection in time");
    return unscanned(Kind::down, path + ": " + error_text(errno));
  }
  return made;
}

// By libcurl, for the sake of its deadline on names.
Scan<ScannerSocket> ScannerSocket::connect_tcp(const ScannerAddress& address, Deadline deadline) {
  const auto where = address.host + ":" + std::to_string(address.port);
  CurlHandle curl;
  curl.set(CURLOPT_URL, "http://" + where);
  curl.set(CURLOPT_CONNECT_ONLY, 1L);
  curl.set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max(left(deadline), milliseconds(1)).count()));
  const auto code = curl.run();
  if (code != CURLE_OK)
    return unscanned(code == CURLE_OPERATION_TIMEDOUT ? Kind::timed_out : Kind::down,
                     printable(where + ": " + curl.error(code), 300));
  curl_socket_t theirs = CURL_SOCKET_BAD;
  curl_easy_getinfo(curl.get(), CURLINFO_ACTIVESOCKET, &theirs);
  ScannerSocket made(::fcntl(theirs, F_DUPFD_CLOEXEC, 0));  // outlives the handle
  if (!made.socket_) return unscanned(Kind::down, "no socket: " + error_text(errno));
  return made;
}

Scan<short> ScannerSocket::wait(short events, Deadline deadline) const {
  for (;;) {
    pollfd waited{.fd = socket_.get(), .events = events, .revents = 0};
    const auto time = left(deadline);
    const int ready = ::poll(&waited, 1, static_cast<int>(time.count()));
    if (ready > 0 && time.count() > 0) return waited.revents;
    if (time.count() == 0) return unscanned(Kind::timed_out, "no answer in time");
    if (ready < 0 && errno != EINTR) return unscanned(Kind::down, "poll: " + error_text(errno));
  }
}

Scan<ScannerSocket::Sent> ScannerSocket::send(std::string_view octets, Deadline deadline) {
  while (!octets.empty()) {
    const auto events = wait(POLLIN | POLLOUT, deadline);
    if (!events) return tl::unexpected(events.error());
    if (*events & (POLLIN | POLLHUP | POLLERR)) return Sent::interrupted;
    const auto sent = ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return Sent::interrupted;
    octets.remove_prefix(static_cast<std::size_t>(sent));
  }
  return Sent::all;
}

Scan<std::string> ScannerSocket::receive(char end, std::size_t octets_max, Deadline deadline) {
  std::string text;
  while (text.size() < octets_max) {
    if (const auto events = wait(POLLIN, deadline); !events) return tl::unexpected(events.error());
    std::array<char, 1024> piece;
    const auto got = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return unscanned(Kind::down, "the connection broke: " + error_text(errno));
    if (got == 0)
      return unscanned(Kind::down, "closed after " + std::to_string(text.size()) + " octets of an answer");
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (const auto at = text.find(end); at != std::string::npos) return text.substr(0, at);
  }
  return unscanned(Kind::nonsense, "an answer without an end");
}

}  // namespace guichet::filters
