// Accepts connections and deals them out to the loops, within limits.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include <tl/expected.hpp>

#include "net/accept_trouble.h"
#include "net/asio.h"
#include "net/loop.h"
#include "net/networks.h"
#include "net/passed_sockets.h"
#include "net/recent.h"

namespace guichet::net {

// Counts sessions, in all and per place (place_of: in IPv6 a /64), and says whether the house is crowded.
// Thread-safe.
class Admission {
 public:
  struct Limits {
    unsigned sessions_max = 0;
    unsigned per_address_max = 0;
    unsigned reserved = 0;         // of sessions_max, for those who are trusted or have been of use before
    unsigned descriptors_max = 0;  // a socket with this number or a higher one is turned away; 0: none is
    std::string name = {};         // in the log: "smtp"
  };
  enum class Verdict { welcome, too_many, too_many_from_address, no_descriptors };
  static constexpr std::size_t familiar_max = 10'000;

  // Held by a session as long as it lives.
  class Ticket {
   public:
    Ticket(Admission& admission, bool trusted) : admission_(admission), trusted_(trusted) {}
    ~Ticket() { admission_.leave(place_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    [[nodiscard]] Verdict verdict() const { return verdict_; }
    // The session turned out to be another's than the connection is: from now on it is counted as that
    // one's, and judged anew.
    void count_as(const asio::ip::address& address);
    [[nodiscard]] const std::string& place() const { return place_; }
    [[nodiscard]] bool trusted() const { return trusted_; }
    [[nodiscard]] const std::atomic<bool>& crowded() const { return admission_.crowded_; }
    // This client did what it came for: from now on its place may have of the reserve.
    void was_of_use() { admission_.remember(place_); }

   private:
    friend class Admission;
    void counted(std::string place, Verdict verdict) { place_ = std::move(place), verdict_ = verdict; }

    Admission& admission_;
    std::string place_;  // empty: not counted yet
    Verdict verdict_ = Verdict::too_many;
    bool trusted_;
  };

  // Addresses in `trusted` are exempt from the limit per address.
  Admission(Limits limits, Networks trusted) : limits_(limits), trusted_(std::move(trusted)) {}
  [[nodiscard]] std::unique_ptr<Ticket> enter(const asio::ip::address& address, int descriptor);

  // From four fifths of sessions_max on, until it is down to three.
  [[nodiscard]] static bool is_crowded(bool before, unsigned sessions, unsigned sessions_max);

 private:
  [[nodiscard]] Verdict judge(unsigned from_place, bool trusted, bool familiar, int descriptor) const;
  void leave(const std::string& place);
  void uncount(const std::string& place);  // with the mutex held
  void remember(const std::string& place);
  void look_around();

  const Limits limits_;
  const Networks trusted_;
  std::mutex mutex_;
  unsigned sessions_ = 0;
  std::unordered_map<std::string, unsigned> per_place_;
  struct Known {};
  Recent<Known> familiar_{familiar_max};
  std::atomic<bool> crowded_ = false;
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

  // Takes the one of `passed` that listens there, else binds and listens; the error is one line ("cannot
  // listen on 127.0.0.1:25: …").
  [[nodiscard]] static tl::expected<std::unique_ptr<Listener>, std::string> open(const std::string& address,
                                                                                 Loops& loops,
                                                                                 PassedSockets& passed);

  void start(Serve serve, Admission& admission, Trouble trouble);
  void stop();  // from any thread; no new sessions after it
  [[nodiscard]] std::string address() const { return to_text(local_); }

 private:
  Listener(Acceptor acceptor, Loops& loops);
  Task<void> accept_all();
  void accept_some();
  Task<void> wait_for_descriptors(boost::system::error_code error);
  void deal(Socket socket, Loop& loop, const asio::ip::tcp::endpoint& client);

  Acceptor acceptor_;
  Loops& loops_;
  asio::ip::tcp::endpoint local_;
  Serve serve_;
  Admission* admission_ = nullptr;
  Trouble trouble_;
  AcceptTrouble troubles_;
  std::atomic<bool> stopped_ = false;
};

}  // namespace guichet::net
