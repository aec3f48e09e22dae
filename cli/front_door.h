// From settings to what stands at the front door, for the gateway and for `guichet client`.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "conf/settings.h"
#include "net/resolver.h"
#include "smtpd/front_door.h"
#include "smtpd/greylist.h"
#include "store/archive.h"

namespace guichet::cli {

// The error is one line for the operator: a file that cannot be read, an entry in it that is none.
[[nodiscard]] tl::expected<smtpd::DoorRules, std::string> door_rules(const conf::Settings& settings);
[[nodiscard]] smtpd::GreylistOptions greylist_options(const conf::Settings& settings);
[[nodiscard]] net::Resolver::Options resolver_options(const conf::ResolverSettings& settings);

// Where the greylist has no file yet: who delivered lately is known from the archive, so that nobody who has
// ever written here is put off because greylisting was turned on, or its file deleted. Reads; may be slow.
void learn_from_archive(smtpd::Greylist& greylist, const store::Archive& archive);

// Whether anything in it is turned on; without it the gateway has no door.
[[nodiscard]] bool in_use(const smtpd::DoorRules& rules);
[[nodiscard]] inline bool asks_dns(const smtpd::DoorRules& rules) {
  return rules.reverse_name || !rules.lists.empty();
}
[[nodiscard]] inline bool remembers(const smtpd::DoorRules& rules) {
  return rules.greylist || rules.greet_delay_ms > 0;
}

}  // namespace guichet::cli
