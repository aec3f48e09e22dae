#include "filters/worker_pool.h"

#include <algorithm>
#include <utility>

namespace guichet::filters {
namespace {

constexpr int attempts = 2;

Outcome not_started(const std::string& why) {
  Outcome outcome;
  outcome.ending = Ending::not_started;
  outcome.error = why;
  outcome.findings.errors = {why};
  return outcome;
}

}  // namespace

class WorkerPool::Place {
 public:
  explicit Place(WorkerPool& pool) : pool_(pool) {
    std::vector<Worker> dead;
    {
      std::unique_lock lock(pool_.mutex_);
      pool_.place_free_.wait(lock, [&] { return pool_.places_taken_ < pool_.options_.workers; });
      ++pool_.places_taken_;
      // Those that have died meanwhile, wherever they stand: none stays a zombie because others are idle too.
      auto& idle = pool_.idle_;
      const auto first_dead =
          std::stable_partition(idle.begin(), idle.end(), [](const Worker& w) { return w.process->idles(); });
      std::move(first_dead, idle.end(), std::back_inserter(dead));
      idle.erase(first_dead, idle.end());
      if (!idle.empty()) {
        worker = std::move(idle.back());
        idle.pop_back();
      }
    }
    for (auto& one : dead)
      pool_.end(one);
  }

  ~Place() {
    const bool fit = pool_.fit(worker);
    if (!fit) pool_.end(worker);
    {
      const std::lock_guard lock(pool_.mutex_);
      if (fit) pool_.idle_.push_back(std::move(worker));
      --pool_.places_taken_;
    }
    pool_.place_free_.notify_one();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  Worker worker;

 private:
  WorkerPool& pool_;
};

WorkerPool::WorkerPool(WorkerPoolOptions options) : options_(std::move(options)) {
  options_.workers = std::max(options_.workers, 1U);
}

// All are told before the first is waited for.
WorkerPool::~WorkerPool() {
  for (auto& worker : idle_)
    worker.process->wire().close();
}

Outcome WorkerPool::examine(const Envelope& envelope, const MessageFile& message, Names& names) {
  return run(Request{.kind = Request::Kind::examine, .envelope = envelope}, message, names, {});
}

Outcome WorkerPool::extract(const std::string& part, const MessageFile& message, const Sink& sink) {
  NoNames names;  // there are no questions in this
  return run(Request{.kind = Request::Kind::extract, .part = part}, message, names, sink);
}

Outcome WorkerPool::run(const Request& request, const MessageFile& message, Names& names, const Sink& sink) {
  Place place(*this);
  auto outcome = not_started("each filter worker was gone before it was given the message");
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (const auto filled = fill(place.worker); !filled) {
      outcome = not_started(filled.error());
      break;
    }
    auto& process = *place.worker.process;
    CountedNames counted(names, options_.names);
    Errand errand(process, message, counted, options_.limits, sink);
    const bool begun = errand.begin(request);
    if (begun) outcome = errand.run();
    process.pass_on_words(options_.log);
    ++place.worker.messages;
    if (!errand.worker_goes_on()) end(place.worker);
    if (begun && !errand.came_to_nothing()) break;
  }
  note(outcome, message);
  return outcome;
}

tl::expected<void, std::string> WorkerPool::fill(Worker& worker) {
  if (worker.process) return {};
  auto started = WorkerProcess::start(options_.command, options_.log);
  if (!started) return tl::unexpected(started.error());
  worker = {std::move(*started), 0};
  {
    const std::lock_guard lock(mutex_);
    pids_.push_back(worker.process->started_as());
  }
  if (options_.started) options_.started(worker.process->walls());
  return {};
}

bool WorkerPool::fit(const Worker& worker) const {
  return worker.process && worker.messages < options_.messages_per_worker &&
         worker.process->cpu_used() < options_.cpu_per_worker && worker.process->idles();
}

void WorkerPool::end(Worker& worker) {
  if (!worker.process) return;
  const pid_t pid = worker.process->started_as();
  {
    // Before the kernel may give the number to somebody else.
    const std::lock_guard lock(mutex_);
    std::erase(pids_, pid);
  }
  worker.process.reset();
}

void WorkerPool::note(const Outcome& outcome, const MessageFile& message) const {
  if (options_.ended) options_.ended(outcome.ending);
  const bool by_the_message = outcome.ending != Ending::done && outcome.ending != Ending::not_started;
  if (by_the_message && options_.sample) options_.sample(message, outcome.error);
}

std::vector<pid_t> WorkerPool::pids() const {
  const std::lock_guard lock(mutex_);
  return pids_;
}

}  // namespace guichet::filters
