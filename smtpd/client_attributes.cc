#include "smtpd/client_attributes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "smtpd/ascii.h"
#include "smtpd/ip_address.h"

namespace guichet::smtpd {
namespace {

constexpr std::size_t value_octets_max = 255;

Reply bad(std::string text) {
  return {501, "5.5.4", std::move(text), Refusal::bad_syntax};
}

// --- Values: nullopt is a syntax error -------------------------------------------------------------------

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (ascii_upper(c) >= 'A' && ascii_upper(c) <= 'F') return static_cast<unsigned>(ascii_upper(c) - 'A' + 10);
  return std::nullopt;
}

// RFC 3461 4: "+" and two hex digits stand for an octet.
std::optional<std::string> decode_xtext(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '+') {
      out += text[at];
      continue;
    }
    const auto high = at + 2 < text.size() ? hex_digit(text[at + 1]) : std::nullopt;
    const auto low = high ? hex_digit(text[at + 2]) : std::nullopt;
    if (!low) return std::nullopt;
    out += static_cast<char>(*high << 4 | *low);
    at += 2;
  }
  return out;
}

bool is_unavailable(std::string_view value) {
  return ascii_iequals(value, "[UNAVAILABLE]") || ascii_iequals(value, "[TEMPUNAVAIL]");
}

// IPv6 has "IPV6:" in front, and IPv4 has not.
std::optional<std::string> read_address(const std::string& value) {
  constexpr std::string_view prefix = "IPV6:";
  const bool v6 = ascii_iequals(std::string_view(value).substr(0, prefix.size()), prefix);
  const auto text = std::string_view(value).substr(v6 ? prefix.size() : 0);
  const bool written_as_v6 = text.find(':') != std::string_view::npos;
  const auto address = v6 == written_as_v6 ? parse_ip(text) : std::nullopt;
  return address ? std::optional(to_text(*address)) : std::nullopt;
}

std::optional<std::uint16_t> read_port(std::string_view value) {
  std::uint16_t port = 0;
  const auto* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, port);
  return error == std::errc{} && stop == end ? std::optional(port) : std::nullopt;
}

// A name in the DNS: looser than RFC 1123 2.1 by the underscore, which names of hosts do have.
std::optional<std::string> read_host_name(const std::string& value) {
  const auto fits = [](char c) {
    return ascii_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return std::all_of(value.begin(), value.end(), fits) ? std::optional(value) : std::nullopt;
}

std::optional<std::string> read_text(const std::string& value) {
  return value;
}

std::optional<std::string> read_protocol(const std::string& value) {
  const bool known = ascii_iequals(value, "SMTP") || ascii_iequals(value, "ESMTP");
  return known ? std::optional(value) : std::nullopt;
}

// --- Attributes ------------------------------------------------------------------------------------------

// False: a syntax error.
using Set = bool (*)(ClientAttributes& into, const std::string& value);

template <auto field, auto read>
bool set(ClientAttributes& into, const std::string& value) {
  auto& place = into.*field;
  place = is_unavailable(value) ? std::remove_reference_t<decltype(*place)>{} : read(value);
  return place.has_value();
}

bool set_source(ClientAttributes& into, const std::string& value) {
  into.local = ascii_iequals(value, "LOCAL");
  return into.local || ascii_iequals(value, "REMOTE") || is_unavailable(value);
}

struct AttributeRow {
  std::string_view name;
  Set set;
};

constexpr std::array xclient_rows{
    AttributeRow{"NAME", set<&ClientAttributes::name, read_host_name>},
    AttributeRow{"ADDR", set<&ClientAttributes::address, read_address>},
    AttributeRow{"PORT", set<&ClientAttributes::port, read_port>},
    AttributeRow{"PROTO", set<&ClientAttributes::protocol, read_protocol>},
    AttributeRow{"HELO", set<&ClientAttributes::helo, read_text>},
};
// For records only, so what is no name or protocol by the book is kept as well.
constexpr std::array xforward_rows{
    AttributeRow{"NAME", set<&ClientAttributes::name, read_text>},
    AttributeRow{"ADDR", set<&ClientAttributes::address, read_address>},
    AttributeRow{"PORT", set<&ClientAttributes::port, read_port>},
    AttributeRow{"PROTO", set<&ClientAttributes::protocol, read_text>},
    AttributeRow{"HELO", set<&ClientAttributes::helo, read_text>},
    AttributeRow{"IDENT", set<&ClientAttributes::ident, read_text>},
    AttributeRow{"SOURCE", set_source},
};

std::string masked(std::string value) {
  std::replace_if(value.begin(), value.end(), ascii_control, '?');
  return value;
}

std::optional<Reply> read_attribute(std::string_view command, const auto& rows, std::string_view word,
                                    ClientAttributes& into) {
  const auto equals = word.find('=');
  const auto name = std::string(word.substr(0, equals));
  if (equals == std::string_view::npos || equals + 1 == word.size())
    return bad("Error: attribute=value expected");
  const auto value = decode_xtext(word.substr(equals + 1));
  if (value && value->size() > value_octets_max) return bad("Error: attribute value too long");
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [&](const AttributeRow& known) { return ascii_iequals(known.name, name); });
  if (row == rows.end()) return bad("Bad " + std::string(command) + " attribute name: " + name);
  if (value && row->set(into, masked(*value))) return std::nullopt;
  return bad("Bad " + std::string(row->name) + " syntax: " + std::string(word.substr(equals + 1)));
}

tl::expected<ClientAttributes, Reply> parse(std::string_view command, const auto& rows,
                                            std::string_view argument, ClientAttributes told) {
  for (auto rest = skip_blanks(argument); !rest.empty();) {
    const auto word = first_word(rest);
    if (auto refusal = read_attribute(command, rows, word, told)) return tl::unexpected(*std::move(refusal));
    rest = skip_blanks(rest.substr(word.size()));
  }
  return told;
}

// An address without its port or name takes those of whoever told of it with it.
void take(Client& client, const ClientAttributes& told) {
  if (told.address) {
    client.address = *told.address;
    client.port = 0;
    client.name.clear();
  }
  if (told.port) client.port = *told.port;
  if (told.name) client.name = *told.name;
  if (told.helo) client.helo = *told.helo;
}

}  // namespace

tl::expected<ClientAttributes, Reply> parse_xclient(std::string_view argument, ClientAttributes so_far) {
  return parse("XCLIENT", xclient_rows, argument, std::move(so_far));
}

tl::expected<ClientAttributes, Reply> parse_xforward(std::string_view argument, ClientAttributes so_far) {
  return parse("XFORWARD", xforward_rows, argument, std::move(so_far));
}

Client told_by_xclient(Client client, const ClientAttributes& told) {
  take(client, told);
  client.told_by = ToldBy::xclient;
  return client;
}

Client told_by_xforward(const Client& upstream, const ClientAttributes& told) {
  const bool about_itself = told.local && told.address.value_or("").empty();
  if (!told.address || about_itself) return upstream;
  Client client = upstream;
  client.helo.clear();
  take(client, told);
  client.told_by = ToldBy::xforward;
  return client;
}

}  // namespace guichet::smtpd
