#include "popd/gatekeeper.h"

#include <utility>

namespace guichet::popd {

std::variant<Gatekeeper::Answer, std::unique_ptr<Gatekeeper::Turn>> Gatekeeper::knock(
    const Caller& caller, const std::string& name, const std::string& password, Clock::time_point now) {
  // Told as late as a guess that failed often.
  if (guesses_.locked(caller, now))
    return Answer{LoginRefusal::login_delay, guesses_.longest(), How::locked, false};
  if (users_.remember(name, password)) return Answer{std::nullopt, {}, How::remembered, false};
  if (!users_.slow()) return check(caller, name, password, now);
  if (auto turn = take_turn(caller)) return turn;
  return Answer{LoginRefusal::temporary, guesses_.longest(), How::put_off, false};
}

Gatekeeper::Answer Gatekeeper::check(const Caller& caller, const std::string& name,
                                     const std::string& password, Clock::time_point now) {
  if (users_.check(name, password)) return {std::nullopt, {}, How::checked, false};
  const auto failure = guesses_.failed(caller, now);
  return {LoginRefusal::wrong, failure.held_back, How::checked, failure.locks};
}

// Null: too many of them already.
std::unique_ptr<Gatekeeper::Turn> Gatekeeper::take_turn(const Caller& caller) {
  if (caller.near) return std::make_unique<Turn>(*this, std::string());
  const std::lock_guard guard(mutex_);
  if (strangers_ >= strangers_max) return nullptr;
  auto& of_place = turns_[caller.place];
  if (of_place >= stranger_max) return nullptr;
  ++of_place;
  ++strangers_;
  return std::make_unique<Turn>(*this, caller.place);
}

void Gatekeeper::leave(const std::string& place) {
  if (place.empty()) return;
  const std::lock_guard guard(mutex_);
  --strangers_;
  const auto found = turns_.find(place);
  if (--found->second == 0) turns_.erase(found);
}

}  // namespace guichet::popd
