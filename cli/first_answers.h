// Clients that wait for a judgement before they are answered, and no longer than they can: whichever comes
// first, the judgement or the deadline, decides once and for all what their answer is.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "smtpd/reply.h"
#include "store/types.h"

namespace guichet::cli {

class FirstAnswers {
 public:
  using Done = std::function<void(std::optional<smtpd::Reply> refusal)>;

  explicit FirstAnswers(std::chrono::milliseconds patience);
  ~FirstAnswers();  // whoever still waits is answered: accepted

  // `done` is called once, by any thread, with nothing when the deadline passes.
  void wait(const store::MessageId& message, Done done);

  // Takes the decision from the deadline, before the message is made undeliverable: false means that the
  // client was told already that it is accepted, or that nobody waits. After true answer() must be called.
  [[nodiscard]] bool claim(const store::MessageId& message);
  // Nobody waits any more, or somebody does: it makes no difference to who answers.
  void answer(const store::MessageId& message, std::optional<smtpd::Reply> refusal);

 private:
  using Clock = std::chrono::steady_clock;
  struct Waiting {
    Clock::time_point until;
    Done done;
    bool claimed = false;
  };
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<Clock::time_point> first_deadline() const;
  [[nodiscard]] std::optional<Done> take_late();

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<store::Uuid, Waiting> waiting_;
  std::jthread thread_;
};

}  // namespace guichet::cli
