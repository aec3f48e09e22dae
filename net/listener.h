// Accepts connections and deals them out to the loops, within limits.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "net/asio.h"
#include "net/loop.h"
#include "net/networks.h"

namespace guichet::net {

// Counts sessions, in all and per address. Thread-safe.
class Admission {
 public:
  struct Limits {
    unsigned sessions_max = 0;
    unsigned per_address_max = 0;
    unsigned reserved = 0;  // of sessions_max, for trusted addresses
  };
  enum class Verdict { welcome, too_many, too_many_from_address };

  // Held by a session as long as it lives.
  class Ticket {
   public:
    Ticket(Admission& admission, asio::ip::address address, Verdict verdict)
        : admission_(admission), address_(std::move(address)), verdict_(verdict) {}
    ~Ticket() { admission_.leave(address_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    [[nodiscard]] Verdict verdict() const { return verdict_; }

   private:
    Admission& admission_;
    const asio::ip::address address_;
    const Verdict verdict_;
  };

  // Addresses in `trusted` are exempt from the limit per address.
  Admission(Limits limits, Networks trusted) : limits_(limits), trusted_(std::move(trusted)) {}
  [[nodiscard]] std::unique_ptr<Ticket> enter(const asio::ip::address& address);

 private:
  void leave(const asio::ip::address& address);

  const Limits limits_;
  const Networks trusted_;
  std::mutex mutex_;
  unsigned sessions_ = 0;
  std::map<asio::ip::address, unsigned> per_address_;
};

struct Accepted {
  Socket socket;
  asio::ip::tcp::endpoint client, local;
  std::unique_ptr<Admission::Ticket> ticket;
  Loop& loop;
};

class Listener {
 public:
  // Serves one session; runs in accepted.loop.
  using Serve = std::function<Task<void>(Accepted accepted)>;
  using Trouble = std::function<void(const std::string& text)>;

  // Binds and listens; the error is one line ("cannot listen on 127.0.0.1:25: …").
  [[nodiscard]] static tl::expected<std::unique_ptr<Listener>, std::string> open(const std::string& address,
                                                                                 Loops& loops);

  void start(Serve serve, Admission& admission, Trouble trouble);
  void stop();  // from any thread; no new sessions after it
  [[nodiscard]] std::string address() const { return to_text(local_); }

 private:
  Listener(Acceptor acceptor, Loops& loops);
  Task<void> accept_all();
  Task<void> wait_for_descriptors(boost::system::error_code error);
  void deal(Socket socket, Loop& loop, const asio::ip::tcp::endpoint& client);

  Acceptor acceptor_;
  Loops& loops_;
  asio::ip::tcp::endpoint local_;
  Serve serve_;
  Admission* admission_ = nullptr;
  Trouble trouble_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace guichet::net
