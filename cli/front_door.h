// From settings to what stands at the front door, for the gateway and for `guichet client`.
#pragma once

#include <memory>
#include <string>

#include <cstddef>
#include <optional>
#include <stop_token>
#include <tl/expected.hpp>

#include "conf/settings.h"
#include "net/resolver.h"
#include "smtpd/front_door.h"
#include "smtpd/greylist.h"
#include "store/archive.h"
#include "store/index.h"

namespace guichet::cli {

// The error is one line for the operator: a file that cannot be read, an entry in it that is none.
[[nodiscard]] tl::expected<smtpd::DoorRules, std::string> door_rules(const conf::Settings& settings);
[[nodiscard]] smtpd::GreylistOptions greylist_options(const conf::Settings& settings);
[[nodiscard]] net::Resolver::Options resolver_options(const conf::ResolverSettings& settings);

// Tells a greylist who is known from the archive, newest first, so that nobody who has ever written here is
// put off because greylisting was turned on, was off for a while, or its file was lost. References outlive
// it.
class ArchiveLessons {
 public:
  ArchiveLessons(smtpd::Greylist& greylist, const store::Archive& archive)
      : greylist_(greylist), archive_(archive) {}
  // Of at most so many messages: a record of each is read, some thousands a second. Nothing to learn:
  // returns.
  void learn(std::size_t messages, const std::stop_token& stop = {});

 private:
  [[nodiscard]] bool learn_from(const store::MessageRow& row);

  smtpd::Greylist& greylist_;
  const store::Archive& archive_;
  std::optional<store::MessageId> before_;  // where the last call ended
};

// Whether anything in it is turned on; without it the gateway has no door.
[[nodiscard]] bool in_use(const smtpd::DoorRules& rules);
[[nodiscard]] inline bool asks_dns(const smtpd::DoorRules& rules) {
  return rules.reverse_name || !rules.lists.empty();
}
[[nodiscard]] inline bool remembers(const smtpd::DoorRules& rules) {
  return rules.greylist || rules.greet_delay_ms > 0;
}

}  // namespace guichet::cli
