#include "net/resolver.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "net/counters.h"

namespace guichet::net {
namespace {

constexpr int class_in = 1;  // RFC 1035 3.2.4
constexpr int rcode_ok = 0, rcode_no_such_name = 3;

struct Question {
  std::string name;
  RecordType type;
  auto operator<=>(const Question&) const = default;
};

DnsAnswer answer_of(RecordType type, const ub_result& result) {
  if (result.havedata == 0) {
    const bool sure = result.rcode == rcode_ok || result.rcode == rcode_no_such_name;
    return {sure ? DnsAnswer::Outcome::nothing : DnsAnswer::Outcome::failed, {}};
  }
  DnsAnswer answer{DnsAnswer::Outcome::found, {}};
  for (int i = 0; result.data[i] != nullptr; ++i) {
    auto text = record_text(type, {result.data[i], static_cast<std::size_t>(result.len[i])});
    if (text) answer.records.push_back(std::move(*text));
  }
  if (answer.records.empty()) answer.outcome = DnsAnswer::Outcome::nothing;
  return answer;
}

// libunbound wants 127.0.0.1@53 where everybody else writes 127.0.0.1:53.
std::string unbound_address(std::string server) {
  server[server.rfind(':')] = '@';
  std::erase_if(server, [](char c) { return c == '[' || c == ']'; });
  return server;
}

// Of this resolver, and of the process.
class Tally {
 public:
  explicit Tally(std::string_view name) : of_process_(counter(name)) {}
  void operator++() {
    ++here_;
    of_process_.add();
  }
  [[nodiscard]] std::uint64_t value() const { return here_; }

 private:
  std::atomic<std::uint64_t> here_ = 0;
  Counter& of_process_;
};

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using Context = std::unique_ptr<ub_ctx, DeleteContext>;

void set_options(ub_ctx* context, const Resolver::Options& options) {
  const auto cache = std::to_string(options.cache_octets / 2);
  const auto queries = std::to_string(options.in_flight_max);
  const std::pair<const char*, std::string> settings[] = {
      {"module-config:", "iterator"},
      {"do-not-query-localhost:", "no"},  // a resolver on this machine is the usual case
      {"unblock-lan-zones:", "yes"},      // private addresses have names where the servers say so
      {"insecure-lan-zones:", "yes"},
      {"msg-cache-size:", cache},
      {"rrset-cache-size:", cache},
      {"cache-max-ttl:", "3600"},
      {"cache-max-negative-ttl:", "300"},
      {"infra-host-ttl:", "60"},  // a server that was dead is tried again after a minute, not after fifteen
      {"num-queries-per-thread:", queries},
      {"outgoing-range:", queries},
  };
  for (const auto& [name, value] : settings)
    (void)ub_ctx_set_option(context, name, value.c_str());
}

// What libunbound would answer by itself, and wrongly where the servers know better.
void leave_to_the_servers(ub_ctx* context) {
  for (const char* zone : {"127.in-addr.arpa.", "test.", "invalid."})
    (void)ub_ctx_zone_remove(context, zone);
}

}  // namespace

class Resolver::Machine {
 public:
  explicit Machine(const Options& options)
      : in_flight_max_(options.in_flight_max), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (auto opened = open(options); !opened.empty() || wake_fd_ < 0) {
      trouble_ = opened.empty() ? "no descriptor is left" : opened;
      context_.reset();
      return;
    }
    thread_ = std::thread([this] { run(); });
  }

  ~Machine() {
    stop();
    if (wake_fd_ >= 0) ::close(wake_fd_);
  }

