// Judges what was filed, and delivers it: a queue, and a thread for each worker. A message is judged once;
// what cannot be judged in time is delivered all the same, marked as such.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/filtering.h"
#include "cli/first_answers.h"
#include "cli/judge_queue.h"
#include "conf/settings.h"
#include "smtpd/intake.h"
#include "store/store.h"

namespace guichet::cli {

class Judging {
 public:
  using Alarm = std::function<void(const std::string& text)>;

  // References must outlive it.
  Judging(const conf::Settings& settings, smtpd::Intake& intake, Filtering& filtering, Alarm alarm);
  ~Judging() { stop(); }

  // Begins, with what an earlier run has left undelivered.
  void start();
  // From its return on nothing more is judged: what is being asked of DNS may be answered falsely soon.
  void begin_stop();
  // Waits for what is under way, which takes as long as a filter may. What was not judged stays in the store.
  // Afterwards all may be called, and nothing comes of it.
  void stop();

  // It is durable. From any thread, never blocks.
  void add(const store::MessageId& message) { queue_.add(message); }
  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }
  // There may be more than was added: history came in (restore --merge).
  void look_in_index() { queue_.look_in_index(); }
  // Before all others, for a client that waits for its answer.
  void add_first(const store::MessageId& message, FirstAnswers::Done done);

 private:
  void run(const std::stop_token& stop);
  void judge(const store::MessageId& id);
  void judge(const smtpd::Undelivered& message);
  struct Conclusion {
    filters::Verdict verdict = {};
    bool forged_results = false;
    std::optional<smtpd::Reply> refusal = {};  // which its client waits for
  };
  void conclude(const smtpd::Undelivered& message, const Conclusion& conclusion);
  [[nodiscard]] std::optional<smtpd::Reply> claim_refusal(const store::MessageId& message,
                                                          const filters::Scan<filters::RspamdVerdict>& spam);
  [[nodiscard]] store::Result<FilteredMessage> filtered(const smtpd::Undelivered& message) const;
  [[nodiscard]] bool is_late(const smtpd::Undelivered& message) const;
  void log(const smtpd::Undelivered& message, const filters::Verdict& verdict,
           const smtpd::Judgement& judgement) const;
  void refuse(const smtpd::Undelivered& message, const smtpd::Judgement& judgement,
              const smtpd::Reply& refusal);
  enum class Delivered { now, before, put_off };
  Delivered deliver(const smtpd::Undelivered& message, const smtpd::Judgement& judgement);
  bool append_unless_erased(const store::MessageId& id, store::Append append);
  void put_off(const store::MessageId& message, const std::string& why);
  [[nodiscard]] std::vector<store::MessageId> undelivered() const;

  const conf::Settings& settings_;
  smtpd::Intake& intake_;
  Filtering& filtering_;
  const Alarm alarm_;
  store::Instant started_;  // what was left by an earlier run is not late because of that
  JudgeQueue queue_;
  FirstAnswers first_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace guichet::cli
