#include "filters/dmarc_record.h"

#include <algorithm>
#include <vector>

#include "filters/ascii.h"
#include "filters/message.h"
#include "filters/tag_list.h"

namespace guichet::filters {
namespace {

constexpr std::size_t record_octets_max = 8 * 1024;  // of which a DNS answer can hold many times more
constexpr std::size_t tags_read_max = 64;
using Alignment = PublicSuffix::Alignment;

struct Spec {
  std::string_view name, value;
};

// RFC 7489 6.3: what is not well-formed after v= is passed over, and its default counts. So this is not
// TagList, for which one such tag spoils the list.
std::vector<Spec> specs_of(std::string_view text) {
  std::vector<Spec> specs;
  for (const auto part : parts_of(text.substr(0, record_octets_max), ';')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || specs.size() == tags_read_max) continue;
    specs.push_back({.name = trimmed(part.substr(0, equals)), .value = trimmed(part.substr(equals + 1))});
  }
  return specs;
}

// The first of that name.
std::optional<std::string_view> value_of(const std::vector<Spec>& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(),
                                  [&](const Spec& spec) { return same_letters(spec.name, name); });
  return found == specs.end() ? std::nullopt : std::optional(found->value);
}

std::optional<DmarcPolicy> policy_of(std::string_view name) {
  for (const auto policy : {DmarcPolicy::none, DmarcPolicy::quarantine, DmarcPolicy::reject})
    if (same_letters(name, name_of(policy))) return policy;
  return std::nullopt;
}

Alignment alignment_of(const std::vector<Spec>& specs, std::string_view name) {
  return same_letters(value_of(specs, name).value_or("r"), "s") ? Alignment::strict : Alignment::relaxed;
}

bool asks_for_reports(const std::vector<Spec>& specs) {
  for (const auto uri : parts_of(value_of(specs, "rua").value_or(""), ','))
    if (same_letters(uri.substr(0, 7), "mailto:") && uri.find('@') != std::string_view::npos) return true;
  return false;
}

}  // namespace

std::string_view name_of(DmarcPolicy policy) {
  switch (policy) {
    case DmarcPolicy::none:
      return "none";
    case DmarcPolicy::quarantine:
      return "quarantine";
    case DmarcPolicy::reject:
      return "reject";
  }
  return "none";
}

// RFC 7489 6.4: dmarc-version = "v" *WSP "=" *WSP %x44 %x4d %x41 %x52 %x43 %x31
bool is_dmarc_record(std::string_view text) {
  if (!text.starts_with('v')) return false;
  const auto specs = specs_of(text.substr(0, text.find(';')));
  return !specs.empty() && specs.front().name == "v" && specs.front().value == "DMARC1";
}

std::optional<DmarcRecord> read_dmarc_record(std::string_view text) {
  const auto specs = specs_of(text);
  const auto policy = policy_of(value_of(specs, "p").value_or(""));
  const auto sp = value_of(specs, "sp");
  const auto subdomain_policy = sp ? policy_of(*sp) : policy;
  DmarcRecord record{.dkim = alignment_of(specs, "adkim"), .spf = alignment_of(specs, "aspf")};
  if (policy && subdomain_policy) {
    record.policy = *policy;
    record.subdomain_policy = *subdomain_policy;
  } else if (!asks_for_reports(specs)) {
    return std::nullopt;
  }
  return record;
}

}  // namespace guichet::filters
