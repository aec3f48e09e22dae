#include "filters/spf_lookups.h"

#include <algorithm>

#include "filters/ascii.h"
#include "filters/spf_macro.h"

namespace guichet::filters {
namespace {

constexpr std::size_t label_octets_max = 63;  // RFC 1035 2.3.4

}  // namespace

tl::unexpected<SpfError> spf_permerror(std::string why) {
  return tl::unexpected(SpfError{AuthResult::permerror, std::move(why)});
}

tl::unexpected<SpfError> spf_temperror(std::string why) {
  return tl::unexpected(SpfError{AuthResult::temperror, std::move(why)});
}

bool is_dns_name(std::string_view name) {
  if (name.size() > spf_domain_octets_max || name.find('.') == std::string_view::npos) return false;
  if (name.find_first_of(std::string_view("\0\\", 2)) != std::string_view::npos) return false;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.' && label == 0) return false;
    label = c == '.' ? 0 : label + 1;
    if (label > label_octets_max) return false;
  }
  return label > 0;
}

SpfOr<void> SpfLookups::count_term() {
  if (++terms_ <= limits_.terms_max) return {};
  return spf_permerror("the record needs more than " + std::to_string(limits_.terms_max) +
                       " terms that ask DNS");
}

SpfOr<NameAnswer> SpfLookups::ask(std::string name, NameType type) {
  auto found = answer({lower_case(std::move(name)), type});
  if (!found || found->outcome != NameAnswer::Outcome::nothing || !counts_voids_) return found;
  if (++voids_ <= limits_.voids_max) return found;
  return spf_permerror("more than " + std::to_string(limits_.voids_max) + " look-ups found nothing");
}

SpfOr<NameAnswer> SpfLookups::ask_surely(const std::string& name, NameType type) {
  auto found = ask(name, type);
  if (found && found->outcome == NameAnswer::Outcome::failed)
    return spf_temperror("DNS did not answer for \"" + spf_quoted(name) + "\"");
  return found;
}

SpfOr<NameAnswer> SpfLookups::answer(const NameQuestion& question) {
  std::pair key(question.name, question.type);
  if (const auto known = known_.find(key); known != known_.end()) return known->second;
  if (queries_ == limits_.queries_max)
    return spf_temperror("more than " + std::to_string(limits_.queries_max) + " questions to DNS are needed");
  ++queries_;
  return known_.emplace(std::move(key), names_.ask(question)).first->second;
}

}  // namespace guichet::filters
