// DNS for the filters: questions of a worker, asked through the gateway's one resolver. What is to be
// expected is asked for at the same time, so that a message waits for the slowest answer and not for their
// sum.
#pragma once

#include <chrono>
#include <future>
#include <map>
#include <mutex>

#include "filters/circuit_breaker.h"
#include "filters/names.h"
#include "net/resolver.h"

namespace guichet::cli {

// Keeps a resolver that answers nothing from being waited for by each message in turn. Thread-safe; one for
// all workers.
class DnsBreaker {
 public:
  [[nodiscard]] bool allows();
  void told(bool answered);

 private:
  std::mutex mutex_;
  filters::CircuitBreaker breaker_{{.failures_max = 10}};
};

// For one message; one thread at a time.
class JudgeNames : public filters::Names {
 public:
  JudgeNames(net::Resolver& resolver, DnsBreaker& breaker) : resolver_(resolver), breaker_(breaker) {}

  [[nodiscard]] filters::NameAnswer ask(const filters::NameQuestion& question) override;
  void expect(const std::vector<filters::NameQuestion>& questions) override;

 private:
  using Key = std::pair<std::string, filters::NameType>;
  std::future<filters::NameAnswer> begin(const filters::NameQuestion& question);

  net::Resolver& resolver_;
  DnsBreaker& breaker_;
  std::map<Key, std::future<filters::NameAnswer>> expected_;
};

}  // namespace guichet::cli
