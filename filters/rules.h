// What the operator wants done with what was found out: the first rule whose conditions all hold. Facts in,
// rule out; nothing is decided here that the configuration does not say. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filters/verdict.h"

namespace guichet::filters {

enum class Action { deliver, tag, quarantine, wait };

// A condition that is empty, or 0, does not ask. Patterns: * stands for anything, case does not count.
struct Rule {
  std::string name;
  Action action = Action::deliver;
  unsigned wait_s = 0;                                                // with Action::wait
  std::vector<std::string> recipients, from_domains, sender_domains;  // patterns; "<>": the null sender
  std::vector<std::string> classes;                                   // of recipients
  std::vector<std::string> spf, dkim, dmarc;                          // words of RFC 8601 2.7
  std::vector<std::string> kinds;                                     // MimeFinding::message_class
  std::vector<std::string> files;  // patterns, of names, of types and of PartFinding::flags
  std::vector<std::string> virus;  // "clean", "found", "unscanned"
  unsigned spam_score_min = 0;
  std::uint64_t size_octets_min = 0;
  bool unjudged = false;
};

struct RuleFacts {
  std::vector<std::string> recipients, classes;
  std::string mail_from;
  std::uint64_t size_octets = 0;
};

[[nodiscard]] bool holds(const Rule& rule, const RuleFacts& facts, const Verdict& verdict);

// nullptr: none counts, it is delivered. `waited`: those that make it wait are left out.
[[nodiscard]] const Rule* first_that_holds(std::span<const Rule> rules, const RuleFacts& facts,
                                           const Verdict& verdict, bool waited);

[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

}  // namespace guichet::filters
