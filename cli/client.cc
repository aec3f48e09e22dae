#include "cli/client.h"

#include <future>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/front_door.h"
#include "cli/plain_text.h"
#include "smtpd/door_driver.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Answer {
  smtpd::DoorFacts facts;
  smtpd::DoorVerdict verdict;
  std::vector<std::string> tags;
};

smtpd::DnsFacts hear(smtpd::Visit& visit, smtpd::Asked what) {
  std::promise<smtpd::DnsFacts> heard;
  visit.gather(what, [&heard](smtpd::DnsFacts facts) { heard.set_value(std::move(facts)); });
  return heard.get_future().get();
}

smtpd::DoorFacts ask_dns(const smtpd::FrontDoor& door, const ClientOptions& options) {
  smtpd::Visit visit(door);
  visit.of(options.address);
  for (const auto what : {smtpd::Asked::name, smtpd::Asked::lists})
    if (visit.open(what)) visit.settle(what, hear(visit, what));
  return visit.facts(options.helo, options.sender);
}

bool in(const std::vector<std::string>& networks, const std::string& address) {
  smtpd::DoorRules rules;
  for (const auto& network : networks)
    if (auto parsed = smtpd::parse_network(network)) rules.trusted.push_back(std::move(*parsed));
  return rules.trusts(address);
}

// What may put it off besides, which depends on how much it sends.
std::string limits_for(const conf::SmtpdSettings& settings, const std::string& address) {
  if (in(settings.trusted_networks, address)) return "none: smtpd.trusted_networks";
  if (in(settings.trusted_upstream, address)) return "none: smtpd.trusted_upstream";
  const auto most = [](unsigned count, const char* of) {
    return count == 0 ? std::string("any number of ") + of : std::to_string(count) + " " + of;
  };
  return most(settings.sessions_per_address_max, "sessions at a time, ") +
         most(settings.messages_per_minute_max, "messages and ") +
         most(settings.recipients_per_minute_max, "recipients a minute, ") +
         most(settings.guesses_max, "wrong addresses an hour; 421 and 450 past them");
}

Answer answer_for(const conf::Settings& settings, smtpd::DoorRules rules, const ClientOptions& options) {
  const auto clock = store::real_clock();
  smtpd::Greylist greylist(greylist_options(settings), *clock, [](const std::string&) {});
  std::optional<net::Resolver> resolver;
  if (asks_dns(rules)) resolver.emplace(resolver_options(settings.resolver));
  if (resolver && !resolver->trouble().empty()) complain("DNS cannot be asked: " + resolver->trouble());
  const smtpd::FrontDoor door{
      .rules = std::move(rules), .resolver = resolver ? &*resolver : nullptr, .greylist = &greylist};
  Answer answer{.facts = ask_dns(door, options), .verdict = {}, .tags = {}};
  if (in(settings.smtpd.trusted_upstream, options.address)) {
    answer.verdict.reasons = {"in smtpd.trusted_upstream: the front door is not for it"};
    return answer;
  }
  answer.verdict = judge(door.rules, answer.facts);
  if (answer.verdict.ask_greylist) {
    answer.facts.greylisting = greylist.look({options.address, options.sender, options.recipient});
    answer.verdict = judge(door.rules, answer.facts);
  }
  if (settings.smtpd.soft_refuse && answer.verdict.refusal)
    answer.verdict.refusal = smtpd::softened(*answer.verdict.refusal);
  answer.tags = tags(door.rules, answer.facts);
  return answer;
}

std::string reply_text(const Answer& answer) {
  const auto& refusal = answer.verdict.refusal;
  if (!refusal) return "250 2.1.5 Ok";
  auto octets = refusal->octets();
  return octets.substr(0, octets.find('\r'));
}

void line(std::string_view name, std::string_view value) {
  constexpr std::size_t name_columns = 12;
  std::cout << left(plain(name), name_columns) << "  " << plain(value) << '\n';
}

void print_page(const Answer& answer, const std::string& limits) {
  const auto& reverse = answer.facts.dns.reverse_name;
  line("client", answer.facts.client);
  const std::string state(name_of(reverse.state));
  line("reverse name",
       reverse.name.empty() ? (state.empty() ? "not asked for" : state) : reverse.name + " (" + state + ")");
  line("answer", reply_text(answer));
  for (const auto& reason : answer.verdict.reasons)
    line("  because", reason);
  for (const auto& tag : answer.tags)
    line("recorded", tag);
  line("limits", limits);
  std::cout << "Mail to a request address that is GENUINE is taken all the same.\n";
}

void print_json(const Answer& answer, const std::string& limits) {
  const auto& dns = answer.facts.dns;
  Json listings = Json::array();
  for (const auto& listing : dns.listings)
    listings.push_back({{"zone", listing.zone}, {"answer", listing.answer}, {"weight", listing.weight}});
  const Json object{{"client", answer.facts.client},
                    {"reverse_name", dns.reverse_name.name},
                    {"reverse_name_state", name_of(dns.reverse_name.state)},
                    {"listings", listings},
                    {"silent", dns.silent},
                    {"taken", !answer.verdict.refusal},
                    {"reply", reply_text(answer)},
                    {"reasons", answer.verdict.reasons},
                    {"tags", answer.tags},
                    {"limits", limits}};
  std::cout << object.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace

int client(const conf::Settings& settings, const ClientOptions& options) {
  if (!smtpd::parse_ip(options.address)) {
    complain(plain(options.address) + " is no IP address");
    return bad_usage;
  }
  auto rules = door_rules(settings);
  if (!rules) return complain(rules.error());
  const auto answer = answer_for(settings, std::move(*rules), options);
  const auto limits = limits_for(settings.smtpd, options.address);
  options.json ? print_json(answer, limits) : print_page(answer, limits);
  return 0;
}

}  // namespace guichet::cli
