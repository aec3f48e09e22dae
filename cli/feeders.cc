#include "cli/feeders.h"

#include <charconv>
#include <utility>

#include "cli/first_line.h"
#include "handover/action_mailbox.h"
#include "handover/maildir.h"
#include "handover/pipe.h"
#include "handover/smtp_route.h"

namespace guichet::cli {
namespace {

using conf::Maildrop;
using conf::MaildropDriver;
using conf::Settings;
using Made = tl::expected<std::unique_ptr<handover::Driver>, std::string>;

std::chrono::seconds time_limit(const Maildrop& maildrop) {
  return std::chrono::seconds(maildrop.time_limit_s);
}

Made make_action_mailbox(const Maildrop& maildrop) {
  auto password = first_line(maildrop.password_file, "password");
  if (!password) return tl::unexpected(password.error());
  return std::make_unique<handover::ActionMailboxDriver>(
      handover::ActionMailboxOptions{.url = maildrop.url,
                                     .password = std::move(*password),
                                     .ca_file = maildrop.ca_file,
                                     .time_limit = time_limit(maildrop)});
}

Made make_pipe(const Settings& settings, const Maildrop& maildrop) {
  handover::PipeOptions options{.command = maildrop.command,
                                .environment = maildrop.environment,
                                .time_limit = time_limit(maildrop),
                                .refusing_exits = {},
                                .spool_folder = settings.store.path / "spool"};
  for (const auto& code : maildrop.refusing_exits)
    options.refusing_exits.push_back(std::stoi(code));
  return std::make_unique<handover::PipeDriver>(std::move(options));
}

handover::StartTls start_tls(conf::RelayTls tls) {
  switch (tls) {
    case conf::RelayTls::never:
      return handover::StartTls::never;
    case conf::RelayTls::when_offered:
      return handover::StartTls::when_offered;
    case conf::RelayTls::required:
      break;
  }
  return handover::StartTls::required;
}

Made make_smtp(const Settings& settings, const Maildrop& maildrop) {
  const auto colon = maildrop.relay.rfind(':');
  auto host = maildrop.relay.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  std::from_chars(maildrop.relay.data() + colon + 1, maildrop.relay.data() + maildrop.relay.size(), port);
  return std::make_unique<handover::SmtpRouteDriver>(
      handover::SmtpRouteOptions{.host = std::move(host),
                                 .port = port,
                                 .hostname = settings.smtpd.hostname,
                                 .tls = start_tls(maildrop.starttls),
                                 .ca_file = maildrop.ca_file,
                                 .time_limit = time_limit(maildrop)});
}

// Null: it is collected, not pushed.
Made make_driver(const Settings& settings, const Maildrop& maildrop, store::Disk& disk) {
  switch (maildrop.driver) {
    case MaildropDriver::pop3:
      return nullptr;
    case MaildropDriver::maildir:
      return std::make_unique<handover::MaildirDriver>(disk, maildrop.path, settings.smtpd.hostname);
    case MaildropDriver::action_mailbox:
      return make_action_mailbox(maildrop);
    case MaildropDriver::pipe:
      return make_pipe(settings, maildrop);
    case MaildropDriver::smtp:
      break;
  }
  return make_smtp(settings, maildrop);
}

}  // namespace

tl::expected<void, std::string> Feeders::start(const Settings& settings, store::Store& store,
                                               store::Disk& disk, store::Clock& clock,
                                               const handover::Say& say) {
  std::vector<std::unique_ptr<handover::Feeder>> started;
  for (const auto& maildrop : settings.maildrops) {
    auto driver = make_driver(settings, maildrop, disk);
    if (!driver) return tl::unexpected(driver.error());
    if (*driver)
      started.push_back(std::make_unique<handover::Feeder>(handover::FeedOptions{.maildrop = maildrop.name},
                                                           std::move(*driver), store, clock, say));
  }
  const std::lock_guard lock(mutex_);
  feeders_ = std::move(started);
  return {};
}

void Feeders::stop() {
  std::vector<std::unique_ptr<handover::Feeder>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(feeders_);
  }
}

void Feeders::wake() {
  const std::lock_guard lock(mutex_);
  for (const auto& feeder : feeders_)
    feeder->wake();
}

}  // namespace guichet::cli
