#include "filters/verdict.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "filters/findings_json.h"

namespace guichet::filters {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Scan<RspamdVerdict>& spam) {
  if (!spam) return {{"unscanned", name_of(spam.error().kind)}, {"why", spam.error().why}};
  Json json{{"score", spam->score}};
  if (spam->required_score) json["required_score"] = *spam->required_score;
  json["action"] = name_of(spam->action);
  if (spam->symbols.empty()) return json;
  json["symbols"] = Json::array();
  for (const auto& symbol : spam->symbols)
    json["symbols"].push_back({{"name", symbol.name}, {"score", symbol.score}});
  return json;
}

Json to_json(const Scan<ClamdVerdict>& virus) {
  if (!virus) return {{"result", "unscanned"}, {"why", virus.error().why}};
  if (virus->kind == ClamdVerdict::Kind::clean) return {{"result", "clean"}};
  return {{"result", "found"}, {"name", virus->name}};
}

void add(std::string& list, std::string_view what, std::string_view between = "; ") {
  if (what.empty()) return;
  if (!list.empty()) list += between;
  list += what;
}

// What another time might have been known.
std::string unanswered(const Findings& findings) {
  const auto is_unknown = [](const auto& finding) { return finding.result == AuthResult::temperror; };
  std::string names;
  if (findings.spf && is_unknown(*findings.spf)) add(names, "SPF", ", ");
  if (std::any_of(findings.dkim.begin(), findings.dkim.end(), is_unknown)) add(names, "DKIM", ", ");
  if (findings.dmarc && is_unknown(*findings.dmarc)) add(names, "DMARC", ", ");
  return names;
}

}  // namespace

bool is_unjudged(const Verdict& verdict) {
  return !verdict.findings.errors.empty() || !unanswered(verdict.findings).empty() ||
         (verdict.spam && !*verdict.spam) || (verdict.virus && !*verdict.virus);
}

std::string why_unjudged(const Verdict& verdict) {
  std::string why;
  for (const auto& error : verdict.findings.errors)
    add(why, error);
  if (const auto names = unanswered(verdict.findings); !names.empty())
    add(why, "DNS did not answer for " + names);
  if (verdict.spam && !*verdict.spam) add(why, "spam: " + verdict.spam->error().why);
  if (verdict.virus && !*verdict.virus) add(why, "viruses: " + verdict.virus->error().why);
  constexpr std::size_t octets_max = 600;
  return printable(why, octets_max);
}

std::string_view virus_word(const Verdict& verdict) {
  if (!verdict.virus) return "";
  if (!*verdict.virus) return "unscanned";
  return (*verdict.virus)->kind == ClamdVerdict::Kind::clean ? "clean" : "found";
}

std::string encode_verdict(const Verdict& verdict, const std::optional<RuleNote>& rule,
                           const std::string& words) {
  auto findings = encode_findings(verdict.findings);
  Json json = Json::object();
  if (verdict.spam) json["spam"] = to_json(*verdict.spam);
  if (verdict.virus) json["virus"] = to_json(*verdict.virus);
  if (rule) json["rule"] = {{"name", rule->name}, {"action", rule->action}};
  if (!words.empty()) json["words"] = words;
  if (json.empty()) return findings;
  // Two objects, one behind the other, made one: the findings may be long, and need not be read for this.
  const auto more = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  findings.back() = findings.size() > 2 ? ',' : ' ';
  return findings + more.substr(1);
}

}  // namespace guichet::filters
