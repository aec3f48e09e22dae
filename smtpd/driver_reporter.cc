#include "smtpd/driver_reporter.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "net/counters.h"
#include "net/log.h"

namespace guichet::smtpd {
namespace {

using Counters = std::array<net::Counter*, refusal_names.size()>;

const Counters& counters() {
  static const auto all = [] {
    Counters made{};
    std::ranges::transform(refusal_names, made.begin(), [](std::string_view name) {
      return &net::counter("smtp.refused." + std::string(name));
    });
    return made;
  }();
  return all;
}

net::Counter& kept() {
  static auto& counter = net::counter("refusals.kept");
  return counter;
}

net::Counter& left_out() {
  static auto& counter = net::counter("refusals.left_out");
  return counter;
}

std::vector<std::string> addresses_of(const std::vector<store::Recipient>& recipients) {
  std::vector<std::string> addresses;
  for (const auto& recipient : recipients)
    addresses.push_back(recipient.address);
  return addresses;
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words)
    all.append(all.empty() ? "" : " ").append(word);
  return all;
}

}  // namespace

void mention_counters() {
  (void)counters();
  for (const auto* name : {"smtp.sessions", "smtp.filed", "smtp.tls_failed", "smtp.proxy_failed",
                           "smtp.unread", "refusals.kept", "refusals.left_out"})
    (void)net::counter(name);
}

void Reporter::filed(const Filing& filing) const {
  static auto& messages = net::counter("smtp.filed");
  const auto& filed = filing.result;
  if (filed) messages.add();
  if (filed && filing.accepted && postfix_log_) {
    const auto facts = postfix_facts(filing.id.uuid, filing.client, filing.envelope.mail_from);
    postfix_log_(postfix_day(facts.at),
                 lines_of_filing(facts, addresses_of(filing.recipients), filing.octets));
  }
  net::log_event(filed ? net::Level::info : net::Level::error, filed ? "smtp.filed" : "smtp.not_filed",
                 {{"session", filing.envelope.session},
                  {"client", to_text(filing.client)},
                  {"id", filing.id.uuid.text()},
                  {"from", filing.envelope.mail_from},
                  {"recipients", std::to_string(filing.recipients.size())},
                  {"octets", std::to_string(filing.octets)},
                  {"error", filed ? "" : filed.error().text}});
}

void Reporter::refused(const Refusing& refusing) const {
  const auto& refused = refusing.refused;
  counters().at(static_cast<std::size_t>(refused.reply.why))->add();
  // A flood is counted and not written, neither there nor here.
  const auto added = keeper_ ? keep(refusing) : RefusalKeeper::Added::not_wanted;
  if (added == RefusalKeeper::Added::kept) kept().add();
  if (added == RefusalKeeper::Added::left_out || added == RefusalKeeper::Added::no_room) left_out().add();
  if (postfix_log_ && added != RefusalKeeper::Added::left_out) {
    const auto facts = postfix_facts(refusing.session, refusing.client, refused.mail_from.value_or(""));
    postfix_log_(postfix_day(facts.at), lines_of_refusal(facts, refused));
  }
  net::log_event(net::Level::info, "smtp.refused",
                 {{"session", refusing.session_facts.session},
                  {"client", to_text(refusing.client)},
                  {"reason", std::string(name_of(refused.reply.why))},
                  {"at", std::string(name_of(refused.stage))},
                  {"from", refused.mail_from.value_or("")},
                  {"to", joined(refused.recipients)},
                  {"said", refused.said},
                  {"reply", refused.reply.line()}});
}

RefusalKeeper::Added Reporter::keep(const Refusing& refusing) const {
  return keeper_->add({.at = clock_.now(),
                       .host = hostname_,
                       .client = refusing.client,
                       .session = refusing.session_facts,
                       .refused = refusing.refused,
                       .recipient_class = refusing.recipient_class});
}

PostfixFacts Reporter::postfix_facts(const store::Uuid& id, const Client& client,
                                     const std::string& mail_from) const {
  return {.at = clock_.now(),
          .host = hostname_,
          .process = ::getpid(),
          .id = id,
          .client = client,
          .mail_from = mail_from};
}

void note_unread_replies(const Client& client, const std::string& session) {
  static auto& unread = net::counter("smtp.unread");
  unread.add();
  net::log_event(net::Level::info, "smtp.unread", {{"session", session}, {"client", to_text(client)}});
}

void note_failed_proxy(const Client& client, const std::string& session, const std::string& why) {
  static auto& failed = net::counter("smtp.proxy_failed");
  failed.add();
  net::log_event(net::Level::warn, "smtp.proxy_failed",
                 {{"session", session}, {"client", to_text(client)}, {"error", why}});
}

void note_failed_handshake(const Client& client, const std::string& session, const std::string& why) {
  static auto& failed = net::counter("smtp.tls_failed");
  failed.add();
  net::log_event(net::Level::info, "smtp.tls_failed",
                 {{"session", session}, {"client", to_text(client)}, {"error", why}});
}

}  // namespace guichet::smtpd
