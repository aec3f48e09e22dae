#include "cli/judge_names.h"

#include <memory>
#include <random>
#include <utility>

namespace guichet::cli {
namespace {

using filters::NameAnswer;
using filters::NameQuestion;

// For one question: a server far away, asked by a resolver that has nothing in its cache, takes seconds.
// CountedNames gives all questions of a message twenty, as RFC 7208 4.6.4 has it.
constexpr std::chrono::seconds patience{5};

constexpr std::chrono::seconds kept_for{5};
constexpr std::size_t entries_max = 4096, octets_max = 2048,
                      per_record = 32;  // together: 8 MB, whatever strangers publish

constexpr unsigned suspicious = 10;  // late answers in a row
constexpr std::chrono::seconds look_each{10}, look_patience{2};
// A name that nobody has asked for before, so that no cache answers. Whatever the answer is, it is one.
std::string unheard_of() {
  return "guichet-" + std::to_string(std::random_device()()) + ".arpa";
}

NameAnswer answer_of(net::DnsAnswer answer) {
  switch (answer.outcome) {
    case net::DnsAnswer::Outcome::found:
      return {NameAnswer::Outcome::found, std::move(answer.records)};
    case net::DnsAnswer::Outcome::nothing:
      return {NameAnswer::Outcome::nothing, {}};
    case net::DnsAnswer::Outcome::failed:
      break;
  }
  return {};
}

// Both are the numbers of RFC 1035.
net::RecordType record_type(filters::NameType type) {
  return static_cast<net::RecordType>(type);
}
static_assert(static_cast<int>(filters::NameType::txt) == static_cast<int>(net::RecordType::txt));
static_assert(static_cast<int>(filters::NameType::aaaa) == static_cast<int>(net::RecordType::aaaa));

}  // namespace

std::optional<NameAnswer> NameCache::find(const NameQuestion& question) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find({question.name, question.type});
  if (found == entries_.end() || found->second.until < Clock::now()) return std::nullopt;
  return found->second.answer;
}

void NameCache::keep(const NameQuestion& question, const NameAnswer& answer) {
  if (answer.outcome == NameAnswer::Outcome::failed) return;
  std::size_t octets = question.name.size();
  for (const auto& record : answer.records)
    octets += record.size() + per_record;
  if (octets > octets_max) return;
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= entries_max) entries_.clear();
  entries_.insert_or_assign({question.name, question.type}, Entry{answer, Clock::now() + kept_for});
}

bool DnsHealth::allows(net::Resolver& resolver) {
  {
    const std::lock_guard lock(mutex_);
    if (late_in_a_row_ < suspicious) return true;
    if (Clock::now() < next_look_) return !dead_;
    next_look_ = Clock::now() + look_each;
  }
  auto promise = std::make_shared<std::promise<bool>>();
  auto answer = promise->get_future();
  const auto until = Clock::now() + look_patience;
  resolver.ask(unheard_of(), net::RecordType::txt, until, [promise, until](const net::DnsAnswer& said) {
    promise->set_value(said.outcome != net::DnsAnswer::Outcome::failed || Clock::now() < until);
  });
  const bool alive = answer.get();
  const std::lock_guard lock(mutex_);
  dead_ = !alive;
  if (alive) late_in_a_row_ = 0;
  return alive;
}

void DnsHealth::told(bool late) {
  late ? ++late_ : ++answered_;
  const std::lock_guard lock(mutex_);
  late_in_a_row_ = late ? late_in_a_row_ + 1 : 0;
  if (!late) dead_ = false;
}

std::string DnsHealth::trouble() const {
  const std::lock_guard lock(mutex_);
  return dead_ ? "none of the last " + std::to_string(late_in_a_row_) + " questions was answered"
               : std::string();
}

// SERVFAIL is an answer: of a resolver that lives, about a name that somebody chose.
std::future<NameAnswer> JudgeNames::begin(const NameQuestion& question) {
  auto promise = std::make_shared<std::promise<NameAnswer>>();
  auto future = promise->get_future();
  if (auto known = health_->cache.find(question)) {
    promise->set_value(std::move(*known));
    return future;
  }
  if (!health_->allows(resolver_)) {
    promise->set_value({});
    return future;
  }
  const auto until = std::chrono::steady_clock::now() + patience;
  resolver_.ask(question.name, record_type(question.type), until,
                [promise, until, question, health = health_](net::DnsAnswer said) {
                  const bool failed = said.outcome == net::DnsAnswer::Outcome::failed;
                  health->told(failed && std::chrono::steady_clock::now() >= until);
                  auto answer = answer_of(std::move(said));
                  health->cache.keep(question, answer);
                  promise->set_value(std::move(answer));
                });
  return future;
}

void JudgeNames::expect(const std::vector<NameQuestion>& questions) {
  for (const auto& question : questions) {
    const Key key{question.name, question.type};
    if (!expected_.contains(key)) expected_.emplace(key, begin(question));
  }
}

NameAnswer JudgeNames::ask(const NameQuestion& question) {
  const auto expected = expected_.find({question.name, question.type});
  if (expected == expected_.end()) return begin(question).get();
  auto answer = expected->second.get();
  expected_.erase(expected);
  return answer;
}

}  // namespace guichet::cli
