#include "smtpd/grammar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <system_error>

#include "smtpd/ascii.h"

namespace guichet::smtpd {

namespace {

using enum ArgumentRule;

constexpr bool kIdle = true;
constexpr bool kNotIdle = false;  // it moves mail on, or is refused and counts as an error

// QUIT and NOOP take an argument although RFC 5321 4.1.1.9 and RFC 5321 4.1.1.10 give QUIT none: Postfix
// does, and a client that wants to leave should be let go.
constexpr auto kVerbs = std::to_array<VerbRow>({
    {"HELO", Verb::kHelo, kRequired, kIdle, "HELO hostname"},
    {"EHLO", Verb::kEhlo, kRequired, kIdle, "EHLO hostname"},
    {"MAIL", Verb::kMail, kRequired, kNotIdle, "MAIL FROM:<address>"},
    {"RCPT", Verb::kRcpt, kRequired, kNotIdle, "RCPT TO:<address>"},
    {"DATA", Verb::kData, kNone, kNotIdle, "DATA"},
    {"RSET", Verb::kRset, kNone, kIdle, "RSET"},
    {"NOOP", Verb::kNoop, kOptional, kIdle, "NOOP"},
    {"VRFY", Verb::kVrfy, kRequired, kIdle, "VRFY address"},
    {"HELP", Verb::kHelp, kOptional, kIdle, "HELP"},
    {"QUIT", Verb::kQuit, kOptional, kNotIdle, "QUIT"},
    {"STARTTLS", Verb::kStartTls, kNone, kIdle, "STARTTLS"},
    {"BDAT", Verb::kBdat, kOptional, kNotIdle, "BDAT"},
    {"XCLIENT", Verb::kXclient, kRequired, kIdle, "XCLIENT attribute=value..."},
    {"XFORWARD", Verb::kXforward, kRequired, kIdle, "XFORWARD attribute=value..."},
    {"EXPN", Verb::kNotImplemented, kOptional, kNotIdle, "EXPN"},
    {"AUTH", Verb::kNotImplemented, kOptional, kNotIdle, "AUTH"},
    {"ETRN", Verb::kNotImplemented, kOptional, kNotIdle, "ETRN"},
    {"CONNECT", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"DELETE", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"GET", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"HEAD", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"OPTIONS", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"POST", Verb::kNotSmtp, kOptional, kNotIdle, ""},
    {"PUT", Verb::kNotSmtp, kOptional, kNotIdle, ""},
});

constexpr VerbRow kUnknownRow{"", Verb::kUnknown, kOptional, kNotIdle, ""};
constexpr VerbRow kNotSmtpRow{"", Verb::kNotSmtp, kOptional, kNotIdle, ""};

// A header line where a command should be is the body of a message whose DATA was refused, or a web form
// that posts to port 25; a first octet that is no letter is HTML, or a TLS handshake.
bool looks_like_content(std::string_view word) {
  return !word.empty() && (!ascii_letter(word.front()) || word.find(':') != std::string_view::npos);
}

const VerbRow& row_of(std::string_view word) {
  const auto row = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const VerbRow& candidate) {
    return ascii_iequals(candidate.name, word);
  });
  if (row != kVerbs.end()) return *row;
  return looks_like_content(word) ? kNotSmtpRow : kUnknownRow;
}

// keyword [ "=" value ], RFC 5321 4.1.2
struct Parameter {
  std::string_view written;
  std::string_view keyword;
  std::optional<std::string_view> value;
};

std::optional<Parameter> take_parameter(std::string_view& text) {
  text = skip_blanks(text);
  if (text.empty()) return std::nullopt;
  const auto word = first_word(text);
  text.remove_prefix(word.size());
  const auto equals = word.find('=');
  if (equals == std::string_view::npos) return Parameter{word, word, std::nullopt};
  return Parameter{word, word.substr(0, equals), word.substr(equals + 1)};
}

// RFC 5321 4.1.1.11: 555 for a parameter that is not recognized.
Reply unsupported(const Parameter& parameter) {
  return {555, "5.5.4", "Unsupported option: " + std::string(parameter.written), Refusal::bad_parameter};
}

