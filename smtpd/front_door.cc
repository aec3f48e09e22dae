#include "smtpd/front_door.h"

#include <algorithm>
#include <numeric>

#include "smtpd/ascii.h"
#include "smtpd/policy.h"

namespace guichet::smtpd {
namespace {

using Reasons = std::vector<std::string>;

std::string quoted(std::string_view sender) {
  return "<" + std::string(sender) + ">";
}

// Also of what allows; nobody is listed by a list that did not answer.
int weight_of(const DoorFacts& facts) {
  const auto& listings = facts.dns.listings;
  return std::accumulate(listings.begin(), listings.end(), 0,
                         [](int sum, const Listing& listing) { return sum + listing.weight; });
}

std::string zones_against(const DoorFacts& facts) {
  std::string zones;
  for (const auto& listing : facts.dns.listings)
    if (listing.weight > 0) zones.append(zones.empty() ? "" : ", ").append(listing.zone);
  return zones;
}

DoorVerdict let_in(Reasons reasons, std::string why) {
  reasons.push_back(std::move(why));
  return {std::nullopt, false, std::move(reasons)};
}

DoorVerdict turn_away(Reasons reasons, std::string why, Reply reply) {
  reasons.push_back(std::move(why));
  return {std::move(reply), false, std::move(reasons)};
}

DoorVerdict deny(std::string_view entry, const DoorFacts& facts) {
  return turn_away({}, "denied here: " + std::string(entry),
                   Reply{550, "5.7.1",
                         "mail from " + quoted(facts.sender) + " by [" + facts.client +
                             "] is not taken here: refused by a list of this site's own",
                         Refusal::denied});
}

void add_lists(Reasons& reasons, const DoorRules& rules, const DoorFacts& facts) {
  for (const auto& listing : facts.dns.listings)
    reasons.push_back((listing.weight > 0 ? "listed in " : "allowed by ") + listing.zone + " (" +
                      listing.answer + "), weight " + std::to_string(listing.weight));
  for (const auto& zone : facts.dns.silent)
    reasons.push_back(zone + " did not answer in time");
  if (!facts.dns.listings.empty())
    reasons.push_back("the lists come to " + std::to_string(weight_of(facts)) + ", the threshold is " +
                      std::to_string(rules.threshold));
}

Reply listed_reply(const DoorRules& rules, const DoorFacts& facts) {
  const auto text = "client [" + facts.client + "] is listed in " + zones_against(facts);
  if (rules.when_listed == WhenListed::refuse) return {550, "5.7.1", text, Refusal::listed};
  return {450, "4.7.1", text, Refusal::listed};
}

DoorVerdict greylisted(const DoorFacts& facts, Reasons reasons) {
  const Reply later{450, "4.7.1", "greylisted, please try again in a few minutes", Refusal::greylisted};
  switch (facts.greylisting) {
    case Greylisting::not_asked:
      reasons.emplace_back("greylisting is to be asked");
      return {std::nullopt, true, std::move(reasons)};
    case Greylisting::unavailable:
      return let_in(std::move(reasons), "greylisting: its database cannot be used, so everybody is let in");
    case Greylisting::known:
      return let_in(std::move(reasons), "greylisting: has delivered here before");
    case Greylisting::waited:
      return let_in(std::move(reasons), "greylisting: has come back");
    case Greylisting::first:
      return turn_away(std::move(reasons), "greylisting: never seen before", later);
    case Greylisting::too_soon:
      return turn_away(std::move(reasons), "greylisting: came back too soon", later);
  }
  return let_in(std::move(reasons), "");
}

// --- HELO ----------------------------------------------------------------------------------------------

// RFC 5321 2.3.5: a name of at least two labels, of letters, digits and hyphens (and underscores, as seen).
bool is_whole_name(std::string_view name) {
  const auto odd = [](char c) {
    return !ascii_letter(c) && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_';
  };
  if (name.ends_with('.')) name.remove_suffix(1);
  return name.find('.') != std::string_view::npos && !name.starts_with('.') && !name.ends_with('.') &&
         name.find("..") == std::string_view::npos && std::none_of(name.begin(), name.end(), odd);
}

// RFC 5321 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]".
std::optional<IpAddress> literal(std::string_view helo) {
  if (!helo.starts_with('[') || !helo.ends_with(']')) return std::nullopt;
  helo = helo.substr(1, helo.size() - 2);
  if (helo.size() > 5 && ascii_iequals(helo.substr(0, 5), "IPv6:")) helo.remove_prefix(5);
  return parse_ip(helo);
}

std::string_view helo_tag(const DoorRules& rules, const DoorFacts& facts) {
  if (facts.helo.empty()) return "helo-missing";
  if (ascii_iequals(facts.helo, rules.hostname)) return "helo-is-ours";
  if (const auto address = literal(facts.helo))
    return address == parse_ip(facts.client) ? "" : "helo-other-address";
  if (parse_ip(facts.helo) || !is_whole_name(facts.helo)) return "helo-no-name";
  return "";
}

}  // namespace

bool DoorRules::trusts(std::string_view client) const {
  const auto address = parse_ip(client);
  return address && std::any_of(trusted.begin(), trusted.end(),
                                [&](const IpNetwork& network) { return network.contains(*address); });
}

std::string_view name_of(ReverseName::State state) {
  switch (state) {
    case ReverseName::State::not_asked:
      return "";
    case ReverseName::State::verified:
      return "verified";
    case ReverseName::State::unverified:
      return "unverified";
    case ReverseName::State::none:
      return "none";
    case ReverseName::State::unknown:
      return "unknown";
  }
  return "";
}

// The order is that of certainty: what the site itself said comes before what others say of a client.
DoorVerdict judge(const DoorRules& rules, const DoorFacts& facts) {
  if (facts.genuine) return let_in({}, "a GENUINE request address: there is no front door for it");
  if (rules.trusts(facts.client)) return let_in({}, "in smtpd.trusted_networks");
  const auto name = facts.dns.reverse_name.verified();
  if (const auto entry = rules.allow.match(facts.client, name, facts.sender); !entry.empty())
    return let_in({}, "allowed here: " + std::string(entry));
  if (const auto entry = rules.deny.match(facts.client, name, facts.sender); !entry.empty())
    return deny(entry, facts);

  Reasons reasons;
  if (facts.early) {
    const std::string why = "spoke before the greeting";
    const Reply refusal{554, "5.5.0", "you " + why, Refusal::early_talker};
    if (rules.refuse_early_talkers) return turn_away({}, why, refusal);
    reasons.push_back(why);
  }
  add_lists(reasons, rules, facts);
  const int weight = weight_of(facts);
  if (weight >= rules.threshold && rules.when_listed != WhenListed::tag)
    return turn_away(std::move(reasons), "listed", listed_reply(rules, facts));
  if (!rules.greylist) return let_in(std::move(reasons), "nothing stands against it");
  if (weight < 0) return let_in(std::move(reasons), "not greylisted, since lists allow it");
  return greylisted(facts, std::move(reasons));
}

std::vector<std::string> tags(const DoorRules& rules, const DoorFacts& facts) {
  std::vector<std::string> tags;
  if (rules.trusts(facts.client)) return tags;
  if (facts.early) tags.emplace_back("early-talker");
  if (rules.helo_checks)
    if (const auto tag = helo_tag(rules, facts); !tag.empty()) tags.emplace_back(tag);
  for (const auto& listing : facts.dns.listings)
    tags.push_back((listing.weight > 0 ? "listed " : "allowed ") + listing.zone + " " + listing.answer);
  return tags;
}

// 127.255.255.0/24 is how public lists say: not like this (a public resolver, too many questions). Without
// the exception that would list everybody.
bool counts(const DoorList& list, std::string_view answer) {
  if (!list.answer.empty()) return fits(list.answer, answer);
  return answer.starts_with("127.") && !answer.starts_with("127.255.255.");
}

}  // namespace guichet::smtpd
