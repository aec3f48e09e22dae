// What a session's end tells of each message that it offered: taken, or offered in vain.
//
// Alaveteli's poller says nothing of what went wrong, but its commands do: it retrieves without DELE what
// made it stumble (it wants half an hour then), it skips what it stumbled over before, and when its process
// dies it just goes. So what was offered in vain goes behind what never was, comes back later, and is given
// up in the end, so that no message ever holds up another.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "store/facts.h"
#include "store/index.h"

namespace guichet::popd {

// The poller tries a message again half an hour after it stumbled over it: a minute later it is offered
// again.
inline constexpr std::chrono::minutes settle_time{31};

// Whether a session lists few enough for a login to read all of them before they are listed, and for each to
// count as offered by that; given popd.session_messages_max, 0 for all.
[[nodiscard]] constexpr bool reads_ahead(std::size_t session_messages_max) {
  return session_messages_max > 0 && session_messages_max <= 64;
}

struct OfferRules {
  std::size_t session_messages_max = 1;  // 0: all
  unsigned offers_max = 10;              // 0: for ever
};

struct SessionEnd {
  bool quit = false;                 // QUIT was reached: what was marked is removed
  bool uids_told = false;            // the client asked for all uids, as who wants to know what is new does
  std::vector<bool> retrieved;       // by number, from 0
  std::vector<std::size_t> deleted;  // numbers from 1, ascending
  store::Instant at;
  std::string by;
  // When a message of this maildrop was last handed over, as far as is known: the consumer worked then.
  store::Instant last_hand_over;
};

// The facts to be recorded, in one batch. A message is stuck when it was offered too often and the consumer
// took others since: while Alaveteli's database is down, nothing is stuck.
[[nodiscard]] std::vector<store::Fact> facts_of(const std::vector<store::WaitingRow>& offered,
                                                const SessionEnd& end, const OfferRules& rules);

}  // namespace guichet::popd
