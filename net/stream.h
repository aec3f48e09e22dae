// One client's connection, plain or TLS: try now, wait if it would block, give up at the deadline.
//
// Reading waits for readiness first and reads into a buffer that all sessions of the thread share, so an idle
// session owns no buffer. Used by its own thread only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/asio.h"
#include "net/proxy_header.h"
#include "net/tls.h"

namespace guichet::net {

class Stream;

// The sessions of one thread: sweeps their deadlines once a second, and tells them that the gateway stops. A
// timer per operation would cost more than the operation.
class Sessions {
 public:
  explicit Sessions(asio::io_context& context);

  void stop();     // no new ones; idle sessions are woken and find stopping() true
  void abandon();  // the grace is over: every wait ends
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] std::size_t count() const { return streams_.size(); }
  [[nodiscard]] std::span<char> scratch() { return scratch_; }
  // What one session may read before the others have their turn: less when they are many, or whoever says a
  // few words would wait for a thousand who send as fast as they can.
  [[nodiscard]] std::size_t turn_octets() const { return streams_.size() > many ? 16 * 1024 : 256 * 1024; }

 private:
  static constexpr std::size_t many = 256;

  friend class Stream;
  Task<void> sweep();
  void start_sweeping();

  asio::io_context& context_;
  SteadyTimer timer_;
  std::list<Stream*> streams_;
  bool sweeping_ = false;
  bool stopping_ = false;
  std::vector<char> scratch_;
};

// How a handshake ended.
struct Handshake {
  bool done = false;
  bool begun = false;   // the peer sent something
  std::string trouble;  // when it is not done: why
};

class Stream {
 public:
  Stream(Socket socket, Sessions& sessions);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  enum class End { none, closed, expired, stopping };

  // Waits for octets and returns what is there, in the shared scratch buffer: valid until the next co_await.
  // Empty: why() says what happened. Wakes with `stopping` once when the gateway stops.
  [[nodiscard]] Task<std::string_view> read();
  // The PROXY header that stands in front of everything else, and not an octet more. Its state is `reading`
  // when the connection ended before it was whole.
  [[nodiscard]] Task<ProxyHeaderReader> read_proxy_header();
  // Waits so long for a client that should wait for us; true: it sent something. It is left to be read.
  [[nodiscard]] Task<bool> speaks_within(std::chrono::milliseconds time);
  // Everything, or false. Clears `octets`. A TLS record ends at a line end where it can: some clients
  // (net-protocol 0.2) miss a CRLF that comes in two pieces.
  [[nodiscard]] Task<bool> write(std::string& octets);
  // The same without a coroutine when the socket takes it all at once: the usual case.
  [[nodiscard]] bool write_now(std::string& octets);
  [[nodiscard]] Task<Handshake> handshake(std::shared_ptr<const TlsContext> context);
  // close_notify and FIN. `lingering`: first reads and drops, for two seconds at most, what the client still
  // sends; closing with octets unread would reset the connection and take the last reply with it.
  [[nodiscard]] Task<void> close(bool lingering);
  // After the deadline has passed: one more short write is allowed, to say so.
  void allow_farewell();

  // Every wait ends, as at a deadline that has passed.
  void abandon() { wake(End::expired); }
  // So that a peer that vanished is noticed within two minutes though it owes nothing.
  void keep_alive();

  using Time = std::chrono::steady_clock::time_point;
  // A deadline counts while this end waits for the peer, and not while the peer waits for us.
  void expire_in(std::chrono::seconds time) { expire_at(std::chrono::steady_clock::now() + time); }
  void expire_at(Time deadline) { deadline_ = hurried_deadline_ = deadline; }
  // The second counts while `crowded` (hurry_when) says so: also for a wait that began before.
  void expire_at(Time deadline, Time hurried) { deadline_ = deadline, hurried_deadline_ = hurried; }
  void hurry_when(const std::atomic<bool>* crowded) { crowded_ = crowded; }  // null: never
  [[nodiscard]] End why() const { return end_; }
  [[nodiscard]] const TlsConnection* tls() const { return tls_.get(); }
  [[nodiscard]] Socket& socket() { return socket_; }
  [[nodiscard]] Sessions& sessions() { return sessions_; }

 private:
  friend class Sessions;
  Transfer read_some(std::span<char> into);
  Transfer write_some(std::string_view octets);
  [[nodiscard]] Task<bool> wait(Io want);
  void wake(End reason);
  [[nodiscard]] bool overdue(Time now) const;

  Socket socket_;
  Sessions& sessions_;
  std::list<Stream*>::iterator place_;
  std::unique_ptr<TlsConnection> tls_;
  Time deadline_, hurried_deadline_;
  const std::atomic<bool>* crowded_ = nullptr;
  bool waiting_ = false;
  End end_ = End::none;
  bool told_to_stop_ = false;
  bool more_ = false;  // the last read filled the buffer, or TLS may hold more: read before waiting
  std::size_t read_in_turn_ = 0;
};

}  // namespace guichet::net
