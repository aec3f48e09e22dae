// DNS for the filters: questions of a worker, asked through the gateway's one resolver. What is to be
// expected is asked for at the same time, so that a message waits for the slowest answer and not for their
// sum.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/names.h"
#include "net/resolver.h"

namespace guichet::cli {

// Answers of the last seconds. A burst of an authority's mail asks the same of DNS for each message, and the
// resolver's own cache is two threads away. Thread-safe, bounded.
class NameCache {
 public:
  [[nodiscard]] std::optional<filters::NameAnswer> find(const filters::NameQuestion& question) const;
  // But no failure, and nothing long.
  void keep(const filters::NameQuestion& question, const filters::NameAnswer& answer);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    filters::NameAnswer answer;
    Clock::time_point until;
  };
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, filters::NameType>, Entry> entries_;
};

// Keeps a resolver that answers nothing from being waited for by each message in turn. Whoever sends mail
// chooses what is asked, and may have chosen a name whose servers never answer; so late answers raise a
// suspicion and no more, and a question of our own decides. Thread-safe; one for all workers.
class DnsHealth {
 public:
  // False: nobody answers, do not ask. May ask a question of its own, and wait for it, now and then.
  [[nodiscard]] bool allows(net::Resolver& resolver);
  void told(bool late);

  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }
  [[nodiscard]] std::string trouble() const;  // "": all is well
  NameCache cache;

 private:
  using Clock = std::chrono::steady_clock;
  std::atomic<std::uint64_t> answered_ = 0, late_ = 0;
  mutable std::mutex mutex_;
  unsigned late_in_a_row_ = 0;
  bool dead_ = false;
  Clock::time_point next_look_{};
};

// For one message; one thread at a time.
class JudgeNames : public filters::Names {
 public:
  JudgeNames(net::Resolver& resolver, std::shared_ptr<DnsHealth> health)
      : resolver_(resolver), health_(std::move(health)) {}

  [[nodiscard]] filters::NameAnswer ask(const filters::NameQuestion& question) override;
  void expect(const std::vector<filters::NameQuestion>& questions) override;

 private:
  using Key = std::pair<std::string, filters::NameType>;
  std::future<filters::NameAnswer> begin(const filters::NameQuestion& question);

  net::Resolver& resolver_;
  const std::shared_ptr<DnsHealth> health_;
  std::map<Key, std::future<filters::NameAnswer>> expected_;
};

}  // namespace guichet::cli
