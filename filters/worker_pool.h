// The gateway's filter workers: a few processes, started when they are needed, one message at a time each.
// Nothing that a message does to its worker reaches the gateway, or the message after it.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "filters/counted_names.h"
#include "filters/findings.h"
#include "filters/message_file.h"
#include "filters/names.h"
#include "filters/worker_errand.h"
#include "filters/worker_process.h"

namespace guichet::filters {

// The callbacks are called by the threads that examine, several at a time.
struct WorkerPoolOptions {
  WorkerCommand command;
  unsigned workers = 2;  // at most, at the same time
  unsigned messages_per_worker = 1'000;
  // Of the processor, after which a worker is replaced: well below its own backstop (SandboxLimits::cpu_s).
  std::chrono::seconds cpu_per_worker{30};
  ErrandLimits limits;
  NameLimits names;
  std::function<void(std::string_view walls)> started = {};  // a worker, and the walls that stand around it
  std::function<void(Ending ending)> ended = {};             // for counters: once for each message
  // A message that was the end of its worker, and how: to be kept for whoever mends the filter.
  std::function<void(const MessageFile& message, const std::string& why)> sample = {};
  WorkerProcess::OnLine log = {};  // what workers write to standard error
};

class WorkerPool {
 public:
  explicit WorkerPool(WorkerPoolOptions options);
  ~WorkerPool();  // nobody is inside any more; ends the workers
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // One message on one worker; waits for a free one. Exactly one outcome, and never an exception. Any thread.
  // `names` answers the worker's questions, in this thread, within the limits.
  [[nodiscard]] Outcome examine(const Envelope& envelope, const MessageFile& message, Names& names);
  // The decoded octets of one part go to `sink` as they come; those of a part that is not whole came as far
  // as they did: look at the ending.
  [[nodiscard]] Outcome extract(const std::string& part, const MessageFile& message, const Sink& sink);

  // Of the workers that are there now, for a status page.
  [[nodiscard]] std::vector<pid_t> pids() const;

 private:
  struct Worker {
    std::unique_ptr<WorkerProcess> process;
    unsigned messages = 0;
  };
  // Room for one worker, with one in it or not. Given back when this dies, with a worker that is fit for
  // another message.
  class Place;

  [[nodiscard]] Outcome run(const Request& request, const MessageFile& message, Names& names,
                            const Sink& sink);
  [[nodiscard]] tl::expected<void, std::string> fill(Worker& worker);
  [[nodiscard]] bool fit(const Worker& worker) const;
  void end(Worker& worker);
  void note(const Outcome& outcome, const MessageFile& message) const;

  WorkerPoolOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable place_free_;
  unsigned places_taken_ = 0;
  std::vector<Worker> idle_;  // the last one goes first: the others may be swapped out
  std::vector<pid_t> pids_;
};

}  // namespace guichet::filters
