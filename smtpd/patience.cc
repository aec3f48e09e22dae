#include "smtpd/patience.h"

#include <algorithm>
#include <utility>

namespace guichet::smtpd {
namespace {

using std::chrono::seconds;

// Postfix waits 10 s under stress. A body gets more: whoever has come to DATA brings mail.
constexpr seconds hurried_command{10}, hurried_body{30}, hurried_session{300};

}  // namespace

Patience hurried(const Patience& normal) {
  return {.next_command = std::min(normal.next_command, hurried_command),
          .whole_command = std::min(normal.whole_command, hurried_command),
          .body_pause = std::min(normal.body_pause, hurried_body),
          .session = std::min(normal.session, hurried_session)};
}

Waits::Deadlines Waits::until(For what, bool progress, Time now) {
  if (what != For::line_end) line_began_.reset();
  if (what == For::line_end && (progress || !line_began_)) line_began_ = now;
  last_ = what;
  return {deadline(normal_, what, now), deadline(hurried_, what, now)};
}

Time Waits::deadline(const Patience& patience, For what, Time now) const {
  const auto end = useful_ + patience.session;
  switch (what) {
    case For::command:
      return std::min(end, now + patience.next_command);
    case For::line_end:
      return std::min(end, *line_began_ + patience.whole_command);
    case For::replies:
      return now + patience.whole_command;
    case For::body:  // its rate decides when it has taken too long
      break;
  }
  return now + patience.body_pause;
}

Reply Waits::farewell(Time now) const {
  // RFC 5321 4.5.3.2
  if (last_ == For::body)
    return {421, "4.4.2", "time-out in the middle of a message, closing", Refusal::time_out_in_body};
  if (now - useful_ >= normal_.session)
    return {421, "4.4.2", "this session has lasted too long, closing", Refusal::session_too_long};
  if (last_ == For::line_end)
    return {421, "4.4.2", "time-out in the middle of a command, closing", Refusal::time_out_in_command};
  return {421, "4.4.2", "time-out, closing", Refusal::time_out};
}

bool BodyPace::too_slow(Time now) {
  if (octets_per_s_min_ == 0) return false;
  const std::chrono::microseconds for_octets(std::exchange(octets_, 0) * 1'000'000 / octets_per_s_min_);
  until_ = std::min(until_ + for_octets, now + pauses_max_);
  return now > until_;
}

Reply too_slow_a_body() {
  return {421, "4.4.2", "too slow, closing", Refusal::too_slow};
}

}  // namespace guichet::smtpd
