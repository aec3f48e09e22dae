#include "filters/reverse.h"

#include <algorithm>
#include <vector>

#include "filters/domain_name.h"
#include "filters/ip_address.h"

namespace guichet::filters {
namespace {

using Outcome = NameAnswer::Outcome;

// What is no name of a domain is no answer: a PTR may hold any octets.
std::vector<std::string> names_in(const NameAnswer& answer) {
  std::vector<std::string> found;
  for (const auto& record : answer.records)
    if (is_domain_name(record) && found.size() < reverse_names_max) found.push_back(record);
  return found;
}

bool leads_to(const NameAnswer& answer, const IpAddress& address) {
  return std::any_of(answer.records.begin(), answer.records.end(),
                     [&](const std::string& record) { return parse_client(record) == address; });
}

}  // namespace

ReverseFinding evaluate_reverse(std::string_view client, Names& names) {
  const auto address = parse_client(client);
  if (!address) return {};
  const auto answer = names.ask({.name = pointer_name(*address), .type = NameType::ptr});
  if (answer.outcome == Outcome::failed) return {.result = AuthResult::temperror, .name = ""};
  const auto found = names_in(answer);
  if (found.empty()) return {.result = AuthResult::permerror, .name = ""};

  std::vector<NameQuestion> questions;
  for (const auto& name : found)
    questions.push_back({.name = name, .type = address->v4() ? NameType::a : NameType::aaaa});
  names.expect(questions);
  bool unknown = false;
  for (const auto& question : questions) {
    const auto back = names.ask(question);
    if (leads_to(back, *address)) return {.result = AuthResult::pass, .name = question.name};
    unknown |= back.outcome == Outcome::failed;
  }
  return {.result = unknown ? AuthResult::temperror : AuthResult::fail, .name = found.front()};
}

}  // namespace guichet::filters
