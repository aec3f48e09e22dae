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
  // Waits for what is being judged, which takes as long as a filter may. What waits stays in the store.
  void stop();

  // It is durable. From any thread, never blocks.
  void add(const store::MessageId& message) { queue_.add(message); }
  // Before all others, for a client that waits for its answer.
  void add_first(const store::MessageId& message, FirstAnswers::Done done);

 private:
  void run(const std::stop_token& stop);
  void judge(const JudgeQueue::Item& item);
  void judge(const JudgeQueue::Item& item, const smtpd::Undelivered& message);
  [[nodiscard]] store::Result<FilteredMessage> filtered(const smtpd::Undelivered& message) const;
  [[nodiscard]] bool is_late(const smtpd::Undelivered& message) const;
  bool refuse(const smtpd::Undelivered& message, const FilteredMessage& whole,
              const filters::Verdict& verdict);
  bool deliver(const smtpd::Undelivered& message, const smtpd::Judgement& judgement);
  bool append_unless_erased(const store::MessageId& id, store::Append append);
  void put_off(const store::MessageId& message, const std::string& why);
  [[nodiscard]] std::vector<store::MessageId> undelivered() const;

  const conf::Settings& settings_;
  smtpd::Intake& intake_;
  Filtering& filtering_;
  const Alarm alarm_;
  JudgeQueue queue_;
  FirstAnswers first_;
  std::vector<std::jthread> threads_;
};

}  // namespace guichet::cli
