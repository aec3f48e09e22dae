#include "filters/spf.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/spf_lookups.h"
#include "filters/spf_mechanisms.h"
#include "filters/spf_record.h"

namespace guichet::filters {
namespace {

struct Sender {
  std::string local_part, domain;
};

// RFC 7208 2.4: the null sender is postmaster of HELO. RFC 7208 4.3: so is one without a local part of its
// own domain. What is quoted may hold an "@": the last one counts.
Sender sender_of(const SpfQuestion& question) {
  const std::string_view address = question.mail_from.empty() ? question.helo : question.mail_from;
  const auto at = question.mail_from.empty() ? std::string_view::npos : address.rfind('@');
  const bool local = at != std::string_view::npos;
  std::string domain(local ? address.substr(at + 1) : address);
  if (domain.ends_with('.')) domain.pop_back();
  return {local && at > 0 ? std::string(address.substr(0, at)) : "postmaster", std::move(domain)};
}

// What an evaluation came to, and who explains it: the record that matched, not one that included it.
struct Verdict {
  AuthResult result = AuthResult::none;
  SpfMacroValues values = {};  // of the domain that decided
  std::optional<SpfMacroString> explanation = {};
};

// The record of a domain, or none (RFC 7208 4.4, 4.5).
SpfOr<std::optional<SpfRecord>> record_of(const std::string& domain, SpfLookups& lookups) {
  auto answer = lookups.ask_surely(domain, NameType::txt);
  if (!answer) return tl::unexpected(answer.error());
  std::erase_if(answer->records, [](const std::string& text) { return !is_spf_record(text); });
  if (answer->records.empty()) return std::nullopt;
  if (answer->records.size() > 1)
    return spf_permerror("\"" + spf_quoted(domain) + "\" has more than one SPF record");
  auto record = parse_spf_record(answer->records.front());
  if (!record) return spf_permerror("the record of \"" + spf_quoted(domain) + "\": " + record.error());
  return std::move(*record);
}

SpfOr<Verdict> check_host(SpfMacroValues values, SpfLookups& lookups);

// For include and redirect: another domain's verdict, which must be there (RFC 7208 5.2, 6.1).
SpfOr<Verdict> check_other(const std::optional<SpfMacroString>& spec, SpfMacroValues values,
                           SpfLookups& lookups) {
  if (const auto counted = lookups.count_term(); !counted) return tl::unexpected(counted.error());
  auto target = spf_target(spec, lookups, values);
  if (!target) return tl::unexpected(target.error());
  values.domain = std::move(*target);
  const auto name = spf_quoted(values.domain);
  auto verdict = check_host(std::move(values), lookups);
  if (verdict && verdict->result == AuthResult::none)
    return spf_permerror("the record leads to \"" + name + "\", which has none");
  return verdict;
}

// RFC 7208 5.2: only its pass is a match.
SpfOr<bool> matches(const SpfDirective& directive, const SpfMacroValues& values, SpfLookups& lookups) {
  if (directive.mechanism != SpfMechanism::include) return spf_matches(directive, lookups, values);
  const auto verdict = check_other(directive.domain, values, lookups);
  if (!verdict) return tl::unexpected(verdict.error());
  return verdict->result == AuthResult::pass;
}

// RFC 7208 4.6.2, 4.7. That this calls itself for include and redirect is bounded by the limit of terms.
SpfOr<Verdict> check_host(SpfMacroValues values, SpfLookups& lookups) {
  if (!is_dns_name(values.domain)) return Verdict{};  // RFC 7208 4.3
  auto record = record_of(values.domain, lookups);
  if (!record) return tl::unexpected(record.error());
  if (!*record) return Verdict{};
  for (const auto& directive : (*record)->directives) {
    const auto found = matches(directive, values, lookups);
    if (!found) return tl::unexpected(found.error());
    if (*found) return Verdict{directive.if_matched, std::move(values), std::move((*record)->explanation)};
  }
  if ((*record)->redirect) return check_other((*record)->redirect, std::move(values), lookups);
  return Verdict{AuthResult::neutral, std::move(values), std::nullopt};
}

// RFC 7208 6.2: of several texts none is chosen.
SpfOr<std::string> explanation_text(const Verdict& verdict, SpfLookups& lookups) {
  const auto target = spf_target(verdict.explanation, lookups, verdict.values);
  if (!target) return tl::unexpected(target.error());
  if (!is_dns_name(*target)) return std::string();
  const auto answer = lookups.ask(*target, NameType::txt);
  if (!answer) return tl::unexpected(answer.error());
  return answer->records.size() == 1 ? answer->records.front() : std::string();
}

// RFC 7208 6.2: whatever goes wrong, it is as if no exp were there. It may end in a reply of SMTP, so only
// US-ASCII is let through, and no line end that a macro brought along.
std::string explain(const Verdict& verdict, SpfLookups& lookups) {
  if (verdict.result != AuthResult::fail || !verdict.explanation) return "";
  lookups.result_stands();
  const auto text = explanation_text(verdict, lookups);
  if (!text || text->size() > spf_record_octets_max) return "";
  const auto parsed = parse_explain_string(*text);
  if (!parsed) return "";
  const auto values = with_validated_name(*parsed, lookups, verdict.values);
  if (!values) return "";
  auto made = expand_text(*parsed, *values, lookups.limits().explanation_octets_max);
  const bool printable = std::ranges::all_of(made, [](char c) { return c >= ' ' && c <= '~'; });
  return printable ? made : "";
}

void evaluate(SpfFinding& finding, SpfMacroValues values, SpfLookups& lookups) {
  const auto verdict = check_host(std::move(values), lookups);
  finding.result = verdict ? verdict->result : verdict.error().result;
  finding.terms = lookups.terms();
  finding.voids = lookups.voids();
  finding.explanation = verdict ? explain(*verdict, lookups) : verdict.error().why;
}

}  // namespace

SpfFinding check_spf(Names& names, const SpfQuestion& question) {
  const auto sender = sender_of(question);
  SpfFinding finding;
  finding.domain = sender.domain;
  finding.by_helo = question.mail_from.empty();
  const auto client = parse_client(question.client);
  if (!client || sender.domain.starts_with('[')) return finding;  // RFC 7208 4.3: an address is no domain
  SpfLookups lookups(names, question.limits);
  evaluate(finding,
           {.local_part = sender.local_part,
            .sender_domain = sender.domain,
            .domain = sender.domain,
            .client = *client,
            .helo = question.helo,
            .receiver = question.hostname,
            .received_unix_s = question.received_unix_s},
           lookups);
  return finding;
}

}  // namespace guichet::filters
