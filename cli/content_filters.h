// All that a gateway with a filter on has for it: what looks into messages, what judges and delivers them,
// and what watches over that. Wiring, and nothing else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "cli/duty.h"
#include "cli/filter_watch.h"
#include "cli/filtering.h"
#include "cli/judging.h"
#include "cli/quarantine_digest.h"
#include "smtpd/policy.h"

namespace guichet::cli {

class ContentFilters {
 public:
  using Say = std::function<void(const std::string& text)>;
  struct Around {
    const conf::Settings& settings;
    smtpd::Intake& intake;
    const smtpd::Policy& policy;
    net::Resolver* resolver;  // null where authentication is off
    Say alarm, news;
  };
  // What is referred to must outlive it. The error is one line for the operator.
  [[nodiscard]] static tl::expected<std::unique_ptr<ContentFilters>, std::string> make(const Around& around);

  void start();
  void begin_stop() { judging_.begin_stop(); }  // judging.h
  void stop();

  void judge(const store::MessageId& message) { judging_.add(message); }
  void judge_first(const store::MessageId& message, FirstAnswers::Done done) {
    judging_.add_first(message, std::move(done));
  }
  // {"ok":true,"waiting":N,"down":{NAME:WORDS}}
  [[nodiscard]] std::string standing() const;

 private:
  ContentFilters(const Around& around, std::unique_ptr<Filtering> filtering);

  const Around around_;
  const std::unique_ptr<Filtering> filtering_;
  Judging judging_;
  FilterWatch watch_;
  QuarantineDigest digest_;
  std::optional<Duty> watching_, looking_, sending_;  // last: they end before what they use
};

}  // namespace guichet::cli
