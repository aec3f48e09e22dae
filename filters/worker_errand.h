// One message with one worker: the gateway's half of the conversation, bounded on all sides. Whatever the
// worker says or fails to say, there is an outcome within the deadline.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "filters/counted_names.h"
#include "filters/findings.h"
#include "filters/message_file.h"
#include "filters/worker_process.h"
#include "filters/worker_protocol.h"

namespace guichet::filters {

enum class Ending {
  done,         // the worker has said all it had to say
  not_started,  // there was no worker to be had
  died,         // by itself: a crash, a wall, the memory limit
  late,         // the deadline passed: killed
  overspent,    // more of the processor than a message may take: killed
  nonsense,     // what it said was not to be said: killed
};
[[nodiscard]] std::string_view name_of(Ending ending);

struct Outcome {
  Ending ending = Ending::done;
  Findings findings;  // all that came, whatever the ending; an ending other than done is in `errors` too
  std::string error;  // "the worker died by signal 11 (SIGSEGV) while it read the parts"; "": none
};

struct ErrandLimits {
  std::chrono::milliseconds deadline{30'000};  // from the moment that a worker has the message
  // Measured from outside, so that a worker that is not ours any more cannot put it off.
  std::chrono::milliseconds cpu{2'000};
  unsigned frames_max = 4'096;  // and one more for each 16 KiB of the message
};

// The octets of an extracted part, as they come; never more than the message has.
using Sink = std::function<void(std::string_view octets)>;

class Errand {
 public:
  Errand(WorkerProcess& worker, const MessageFile& message, CountedNames& names, const ErrandLimits& limits,
         Sink sink);

  // False: the worker was gone before it was given anything; another one may try.
  [[nodiscard]] bool begin(const Request& request);
  // After begin(). The worker is killed and waited for with every ending but `done`.
  [[nodiscard]] Outcome run();
  // After run(): the worker was killed from outside, by an admin or for want of memory in the machine, before
  // it said anything of the message. That is not the message's doing: another worker may try.
  [[nodiscard]] bool came_to_nothing() const { return came_to_nothing_; }
  // After run(): the worker may be given another message.
  [[nodiscard]] bool worker_goes_on() const { return worker_goes_on_; }

 private:
  using Clock = Wire::Clock;
  [[nodiscard]] bool take(const Frame& frame);
  [[nodiscard]] bool take_findings(const Frame& frame);
  [[nodiscard]] bool take_octets(const Frame& frame);
  [[nodiscard]] bool answer(const Frame& frame);
  [[nodiscard]] bool expect(const Frame& frame);
  [[nodiscard]] bool in_time();
  [[nodiscard]] Clock::time_point next_look() const;
  void fail(Ending ending, const std::string& what);
  void add_evidence();

  WorkerProcess& worker_;
  const MessageFile& message_;
  CountedNames& names_;
  ErrandLimits limits_;
  Sink sink_;
  Outcome outcome_;
  Request::Kind kind_ = Request::Kind::examine;
  Stage stage_ = Stage::beginning;
  Clock::time_point deadline_;
  std::chrono::nanoseconds cpu_before_{};
  std::uint64_t frames_left_ = 0;
  std::uint64_t octets_left_ = 0;
  bool heard_ = false;
  bool over_ = false;
  bool came_to_nothing_ = false;
  bool worker_goes_on_ = false;
};

}  // namespace guichet::filters
