#include "cli/judge_names.h"

#include <memory>
#include <utility>

namespace guichet::cli {
namespace {

using filters::NameAnswer;
using filters::NameQuestion;

// A server far away, asked by a resolver that has nothing in its cache, takes seconds; RFC 7208 4.6.4 gives
// all questions of a message twenty.
constexpr std::chrono::seconds patience{5};

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

bool DnsBreaker::allows() {
  const std::lock_guard lock(mutex_);
  return breaker_.may_ask(std::chrono::steady_clock::now());
}

void DnsBreaker::told(bool answered) {
  const std::lock_guard lock(mutex_);
  if (answered)
    breaker_.succeeded();
  else
    breaker_.failed(std::chrono::steady_clock::now(), "no answer");
}

std::future<NameAnswer> JudgeNames::begin(const NameQuestion& question) {
  auto promise = std::make_shared<std::promise<NameAnswer>>();
  auto future = promise->get_future();
  if (!breaker_.allows()) {
    promise->set_value({});
    return future;
  }
  resolver_.ask(question.name, record_type(question.type), std::chrono::steady_clock::now() + patience,
                [promise, &breaker = breaker_](net::DnsAnswer answer) {
                  breaker.told(answer.outcome != net::DnsAnswer::Outcome::failed);
                  promise->set_value(answer_of(std::move(answer)));
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
