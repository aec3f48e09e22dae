#include "cli/recipient.h"

#include <iostream>
#include <optional>
#include <utility>
#include <variant>

#include <nlohmann/json.hpp>

#include "cli/message_facts.h"
#include "cli/plain_text.h"
#include "cli/recipients.h"
#include "smtpd/request_address.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using smtpd::RecipientClass;
using smtpd::Reply;

const conf::Site& settings_of(const conf::Settings& settings, const smtpd::Policy& policy,
                              const smtpd::Ruling& ruling) {
  return settings.sites.at(static_cast<std::size_t>(ruling.site - policy.sites().data()));
}

std::string request_address(std::uint64_t id, const smtpd::SitePolicy& site) {
  return site.prefix + "request-" + std::to_string(id) + "-" + smtpd::request_hash(id, site.secret) + "@" +
         site.domain;
}

// --- Why -----------------------------------------------------------------------------------------------

std::string why_local(const smtpd::Ruling& ruling) {
  if (!ruling.route) return "postmaster is always taken";
  std::string patterns;
  for (const auto& pattern : ruling.route->recipients)
    patterns += (patterns.empty() ? "" : ", ") + pattern;
  return "a [[route]] names it: " + patterns;
}

std::string why_repairable(const std::string& address, const smtpd::SitePolicy& site) {
  const auto id = smtpd::guess_request(address).id;
  if (!id) return "it looks like a request address, but the number of the request cannot be read";
  return "it looks like a request address, but that of request " + std::to_string(*id) + " is " +
         request_address(*id, site);
}

std::string why_prefix(const smtpd::SitePolicy& site) {
  const auto begins = site.prefix.empty() ? std::string("the whole domain is the site's")
                                          : "it begins with " + std::string(smtpd::stem(site.prefix));
  return begins + (site.secret.empty() ? "; without secret_file no more can be told" : ", and that is all");
}

std::string why_unknown(const smtpd::Ruling& ruling) {
  if (!ruling.site) return "no [[site]] has this domain";
  return "no [[site]] at this domain has a prefix that it begins with, and no [[route]] names it";
}

std::string why(const std::string& address, const smtpd::Ruling& ruling) {
  switch (ruling.recipient_class) {
    case RecipientClass::genuine:
      return "the hash is that of request " +
             std::to_string(smtpd::exact_request(address, ruling.site->secret).value_or(0));
    case RecipientClass::repairable:
      return why_repairable(address, *ruling.site);
    case RecipientClass::prefix:
      return why_prefix(*ruling.site);
    case RecipientClass::listed:
      return "a reject list of this domain names it: its request takes nothing any more";
    case RecipientClass::local:
      return why_local(ruling);
    case RecipientClass::unknown:
      break;
  }
  return why_unknown(ruling);
}

// --- What is said --------------------------------------------------------------------------------------

struct Answer {
  RecipientClass recipient_class = RecipientClass::unknown;
  std::string site, policy, maildrop, why;
  std::optional<std::uint64_t> request;
  bool black_hole = false;
  Reply reply;
};

Answer unreadable() {
  Answer answer;
  answer.why = "it cannot be read as an address";
  answer.reply = {501, "5.1.3", "Bad recipient address syntax", smtpd::Refusal::bad_recipient};
  return answer;
}

Answer answer_of(const conf::Settings& settings, const smtpd::Policy& policy, const smtpd::Path& path) {
  const auto ruling = policy.rule(path);
  const auto address = path.local_part + "@" + path.domain;
  Answer answer;
  answer.recipient_class = ruling.recipient_class;
  answer.why = why(address, ruling);
  if (ruling.site) {
    const auto& site = settings_of(settings, policy, ruling);
    answer.site = site.prefix + "@" + site.domain;
    answer.policy = site.recipients == conf::RecipientPolicy::strict ? "strict" : "prefix";
    answer.request = smtpd::exact_request(address, ruling.site->secret);
  }
  if (const auto* taken = std::get_if<store::Recipient>(&ruling.answer)) {
    answer.maildrop = taken->maildrop;
    answer.black_hole = taken->maildrop.empty();
    answer.reply = {250, "2.1.5", "Ok"};
  } else {
    answer.reply = std::get<Reply>(ruling.answer);
  }
  return answer;
}

void line(std::string_view name, std::string_view value) {
  constexpr std::size_t name_columns = 10;
  if (!value.empty()) std::cout << left(std::string(name), name_columns) << "  " << plain(value) << '\n';
}

void show(const std::string& address, const Answer& answer) {
  line("address", address);
  line("class", smtpd::name_of(answer.recipient_class));
  line("why", answer.why);
  line("site", answer.site.empty() ? "" : answer.site + ", recipients = \"" + answer.policy + "\"");
  line("maildrop", answer.black_hole ? "none: kept in the archive, handed to nobody" : answer.maildrop);
  line("answer", answer.reply.line());
}

void show_json(const std::string& address, const Answer& answer) {
  const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
  const Json object{{"address", address},
                    {"class", smtpd::name_of(answer.recipient_class)},
                    {"why", answer.why},
                    {"site", or_null(answer.site)},
                    {"policy", or_null(answer.policy)},
                    {"request", answer.request ? Json(*answer.request) : Json()},
                    {"maildrop", or_null(answer.maildrop)},
                    {"black_hole", answer.black_hole},
                    {"accepted", answer.reply.positive()},
                    {"code", answer.reply.code},
                    {"enhanced", answer.reply.enhanced},
                    {"text", answer.reply.text}};
  std::cout << to_line(object) << '\n';
}

}  // namespace

int recipient(const conf::Settings& settings, const RecipientOptions& options) {
  const RejectLists reject_lists(settings.sites, {.alarm = [](const std::string& text) { complain(text); },
                                                  .news = [](const std::string&) {}});
  auto sites = sites_of(settings, reject_lists);
  if (!sites) return complain(sites.error());
  const smtpd::Policy policy(std::move(*sites), routes_of(settings));
  const auto parsed = smtpd::parse_path("<" + options.address + ">");
  const bool readable = parsed && !parsed->path.null() && parsed->consumed == options.address.size() + 2;
  auto answer = readable ? answer_of(settings, policy, parsed->path) : unreadable();
  if (settings.smtpd.soft_refuse) answer.reply = smtpd::softened(std::move(answer.reply));
  options.json ? show_json(options.address, answer) : show(options.address, answer);
  return 0;
}

}  // namespace guichet::cli