// RFC 1870 6: up to 20 digits, which may be more than 64 bits hold; that is then too large for certain.
std::optional<std::uint64_t> parse_size(std::string_view digits) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (digits.empty() || end != digits.data() + digits.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return error == std::errc{} ? std::optional(size) : std::nullopt;
}

// AUTH belongs to RFC 4954 5, RET and ENVID to RFC 3461 4.3 and RFC 3461 4.4. None is offered, Postfix takes
// them all, and there is nothing to do for them: we never relay and never send a notification.
constexpr std::array<std::string_view, 3> kMailParametersIgnored{"AUTH", "RET", "ENVID"};
// RFC 3461 4.1, RFC 3461 4.2
constexpr std::array<std::string_view, 2> kRcptParametersIgnored{"NOTIFY", "ORCPT"};

bool ignored(const auto& keywords, const Parameter& parameter) {
  return parameter.value && std::any_of(keywords.begin(), keywords.end(), [&](std::string_view keyword) {
           return ascii_iequals(keyword, parameter.keyword);
         });
}

std::optional<Reply> read_size(MailParameters& read, const Parameter& parameter) {
  const auto size = parse_size(parameter.value.value_or(""));
  if (!size) return Reply{501, "5.5.4", "Bad message size syntax", Refusal::bad_size};
  read.size_declared = *size;
  return std::nullopt;
}

// RFC 6152 3. BINARYMIME (RFC 3030 3) is not offered, CHUNKING or not.
std::optional<Reply> read_body(MailParameters& read, const Parameter& parameter) {
  const auto value = parameter.value.value_or("");
  read.body_8bitmime = ascii_iequals(value, "8BITMIME");
  if (!read.body_8bitmime && !ascii_iequals(value, "7BIT")) return unsupported(parameter);
  return std::nullopt;
}

std::optional<Reply> read_mail_parameter(MailParameters& read, const Parameter& parameter) {
  if (ascii_iequals(parameter.keyword, "SIZE")) return read_size(read, parameter);
  if (ascii_iequals(parameter.keyword, "BODY")) return read_body(read, parameter);
  // RFC 6531 3.4: SMTPUTF8 has no value.
  if (ascii_iequals(parameter.written, "SMTPUTF8")) {
    read.smtputf8 = true;
    return std::nullopt;
  }
  return ignored(kMailParametersIgnored, parameter) ? std::nullopt : std::optional(unsupported(parameter));
}

}  // namespace

bool Command::argument_fits() const {
  return row->argument == kOptional || (row->argument == kRequired) != argument.empty();
}

Command parse_command(std::string_view line) {
  line = skip_blanks(line);
  const auto word = first_word(line);
  return {&row_of(word), skip_blanks(line.substr(word.size()))};
}

bool has_control_octets(std::string_view line) {
  return std::any_of(line.begin(), line.end(), [](char c) { return ascii_control(c) && c != '\t'; });
}

std::optional<std::string_view> after_keyword(std::string_view argument, std::string_view keyword) {
  if (!ascii_iequals(argument.substr(0, keyword.size()), keyword)) return std::nullopt;
  return skip_blanks(argument.substr(keyword.size()));
}

std::optional<ChunkSize> parse_chunk_size(std::string_view argument) {
  const auto digits = first_word(argument);
  const auto rest = skip_blanks(argument.substr(digits.size()));
  const auto octets = parse_size(digits);
  if (!octets || !(rest.empty() || ascii_iequals(rest, "LAST"))) return std::nullopt;
  return ChunkSize{*octets, !rest.empty()};
}

tl::expected<MailParameters, Reply> parse_mail_parameters(std::string_view text) {
  MailParameters read;
  while (const auto parameter = take_parameter(text)) {
    if (auto refusal = read_mail_parameter(read, *parameter)) return tl::unexpected(*std::move(refusal));
  }
  return read;
}

std::optional<Reply> refuse_rcpt_parameters(std::string_view text) {
  while (const auto parameter = take_parameter(text)) {
    if (!ignored(kRcptParametersIgnored, *parameter)) return unsupported(*parameter);
  }
  return std::nullopt;
}

}  // namespace guichet::smtpd