  void ask(Question question, Deadline until, Done done) {
    ++asked_;
    {
      const std::lock_guard lock(mutex_);
      if (!stopping_ && context_) {  // in this order: stop() resets the context without the lock
        asked_for_.push_back({std::move(question), {until, std::move(done)}});
        return wake();
      }
    }
    give(done, {});
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
    }
    wake();
    if (thread_.joinable()) thread_.join();
    context_.reset();  // ends libunbound's thread: none of its answers comes any more
    answer_all_open();
  }

  [[nodiscard]] Counts counts() const {
    return {asked_.value(),  found_.value(), nothing_.value(),
            failed_.value(), late_.value(),  crowded_.value()};
  }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  struct Waiter {
    Deadline until;
    Done done;
  };
  struct Ask {
    Question question;
    Waiter waiter;
  };
  // A question that libunbound has. It keeps it past our deadlines, and so do we: given up and asked again,
  // questions to a dead server would pile up in there beyond any bound.
  struct Flight {
    Machine* machine = nullptr;
    const Question* question = nullptr;
    std::vector<Waiter> waiters;
  };

  std::string open(const Options& options) {
    context_.reset(ub_ctx_create());
    if (!context_) return "libunbound gives no context";
    ub_ctx_debugout(context_.get(), nullptr);  // else it writes to standard error as it likes
    set_options(context_.get(), options);
    ub_ctx_async(context_.get(), 1);  // a thread, not a process
    if (options.servers.empty()) {
      if (const int error = ub_ctx_resolvconf(context_.get(), nullptr))
        return std::string("/etc/resolv.conf names no server: ") + ub_strerror(error);
    }
    for (const auto& server : options.servers)
      if (const int error = ub_ctx_set_fwd(context_.get(), unbound_address(server).c_str()))
        return server + ": " + ub_strerror(error);
    leave_to_the_servers(context_.get());
    return {};
  }

  void wake() {
    const std::uint64_t one = 1;
    (void)!::write(wake_fd_, &one, sizeof one);
  }

  // --- In the thread ---

  void run() {
    ::pthread_setname_np(::pthread_self(), "resolver");
    while (take_asked()) {
      wait();
      ub_process(context_.get());
      expire();
    }
  }

  // False: stopping.
  bool take_asked() {
    std::vector<Ask> taken;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      taken.swap(asked_for_);
    }
    for (auto& ask : taken)
      begin(std::move(ask));
    return true;
  }

  void begin(Ask ask) {
    auto found = flights_.find(ask.question);
    if (found == flights_.end()) {
      if (flights_.size() >= in_flight_max_) {
        ++crowded_;
        return give(ask.waiter.done, {});
      }
      found = flights_.emplace(std::move(ask.question), Flight{}).first;
      found->second.machine = this;
      found->second.question = &found->first;
      const auto& [name, type] = found->first;
      const int error = ub_resolve_async(context_.get(), name.c_str(), static_cast<int>(type), class_in,
                                         &found->second, &Machine::arrived, nullptr);
      if (error != 0) {  // no name at all: nobody need wait for it
        flights_.erase(found);
        return give(ask.waiter.done, {});
      }
    }
    found->second.waiters.push_back(std::move(ask.waiter));
  }

  void wait() {
    pollfd fds[] = {{wake_fd_, POLLIN, 0}, {ub_fd(context_.get()), POLLIN, 0}};
    ::poll(fds, 2, patience_ms());
    std::uint64_t ignored = 0;
    (void)!::read(wake_fd_, &ignored, sizeof ignored);
  }

  // Until the first deadline; -1: there is none.
  [[nodiscard]] int patience_ms() const {
    auto first = Deadline::max();
    for (const auto& [question, flight] : flights_)
      for (const auto& waiter : flight.waiters)
        first = std::min(first, waiter.until);
    if (first == Deadline::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(first - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
  }

  void expire() {
    const auto now = std::chrono::steady_clock::now();
    for (auto& [question, flight] : flights_) {
      const auto late = std::stable_partition(flight.waiters.begin(), flight.waiters.end(),
                                              [now](const Waiter& waiter) { return waiter.until > now; });
      for (auto waiter = late; waiter != flight.waiters.end(); ++waiter) {
        ++late_;
        give(waiter->done, {});
      }
      flight.waiters.erase(late, flight.waiters.end());
    }
  }

  // Called by ub_process().
  static void arrived(void* data, int error, ub_result* result) {
    auto& flight = *static_cast<Flight*>(data);
    const std::unique_ptr<ub_result, void (*)(ub_result*)> owned(result, ub_resolve_free);
    const auto answer =
        error == 0 && result != nullptr ? answer_of(flight.question->type, *result) : DnsAnswer{};
    auto& machine = *flight.machine;
    for (const auto& waiter : flight.waiters)
      machine.give(waiter.done, answer);
    machine.flights_.erase(machine.flights_.find(*flight.question));
  }

  // --- In any thread ---

  void give(const Done& done, DnsAnswer answer) {
    switch (answer.outcome) {
      case DnsAnswer::Outcome::found:
        ++found_;
        break;
      case DnsAnswer::Outcome::nothing:
        ++nothing_;
        break;
      case DnsAnswer::Outcome::failed:
        ++failed_;
        break;
    }
    done(std::move(answer));
  }

  void answer_all_open() {
    for (const auto& [question, flight] : flights_)
      for (const auto& waiter : flight.waiters)
        give(waiter.done, {});
    flights_.clear();
    for (const auto& ask : std::exchange(asked_for_, {}))
      give(ask.waiter.done, {});
  }

  const std::size_t in_flight_max_;
  const int wake_fd_;
  Context context_;
  std::string trouble_;
  Tally asked_{"dns.asked"}, found_{"dns.found"}, nothing_{"dns.nothing"}, failed_{"dns.failed"};
  Tally late_{"dns.late"}, crowded_{"dns.crowded"};
  std::mutex mutex_;
  std::vector<Ask> asked_for_;
  bool stopping_ = false;
  std::map<Question, Flight> flights_;  // the thread's own
  std::thread thread_;
};

Resolver::Resolver(Options options)
    : deadline_(options.deadline), machine_(std::make_unique<Machine>(options)) {}

Resolver::~Resolver() = default;

void Resolver::ask(std::string name, RecordType type, Deadline until, Done done) {
  machine_->ask({std::move(name), type}, until, std::move(done));
}

Resolver::Deadline Resolver::until() const {
  return std::chrono::steady_clock::now() + deadline_;
}

void Resolver::stop() {
  machine_->stop();
}

Resolver::Counts Resolver::counts() const {
  return machine_->counts();
}

const std::string& Resolver::trouble() const {
  return machine_->trouble();
}

}  // namespace guichet::net
