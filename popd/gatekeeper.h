// Looks at every password, so that one who knows it waits for nobody, and one who does not learns nothing.
//
//   known to be right   at once, whatever others do at the same time
//   a hash to compute   in a thread of its own kind, in turn; strangers may have eight under way, two from
//   one
//                       place, so that what they try holds up nobody: more are put off
//   wrong               the answer is held back, longer each time, counted from when the password came: how
//                       long the check took, or whether there was one, does not show
//   too often           the place is locked for a while, and its passwords are not looked at
//
// Who is near, on this machine or in a trusted network, is never locked: the poller lives there, and another
// program beside it must not be able to stop the mail by guessing. It is held back like anybody: that costs
// only whoever is wrong.
//
// Thread-safe; outlives its turns.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "popd/guesses.h"
#include "popd/session.h"
#include "popd/users.h"

namespace guichet::popd {

class Gatekeeper {
 public:
  using Clock = Guesses::Clock;
  static constexpr unsigned strangers_max = 8;  // hashes for them, under way or waiting
  static constexpr unsigned stranger_max = 2;   // for one place

  Gatekeeper(Users& users, GuessRules rules) : users_(users), guesses_(rules) {}

  enum class How { remembered, checked, locked, put_off };
  struct Answer {
    std::optional<LoginRefusal> refusal;  // none: the password is right
    Clock::duration held_back{};          // told so long after the password came
    How how = How::checked;
    bool locks = false;  // the place is locked from now on
  };

  // The right to have a hash computed, held until it is.
  class Turn {
   public:
    Turn(Gatekeeper& gate, std::string place) : gate_(gate), place_(std::move(place)) {}
    ~Turn() { gate_.leave(place_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Gatekeeper& gate_;
    const std::string place_;
  };

  // Never blocks. A turn: check() has to be asked, in a thread that may compute for long.
  [[nodiscard]] std::variant<Answer, std::unique_ptr<Turn>> knock(const Caller& caller,
                                                                  const std::string& name,
                                                                  const std::string& password,
                                                                  Clock::time_point now);
  [[nodiscard]] Answer check(const Caller& caller, const std::string& name, const std::string& password,
                             Clock::time_point now);

 private:
  std::unique_ptr<Turn> take_turn(const Caller& caller);
  void leave(const std::string& place);

  Users& users_;
  Guesses guesses_;
  std::mutex mutex_;
  unsigned strangers_ = 0;
  std::map<std::string, unsigned> turns_;  // of strangers, by place
};

}  // namespace guichet::popd
