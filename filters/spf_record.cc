#include "filters/spf_record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "filters/ascii.h"

namespace guichet::filters {
namespace {

constexpr std::string_view version = "v=spf1";
constexpr std::string_view digits = "0123456789";

using Wrong = std::optional<std::string>;

// Strings of the grammar are read in any case (RFC 5234 2.3). `known` is lower case.
bool same_word(std::string_view text, std::string_view known) {
  return std::ranges::equal(text, known, {}, lower);
}

struct MechanismForm {
  std::string_view name;
  SpfMechanism mechanism;
  bool domain_taken, domain_needed;
  bool cidr_taken;  // dual-cidr-length
};

// RFC 7208 5
constexpr std::array<MechanismForm, 8> forms{{
    {"all", SpfMechanism::all, false, false, false},
    {"include", SpfMechanism::include, true, true, false},
    {"a", SpfMechanism::a, true, false, true},
    {"mx", SpfMechanism::mx, true, false, true},
    {"ptr", SpfMechanism::ptr, true, false, false},
    {"ip4", SpfMechanism::ip4, false, false, false},
    {"ip6", SpfMechanism::ip6, false, false, false},
    {"exists", SpfMechanism::exists, true, true, false},
}};

// RFC 7208 4.6.2
std::optional<AuthResult> qualifier(char c) {
  switch (c) {
    case '+':
      return AuthResult::pass;
    case '-':
      return AuthResult::fail;
    case '~':
      return AuthResult::softfail;
    case '?':
      return AuthResult::neutral;
    default:
      return std::nullopt;
  }
}

// RFC 7208 5.6 and 12: "0", or digits that do not begin with 0; 032 is no number.
std::optional<unsigned> cidr_length(std::string_view text, unsigned most) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  unsigned bits = 0;
  for (const char c : text)
    bits = bits * 10 + static_cast<unsigned>(c - '0');
  return bits <= most ? std::optional(bits) : std::nullopt;
}

// Takes the last `slash` and the digits behind it off the end of `text`, if that is how it ends. Neither a
// toplabel nor a macro can end so: what is taken never belonged to a domain.
std::optional<std::string_view> take_number(std::string_view& text, std::string_view slash) {
  const auto last = text.find_last_not_of(digits);
  if (last == std::string_view::npos || last + 1 == text.size()) return std::nullopt;
  if (!text.substr(0, last + 1).ends_with(slash)) return std::nullopt;
  const auto number = text.substr(last + 1);
  text = text.substr(0, last + 1 - slash.size());
  return number;
}

// RFC 7208 5.3 dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
Wrong take_dual_cidr(std::string_view& text, SpfDirective& made) {
  if (const auto number = take_number(text, "//")) {
    const auto bits = cidr_length(*number, 128);
    if (!bits) return "no length of an IPv6 prefix: //" + spf_quoted(*number);
    made.ip6_bits = *bits;
  }
  if (const auto number = take_number(text, "/")) {
    const auto bits = cidr_length(*number, 32);
    if (!bits) return "no length of an IPv4 prefix: /" + spf_quoted(*number);
    made.ip4_bits = *bits;
  }
  return std::nullopt;
}

// RFC 7208 5.6: ":" and a whole address, perhaps a cidr-length of its own kind.
Wrong network(std::string_view rest, SpfDirective& made) {
  const bool v4 = made.mechanism == SpfMechanism::ip4;
  if (const auto number = take_number(rest, "/")) {
    const auto bits = cidr_length(*number, v4 ? 32 : 128);
    if (!bits) return "no length of a prefix: /" + spf_quoted(*number);
    (v4 ? made.ip4_bits : made.ip6_bits) = *bits;
  }
  if (!rest.starts_with(':')) return "an address is missing";
  const auto text = rest.substr(1);
  auto address = v4 ? parse_ip4(text) : parse_ip6(text);
  if (!address) return "no " + std::string(v4 ? "IPv4" : "IPv6") + " address: \"" + spf_quoted(text) + "\"";
  made.network = std::move(*address);
  return std::nullopt;
}

// A frequent slip, worth words of its own: "a:192.0.2.1" is no domain.
std::string domain_trouble(std::string_view text, const std::string& why) {
  return parse_ip4(text) || parse_ip6(text) ? "an address stands where a domain belongs; ip4 or ip6 was meant"
                                            : why;
}

Wrong domain(std::string_view rest, const MechanismForm& form, SpfDirective& made) {
  if (form.cidr_taken) {
    if (auto wrong = take_dual_cidr(rest, made)) return wrong;
  }
  if (rest.empty()) return form.domain_needed ? Wrong("a domain is missing") : std::nullopt;
  if (!form.domain_taken || rest.front() != ':') return "nothing may follow: \"" + spf_quoted(rest) + "\"";
  auto spec = parse_domain_spec(rest.substr(1));
  if (!spec) return domain_trouble(rest.substr(1), spec.error());
  made.domain = std::move(*spec);
  return std::nullopt;
}

// RFC 7208 4.6.1 directive = [ qualifier ] mechanism
Wrong add_directive(std::string_view term, SpfRecord& record) {
  SpfDirective made;
  if (const auto written = qualifier(term.front())) {
    made.if_matched = *written;
    term.remove_prefix(1);
  }
  const auto end = std::min(term.find_first_of(":/"), term.size());
  const auto* form = std::ranges::find_if(
      forms, [name = term.substr(0, end)](const MechanismForm& f) { return same_word(name, f.name); });
  if (form == forms.end()) return "no such mechanism";
  made.mechanism = form->mechanism;
  const bool addressed = made.mechanism == SpfMechanism::ip4 || made.mechanism == SpfMechanism::ip6;
  const auto rest = term.substr(end);
  if (auto wrong = addressed ? network(rest, made) : domain(rest, *form, made)) return wrong;
  record.directives.push_back(std::move(made));
  return std::nullopt;
}

// RFC 7208 6: each of the two at most once in a record. A broken one is an error, and not an unknown
// modifier, though the grammar could be read so.
Wrong set_domain(std::optional<SpfMacroString>& place, std::string_view value) {
  if (place) return "stands twice in the record";
  auto spec = parse_domain_spec(value);
  if (!spec) return spec.error();
  place = std::move(*spec);
  return std::nullopt;
}

Wrong add_modifier(std::string_view name, std::string_view value, SpfRecord& record) {
  if (same_word(name, "redirect")) return set_domain(record.redirect, value);
  if (same_word(name, "exp")) return set_domain(record.explanation, value);
  // RFC 7208 6: ignored, if it is well-formed
  const auto unknown = parse_macro_string(value);
  return unknown ? std::nullopt : Wrong(unknown.error());
}

// RFC 7208 4.6.1: a modifier has its "=" right behind its name, before any ":" or "/".
// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
std::size_t modifier_name_octets(std::string_view term) {
  const auto letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  const auto allowed = [&](char c) {
    return letter(c) || digits.find(c) != std::string_view::npos || c == '-' || c == '_' || c == '.';
  };
  if (!letter(term.front())) return 0;
  const auto end = static_cast<std::size_t>(std::ranges::find_if_not(term, allowed) - term.begin());
  return end < term.size() && term[end] == '=' ? end : 0;
}

Wrong add_term(std::string_view term, SpfRecord& record) {
  const auto name = modifier_name_octets(term);
  if (name == 0) return add_directive(term, record);
  return add_modifier(term.substr(0, name), term.substr(name + 1), record);
}

}  // namespace

bool is_spf_record(std::string_view text) {
  if (!same_word(text.substr(0, version.size()), version)) return false;
  return text.size() == version.size() || text[version.size()] == ' ';
}

SpfParsed<SpfRecord> parse_spf_record(std::string_view text) {
  if (text.size() > spf_record_octets_max) return tl::unexpected<std::string>("the record is too long");
  SpfRecord record;
  text.remove_prefix(version.size());
  // RFC 7208 4.6.1: terms = *( 1*SP ( directive / modifier ) ), and spaces at the end. Only spaces separate.
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    const auto term = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (term.empty()) continue;
    if (const auto wrong = add_term(term, record))
      return tl::unexpected("\"" + spf_quoted(term) + "\": " + *wrong);
  }
  return record;
}

}  // namespace guichet::filters
