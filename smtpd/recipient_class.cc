#include "smtpd/recipient_class.h"

#include <algorithm>
#include <array>

#include "smtpd/ascii.h"
#include "smtpd/request_address.h"

namespace guichet::smtpd {
namespace {

constexpr std::array<std::string_view, 6> names{"GENUINE", "REPAIRABLE", "PREFIX",
                                                "LISTED",  "LOCAL",      "UNKNOWN"};

}  // namespace

std::string_view name_of(RecipientClass recipient_class) {
  return names.at(static_cast<std::size_t>(recipient_class));
}

std::optional<RecipientClass> recipient_class_of(std::string_view name) {
  const auto* found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<RecipientClass>(found - names.begin());
}

std::string_view stem(std::string_view prefix) {
  const auto last = prefix.find_last_not_of("+-_.");
  return last == std::string_view::npos ? prefix : prefix.substr(0, last + 1);
}

RecipientClass site_class(std::string_view address, const SiteAddresses& site) {
  if (exact_request(address, site.secret)) return RecipientClass::genuine;
  const auto start = stem(site.prefix);
  if (!ascii_iequals(address.substr(0, start.size()), start)) return RecipientClass::unknown;
  const bool repairable = !site.secret.empty() && guess_request(address).promising();
  return repairable ? RecipientClass::repairable : RecipientClass::prefix;
}

}  // namespace guichet::smtpd
