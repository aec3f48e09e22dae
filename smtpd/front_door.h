// What is asked of a client before its mail is taken, as a pure decision: facts in, verdict and reasons out.
// The driver gathers the facts and does what the verdict says; `guichet client` shows both.
//
// Nothing here ever touches mail to a GENUINE request address. What is only suspicious is recorded with the
// message ("tags"); lists and greylisting answer 4xx unless the operator said otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "smtpd/door_entries.h"
#include "smtpd/ip_address.h"
#include "smtpd/reply.h"

namespace guichet::smtpd {

// A list of clients in DNS (RFC 5782).
struct DoorList {
  std::string zone;
  int weight = 1;           // negative: it names good clients
  std::string answer = {};  // "127.0.0.*": only that counts; empty: 127.0.0.0/8 but 127.255.255.0/24
};

enum class WhenListed { tag, defer, refuse };

struct DoorRules {
  bool reverse_name = false;
  unsigned greet_delay_ms = 0;
  bool refuse_early_talkers = false;
  bool helo_checks = false;
  std::vector<DoorList> lists;
  int threshold = 1;
  WhenListed when_listed = WhenListed::defer;
  bool greylist = false;
  DoorEntries allow, deny;
  std::vector<IpNetwork> trusted;  // for these there is no door
  std::string hostname;            // ours

  // Whether RCPT depends on it at all.
  [[nodiscard]] bool decides() const {
    const bool refuses_early = refuse_early_talkers && greet_delay_ms > 0;
    return refuses_early || !lists.empty() || greylist || !deny.empty();
  }
  [[nodiscard]] bool trusts(std::string_view client) const;
};

// RFC 8601 2.7.3 (iprev): a name counts when its addresses hold the client's own.
struct ReverseName {
  enum class State { not_asked, verified, unverified, none, unknown };  // unknown: DNS did not say in time
  State state = State::not_asked;
  std::string name;  // verified, or the first one that is not

  [[nodiscard]] std::string_view verified() const {
    return state == State::verified ? std::string_view(name) : std::string_view();
  }
};
// "verified", "unverified", "none", "unknown"; "" when it was not asked.
[[nodiscard]] std::string_view name_of(ReverseName::State state);

struct Listing {
  std::string zone, answer;
  int weight = 0;
};

// What DNS said of a client.
struct DnsFacts {
  ReverseName reverse_name;
  std::vector<Listing> listings;
  std::vector<std::string> silent;  // zones that did not answer in time: they count for nothing
};

enum class Greylisting {
  not_asked,
  unavailable,  // its database is broken: everybody is let in
  known,        // client or sender delivered before
  waited,       // came back in time
  first,        // never seen
  too_soon,     // came back before the delay was over
};

struct DoorFacts {
  std::string client;  // "192.0.2.1"; empty: not known
  std::string helo;    // empty: none was given
  bool early = false;  // spoke before the greeting
  std::string sender;  // empty: the null sender
  bool genuine = false;
  DnsFacts dns;
  Greylisting greylisting = Greylisting::not_asked;
};

struct DoorVerdict {
  std::optional<Reply> refusal;
  bool ask_greylist = false;         // nothing else stands against it: ask, and judge again
  std::vector<std::string> reasons;  // for people, in the order in which they were looked at
};

[[nodiscard]] DoorVerdict judge(const DoorRules& rules, const DoorFacts& facts);

// What is recorded with a message: "early-talker", "helo-missing", "listed zen.example 127.0.0.2", ...
[[nodiscard]] std::vector<std::string> tags(const DoorRules& rules, const DoorFacts& facts);

// Whether an answer of a list is one, by its mask (RFC 5782 2.1).
[[nodiscard]] bool counts(const DoorList& list, std::string_view answer);

}  // namespace guichet::smtpd
