// What stands at the front door, and one client's visit there: gathers from DNS what the decision wants to
// know. No Asio: who waits for it is called back (net/answer.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/resolver.h"
#include "smtpd/envelope.h"
#include "smtpd/front_door.h"
#include "smtpd/greylist.h"

namespace guichet::smtpd {

// Shared by all sessions; what it points to outlives them.
struct FrontDoor {
  DoorRules rules;
  net::Resolver* resolver = nullptr;  // null: nothing is asked of DNS
  Greylist* greylist = nullptr;       // null: nobody is remembered
};

// What DNS is asked about a client. Its name is recorded, so MAIL waits for it; the lists only decide, so
// RCPT waits for them, and never that of a GENUINE recipient.
enum class Asked { name, lists };

// Questions to DNS about one client, asked side by side. The one deadline is for all of them, from the start
// on. Thread-safe.
class Gathering : public std::enable_shared_from_this<Gathering> {
 public:
  using Done = std::function<void(DnsFacts)>;

  // At once done when there is nothing to ask.
  [[nodiscard]] static std::shared_ptr<Gathering> begin(const FrontDoor& door, const std::string& client,
                                                        Asked what);

  // Called once, from any thread, when all is answered or the deadline has passed.
  void when_done(Done done);
  // All of it, when all is answered already.
  [[nodiscard]] std::optional<DnsFacts> done() const;
  ~Gathering();

 private:
  struct State;
  using Take = std::function<void(Gathering&, const net::DnsAnswer&)>;

  Gathering();
  void ask(const std::string& name, net::RecordType type, Take take);
  void ask_name(const IpAddress& address);
  void ask_addresses_of(const std::string& name, const IpAddress& address);
  void ask_list(const DoorList& list, const IpAddress& address);
  void set_name(ReverseName::State state, std::string name);
  void answered();

  net::Resolver* resolver_ = nullptr;
  net::Resolver::Deadline until_;
  std::unique_ptr<State> state_;
};

// One client's session at the door. Used by the session's thread only.
class Visit {
 public:
  explicit Visit(const FrontDoor& door) : door_(door) {}

  // From connect on, and again when it turns out who the client really is.
  void of(const std::string& client);
  void spoke_early() { early_ = true; }

  // DNS was asked and not heard: await gather() and give what it says to settle().
  [[nodiscard]] bool open(Asked what) const { return gathering(what) != nullptr; }
  void gather(Asked what, Gathering::Done done) { gathering(what)->when_done(std::move(done)); }
  void settle(Asked what, DnsFacts dns);

  [[nodiscard]] bool waits_for_greeting() const;
  // Whether RCPT for it depends on the door.
  [[nodiscard]] bool decides(bool genuine) const { return !genuine && door_.rules.decides(); }
  [[nodiscard]] DoorFacts facts(const std::string& helo, const std::string& sender) const;
  // What is known by now, without waiting.
  void record(Envelope& envelope);

 private:
  void settle_what_is_done();
  [[nodiscard]] const std::shared_ptr<Gathering>& gathering(Asked what) const {
    return what == Asked::name ? name_ : lists_;
  }

  const FrontDoor& door_;
  std::string client_;
  std::shared_ptr<Gathering> name_, lists_;  // null: settled
  DnsFacts dns_;
  bool early_ = false;
};

}  // namespace guichet::smtpd
