#include "net/stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/line_cut.h"

namespace guichet::net {
namespace {

constexpr std::size_t scratch_octets = 64 * 1024;
constexpr std::size_t tls_record_octets_max = 16 * 1024;  // RFC 8446 section 5.1

// What goes into the next TLS record.
std::string_view record_of(std::string_view octets) {
  if (octets.size() <= tls_record_octets_max) return octets;
  return octets.substr(0, line_cut(octets, tls_record_octets_max));
}

Io io_of(int code) {
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? Io::want_read : Io::closed;
}

}  // namespace

// --- Sessions ------------------------------------------------------------------------------------------

Sessions::Sessions(asio::io_context& context)
    : context_(context), timer_(context.get_executor()), scratch_(scratch_octets) {}

void Sessions::start_sweeping() {
  if (sweeping_) return;
  asio::co_spawn(context_.get_executor(), sweep(), rethrow);  // may throw: then it is tried again
  sweeping_ = true;
}

// Runs only while there are sessions, so that an io_context without any can end.
Task<void> Sessions::sweep() {
  while (!streams_.empty()) {
    timer_.expires_after(std::chrono::seconds(1));
    co_await timer_.async_wait(awaited_tuple);
    const auto now = std::chrono::steady_clock::now();
    for (auto* stream : streams_)
      if (stream->overdue(now)) stream->wake(Stream::End::expired);
  }
  sweeping_ = false;
}

void Sessions::stop() {
  stopping_ = true;
  for (auto* stream : streams_)
    stream->wake(Stream::End::stopping);
}

void Sessions::abandon() {
  for (auto* stream : streams_)
    stream->wake(Stream::End::expired);
}

// --- Stream --------------------------------------------------------------------------------------------

Stream::Stream(Socket socket, Sessions& sessions)
    : socket_(std::move(socket)),
      sessions_(sessions),
      deadline_(std::chrono::steady_clock::now() + std::chrono::minutes(5)),
      hurried_deadline_(deadline_),
      told_to_stop_(sessions.stopping()) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  place_ = sessions_.streams_.insert(sessions_.streams_.end(), this);
  try {
    sessions_.start_sweeping();
  } catch (...) {
    sessions_.streams_.erase(place_);
    throw;
  }
}

Stream::~Stream() {
  sessions_.streams_.erase(place_);
}

