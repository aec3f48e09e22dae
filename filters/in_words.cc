#include "filters/in_words.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "filters/domain_name.h"

namespace guichet::filters {
namespace {

constexpr std::size_t shown_octets_max = 100;  // of one string of a stranger
constexpr std::size_t line_octets_max = 1000;

std::string shown(std::string_view text, std::size_t octets_max = shown_octets_max) {
  std::string made(text.substr(0, octets_max));
  std::replace_if(
      made.begin(), made.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return made.empty() ? "an unnamed domain" : made;
}

// Only what is a name is named: free text there could say that somebody else has signed.
std::string shown_domain(std::string_view domain) {
  return is_domain_name(domain) ? shown(domain) : "an unnamed domain";
}

bool vouches(const DkimFinding& signature) {
  return signature.result == AuthResult::pass && !signature.partial && signature.author;
}

// The From address is vouched for; "": it is not. The DMARC finding knows how strict alignment is.
std::string match(const Findings& findings) {
  const auto& dmarc = findings.dmarc;
  const auto found = std::find_if(findings.dkim.begin(), findings.dkim.end(), vouches);
  if (found != findings.dkim.end() && (!dmarc || dmarc->dkim_aligned))
    return "signed by " + shown_domain(found->domain) + ", matches the From address";
  if (dmarc && dmarc->spf_aligned && findings.spf && findings.spf->result == AuthResult::pass)
    return "sent by a server that " + shown_domain(findings.spf->domain) +
           " allows, matches the From address";
  return "";
}

std::string of_author(const DmarcFinding& dmarc) {
  if (dmarc.from_domain.empty()) return "nobody can be made out as the author: " + shown(dmarc.why);
  const auto from = shown_domain(dmarc.from_domain);
  if (dmarc.result == AuthResult::temperror)
    return "the From address at " + from + " could not be judged: " + shown(dmarc.why);
  return "nobody vouches for the From address at " + from;
}

std::string of_signature(const DkimFinding& signature) {
  const auto who = shown_domain(signature.domain);
  switch (signature.result) {
    case AuthResult::pass:
      if (signature.partial) return "the signature of " + who + " covers only the beginning of the text";
      return "signed by " + who + (signature.author ? "" : ", which is another domain");
    case AuthResult::fail:
    case AuthResult::softfail:
      return "the signature of " + who + " does not verify: " + shown(signature.why);
    case AuthResult::temperror:
      return "the signature of " + who + " could not be judged: " + shown(signature.why);
    case AuthResult::none:
    case AuthResult::policy:
    case AuthResult::neutral:
    case AuthResult::permerror:
      return "the signature of " + who + " does not count: " + shown(signature.why);
  }
  return "";
}

std::string of_server(const SpfFinding& spf) {
  const auto who = shown_domain(spf.domain);
  switch (spf.result) {
    case AuthResult::pass:
      return "sent by a server that " + who + " allows";
    case AuthResult::fail:
      return "sent by a server that " + who + " does not allow";
    case AuthResult::softfail:
      return "sent by a server that " + who + " probably does not allow";
    case AuthResult::temperror:
    case AuthResult::permerror:
      return "which servers " + who + " allows could not be found out";
    case AuthResult::none:
    case AuthResult::neutral:
    case AuthResult::policy:
      return who + " does not say which servers it allows";
  }
  return "";
}

std::string of_policy(const DmarcFinding& dmarc) {
  if (dmarc.result != AuthResult::fail || (dmarc.policy != "reject" && dmarc.policy != "quarantine"))
    return "";
  const auto* wish = dmarc.policy == "reject" ? " asks to refuse such mail" : " asks to set such mail aside";
  return shown_domain(dmarc.policy_domain) + wish;
}

// What stands in the way of a match, in the order in which it helps to know it.
std::vector<std::string> remarks(const Findings& findings) {
  std::vector<std::string> said;
  if (findings.dmarc) said.push_back(of_author(*findings.dmarc));
  for (const auto& signature : findings.dkim)
    said.push_back(of_signature(signature));
  if (findings.dkim_done && findings.dkim.empty()) said.emplace_back("not signed");
  if (findings.spf) said.push_back(of_server(*findings.spf));
  if (findings.dmarc) said.push_back(of_policy(*findings.dmarc));
  for (const auto& error : findings.errors)
    said.push_back("could not be judged: " + shown(error));
  return said;
}

}  // namespace

std::string in_words(const Findings& findings) {
  auto line = match(findings);
  if (!line.empty()) return line;
  for (const auto& remark : remarks(findings))
    if (!remark.empty()) line += (line.empty() ? "" : "; ") + remark;
  if (line.empty()) return "not judged";
  return line.substr(0, line_octets_max);
}

}  // namespace guichet::filters
