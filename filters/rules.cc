#include "filters/rules.h"

#include <algorithm>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

using Strings = std::vector<std::string>;

bool any_matches(const Strings& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const auto& pattern) { return matches(pattern, text); });
}

bool any_matches(const Strings& patterns, const Strings& texts) {
  return std::ranges::any_of(texts, [&](const auto& text) { return any_matches(patterns, text); });
}

bool has_one_of(const Strings& wanted, std::string_view word) {
  return std::ranges::find(wanted, word) != wanted.end();
}

std::string_view domain_of(std::string_view address) {
  return address.substr(std::min(address.rfind('@') + 1, address.size()));
}

bool is_from(const Strings& patterns, std::string_view mail_from) {
  if (mail_from.empty()) return has_one_of(patterns, "<>");
  return any_matches(patterns, domain_of(mail_from));
}

bool has_file(const Strings& patterns, const std::optional<MimeFinding>& mime) {
  return mime && std::ranges::any_of(mime->parts, [&](const PartFinding& part) {
           return any_matches(patterns, part.name) || any_matches(patterns, part.type) ||
                  any_matches(patterns, part.flags);
         });
}

// As the field in the served form has it: what leaves octets unsigned is no pass.
AuthResult result_of(const DkimFinding& finding) {
  return finding.partial && finding.result == AuthResult::pass ? AuthResult::policy : finding.result;
}

// Of several signatures one that passes is enough; else the first one tells.
std::string_view dkim_result(const Findings& findings) {
  if (findings.dkim.empty()) return findings.dkim_done ? "none" : "";
  const auto passes = [](const DkimFinding& finding) { return result_of(finding) == AuthResult::pass; };
  const auto found = std::ranges::find_if(findings.dkim, passes);
  return name_of(result_of(found == findings.dkim.end() ? findings.dkim.front() : *found));
}

template <class Finding>
std::string_view result_of(const std::optional<Finding>& finding) {
  return finding ? name_of(finding->result) : "";
}

std::string_view author_domain(const Findings& findings) {
  return findings.dmarc ? std::string_view(findings.dmarc->from_domain) : std::string_view();
}

bool scores(unsigned score_min, const Verdict& verdict) {
  return verdict.spam && *verdict.spam && (*verdict.spam)->score >= static_cast<double>(score_min);
}

bool envelope_holds(const Rule& rule, const RuleFacts& facts) {
  return (rule.recipients.empty() || any_matches(rule.recipients, facts.recipients)) &&
         (rule.classes.empty() ||
          std::ranges::any_of(facts.classes,
                              [&](const auto& each) { return has_one_of(rule.classes, each); })) &&
         (rule.sender_domains.empty() || is_from(rule.sender_domains, facts.mail_from)) &&
         facts.size_octets >= rule.size_octets_min;
}

bool authentication_holds(const Rule& rule, const Findings& findings) {
  return (rule.spf.empty() || has_one_of(rule.spf, result_of(findings.spf))) &&
         (rule.dkim.empty() || has_one_of(rule.dkim, dkim_result(findings))) &&
         (rule.dmarc.empty() || has_one_of(rule.dmarc, result_of(findings.dmarc))) &&
         (rule.from_domains.empty() || any_matches(rule.from_domains, author_domain(findings)));
}

bool content_holds(const Rule& rule, const Verdict& verdict) {
  const auto& mime = verdict.findings.mime;
  return (rule.kinds.empty() || (mime && has_one_of(rule.kinds, mime->message_class))) &&
         (rule.files.empty() || has_file(rule.files, mime)) &&
         (rule.virus.empty() || has_one_of(rule.virus, virus_word(verdict))) &&
         (rule.spam_score_min == 0 || scores(rule.spam_score_min, verdict)) &&
         (!rule.unjudged || is_unjudged(verdict));
}

}  // namespace

// Linear but for the text behind the last star, which is tried again at each place.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && lower(pattern[p]) == lower(text[t])) {
      ++p, ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

bool holds(const Rule& rule, const RuleFacts& facts, const Verdict& verdict) {
  return envelope_holds(rule, facts) && authentication_holds(rule, verdict.findings) &&
         content_holds(rule, verdict);
}

const Rule* first_that_holds(std::span<const Rule> rules, const RuleFacts& facts, const Verdict& verdict,
                             bool waited) {
  for (const auto& rule : rules)
    if (!(waited && rule.action == Action::wait) && holds(rule, facts, verdict)) return &rule;
  return nullptr;
}

}  // namespace guichet::filters
