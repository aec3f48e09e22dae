#include "smtpd/driver_refusals.h"

#include <algorithm>
#include <array>
#include <string>

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

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words)
    all.append(all.empty() ? "" : " ").append(word);
  return all;
}

}  // namespace

void mention_counters() {
  (void)counters();
  for (const auto* name :
       {"smtp.sessions", "smtp.filed", "smtp.tls_failed", "smtp.proxy_failed", "smtp.unread"})
    (void)net::counter(name);
}

void note_refusal(const Client& client, const Envelope& session, const Refused& refused) {
  counters().at(static_cast<std::size_t>(refused.reply.why))->add();
  net::log_event(net::Level::info, "smtp.refused",
                 {{"session", session.session},
                  {"client", to_text(client)},
                  {"reason", std::string(name_of(refused.reply.why))},
                  {"at", std::string(name_of(refused.stage))},
                  {"from", refused.mail_from.value_or("")},
                  {"to", joined(refused.recipients)},
                  {"said", refused.said},
                  {"reply", refused.reply.line()}});
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