void Stream::wake(End reason) {
  if (reason == End::stopping && told_to_stop_) return;
  told_to_stop_ = true;
  if (end_ == End::none) end_ = reason;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

bool Stream::overdue(Time now) const {
  const bool hurried = crowded_ && crowded_->load(std::memory_order_relaxed);
  return waiting_ && (hurried ? hurried_deadline_ : deadline_) < now;
}

Task<bool> Stream::wait(Io want) {
  if (end_ != End::none) co_return false;
  const auto what = want == Io::want_write ? Socket::wait_write : Socket::wait_read;
  waiting_ = true;
  const auto [error] = co_await socket_.async_wait(what, awaited_tuple);
  waiting_ = false;
  if (end_ != End::none) co_return false;
  if (error) end_ = End::closed;
  co_return !error;
}

// The timer may have gone off and its handler not have run yet when the wait ends: then it must not cancel
// the next one.
Task<bool> Stream::speaks_within(std::chrono::milliseconds time) {
  const auto waiting = std::make_shared<bool>(true);
  SteadyTimer timer(socket_.get_executor(), time);
  timer.async_wait([this, waiting](boost::system::error_code error) {
    boost::system::error_code ignored;
    if (!error && *waiting) socket_.cancel(ignored);
  });
  const auto [error] = co_await socket_.async_wait(Socket::wait_read, awaited_tuple);
  *waiting = false;
  char octet = 0;
  co_return !error && ::recv(socket_.native_handle(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

Task<std::string_view> Stream::read() {
  if (end_ == End::stopping) end_ = End::none;  // said once; what is being received may go on
  for (;;) {
    auto want = Io::want_read;
    if (more_ && read_in_turn_ >= sessions_.turn_octets()) {
      read_in_turn_ = 0;
      co_await asio::post(socket_.get_executor(), awaited_tuple);
      if (end_ != End::none) co_return std::string_view();
    }
    if (more_) {
      const auto scratch = sessions_.scratch();
      const auto got = read_some(scratch.first(std::min(scratch.size(), sessions_.turn_octets())));
      read_in_turn_ += got.octets;
      if (got.io == Io::done) co_return std::string_view(sessions_.scratch().data(), got.octets);
      if (got.io == Io::closed) end_ = End::closed;
      want = got.io;
    }
    const bool ready = co_await wait(want);
    if (!ready) co_return std::string_view();
    read_in_turn_ = 0;
    more_ = true;
  }
}

Task<ProxyHeaderReader> Stream::read_proxy_header() {
  ProxyHeaderReader header;
  while (header.state() == ProxyHeaderReader::State::reading) {
    const auto scratch = sessions_.scratch();
    const auto got = read_some(scratch.first(std::min(header.octets_wanted(), scratch.size())));
    if (got.io == Io::done) {
      header.feed({scratch.data(), got.octets});
      continue;
    }
    if (got.io == Io::closed) break;
    const bool ready = co_await wait(got.io);
    if (!ready) break;
  }
  co_return header;
}

Transfer Stream::read_some(std::span<char> into) {
  if (tls_) {
    const auto got = tls_->read(into);
    more_ =
        got.io == Io::done;  // a TLS record may be read in part: only want_read says that there is no more
    return got;
  }
  const auto got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
  more_ = got == static_cast<ssize_t>(into.size());
  if (got > 0) return {Io::done, static_cast<std::size_t>(got)};
  return {got == 0 ? Io::closed : io_of(errno), 0};
}

Transfer Stream::write_some(std::string_view octets) {
  if (tls_) return tls_->write(record_of(octets));
  const auto wrote =
      ::send(socket_.native_handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (wrote >= 0) return {Io::done, static_cast<std::size_t>(wrote)};
  return {io_of(errno) == Io::closed ? Io::closed : Io::want_write, 0};
}

bool Stream::write_now(std::string& octets) {
  if (tls_ && octets.size() > tls_record_octets_max) return false;
  const auto wrote = write_some(octets);
  if (wrote.io != Io::done || wrote.octets < octets.size()) {
    octets.erase(0, wrote.octets);
    return false;
  }
  octets.clear();
  return true;
}

Task<bool> Stream::write(std::string& octets) {
  std::size_t done = 0;
  while (done < octets.size()) {
    const auto wrote = write_some(std::string_view(octets).substr(done));
    done += wrote.octets;
    if (wrote.io == Io::done) continue;
    if (wrote.io == Io::closed) end_ = End::closed;
    // The word that the gateway stops must not cut a reply in half.
    if (end_ == End::stopping) end_ = End::none;
    const bool ready = co_await wait(wrote.io);
    if (!ready && end_ != End::stopping) co_return false;
  }
  octets.clear();
  co_return true;
}

Task<Handshake> Stream::handshake(std::shared_ptr<const TlsContext> context) {
  auto connection = std::make_unique<TlsConnection>(std::move(context), socket_.native_handle());
  Handshake shaken;
  while (!shaken.done && shaken.trouble.empty()) {
    const auto io = connection->handshake();
    shaken.done = io == Io::done;
    if (io == Io::closed) shaken.trouble = connection->trouble();
    if (io == Io::done || io == Io::closed) break;
    const bool ready = co_await wait(io);
    if (!ready) shaken.trouble = end_ == End::expired ? "time-out" : "closed";
  }
  shaken.begun = connection->begun();
  if (shaken.done) tls_ = std::move(connection);
  more_ = shaken.done;
  co_return shaken;
}

void Stream::keep_alive() {
  constexpr int on = 1, idle_s = 60, interval_s = 10, count = 6;
  const int fd = socket_.native_handle();
  (void)::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

void Stream::allow_farewell() {
  if (end_ == End::expired) end_ = End::none;
  expire_in(std::chrono::seconds(2));
}

Task<void> Stream::close(bool lingering) {
  if (tls_) tls_->close_notify();
  boost::system::error_code ignored;
  if (lingering) {
    socket_.shutdown(Socket::shutdown_send, ignored);
    expire_in(std::chrono::seconds(2));
    tls_.reset();  // what still comes is dropped, not deciphered
    for (std::string_view dropped = " "; !dropped.empty();)
      dropped = co_await read();
  }
  socket_.close(ignored);
}

}  // namespace guichet::net
