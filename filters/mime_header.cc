#include "filters/mime_header.h"

#include <algorithm>

#include "filters/ascii.h"
#include "filters/mime_charset.h"
#include "filters/mime_decoder.h"
#include "filters/mime_grammar.h"

namespace guichet::filters {
namespace {

constexpr std::size_t word_octets_max = 100;  // of a charset, a disposition, an encoding
constexpr std::string_view type_default = "text/plain";

std::string_view first_value(const Message& message, std::string_view name) {
  for (const auto& field : message.fields)
    if (same_letters(field.name, name)) return field.value;
  return {};
}

// RFC 2045 5.1: type "/" subtype, both tokens.
bool is_type(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) return false;
  return text.find('/', slash + 1) == std::string_view::npos &&
         text.find_first_of(" \t()<>@,;:\\\"[]?=") == std::string_view::npos;
}

void read_type(PartHeader& header, const StructuredField& field) {
  header.type = one_line(field.value, field.value.size());
  if (!is_type(header.type)) header.type = type_default;
  header.charset = lower_case(one_line(field.octets("charset"), word_octets_max));
  header.boundary = field.octets("boundary");
  // RFC 2046 5.1.1: it never ends with white space.
  header.boundary.resize(header.boundary.find_last_not_of(" \t") + 1);
  header.protocol = lower_case(one_line(field.octets("protocol"), word_octets_max));
  header.report_type = lower_case(one_line(field.octets("report-type"), word_octets_max));
  header.smime_type = lower_case(one_line(field.octets("smime-type"), word_octets_max));
}

std::string token(std::string_view text) {
  return one_line(text.substr(0, text.find_first_of(" \t,=")), word_octets_max);
}

// Where a header can stand that is within the limits, and the empty line after it.
constexpr std::size_t window_octets = header_octets_max + field_octets_max;

// split() leaves a field out when it is too long; then there is a gap.
bool lacks_field(const Message& message) {
  const char* end = message.header.data();
  for (const auto& field : message.fields) {
    if (field.whole.data() > end + field_octets_max) return true;
    end = field.whole.data() + field.whole.size();
  }
  return message.header.data() + message.header.size() > end + field_octets_max;
}

}  // namespace

bool PartHeader::is_message() const {
  return (type == "message/rfc822" || type == "message/global") &&
         transfer_encoding(encoding) == TransferEncoding::identity;
}

PartHeader read_part_header(const Message& message, std::string_view default_type) {
  PartHeader header;
  const auto type_value = first_value(message, "Content-Type");
  const auto type = parse_structured(type_value.empty() ? default_type : type_value);
  const auto disposition = parse_structured(first_value(message, "Content-Disposition"));
  read_type(header, type);
  header.disposition = token(disposition.value);
  header.encoding = token(first_token(first_value(message, "Content-Transfer-Encoding")));
  header.name = disposition.text("filename");
  if (header.name.empty()) header.name = type.text("name");
  header.too_many_parameters = type.too_many || disposition.too_many;
  return header;
}

Message split_header(std::string_view octets) {
  return split(octets.substr(0, window_octets));
}

std::string header_limit_passed(const Message& message) {
  if (message.header.size() > header_octets_max) return "a header of more than 256 KB";
  if (lacks_field(message)) return "a header field of more than 64 KB";
  return {};
}

}  // namespace guichet::filters
