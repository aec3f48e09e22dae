// The shapes that texts in a configuration have: host names, listen addresses, networks and their like.
// Syntax only: whether an address can be bound, or a name resolved, is found out by who uses it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace guichet::conf {

// `name` and `rule` are worded for a mistake: "TEXT is not NAME; allowed are RULE".
struct Shape {
  std::string_view name;
  std::string_view rule;
  bool (*holds)(std::string_view text);
};

extern const Shape domain_name;     // RFC 1123 section 2.1
extern const Shape listen_address;  // 192.0.2.1:25, [2001:db8::1]:25; port 0: any free one
extern const Shape network;         // CIDR, host bits zero
extern const Shape maildrop_name;   // also a POP3 user name and safe as a file name
extern const Shape prefix;          // the beginning of a local part, RFC 5321 section 4.1.2 Dot-string
extern const Shape password_hash;   // crypt(5), the forms that begin with $
extern const Shape repository;      // where restic keeps its copies: a backend of its, or a whole path
extern const Shape program;         // a name to be looked for in PATH, or a whole path

extern const Shape recipient_pattern;  // LOCAL@DOMAIN, with * for anything
extern const Shape ingress_url;        // https://…, or http:// to this machine
extern const Shape relay_address;      // HOST:PORT, [IPV6]:PORT
extern const Shape variable;           // NAME=VALUE
extern const Shape word;               // of a command: anything
extern const Shape exit_code;          // 1 to 255
extern const Shape server_address;     // 127.0.0.1:53, [::1]:53; a port is needed
extern const Shape door_entry;         // a network, a sender, or the name of a client
extern const Shape recipient_address;  // LOCAL@DOMAIN
extern const Shape scanner_url;        // http://HOST:PORT, https://HOST:PORT
extern const Shape scanner_address;    // a whole path, or HOST:PORT
extern const Shape field_name;         // of a header, RFC 5322 section 2.2
extern const Shape recipient_class;    // GENUINE, REPAIRABLE, ...
extern const Shape auth_result;        // pass, fail, ... RFC 8601 section 2.7
extern const Shape virus_result;       // clean, found, unscanned
extern const Shape message_kind;       // ordinary, bounce, ...
extern const Shape list_answer;        // 127.0.0.2, with * for anything

// A listen address in the one form in which two spellings of it compare equal.
struct Endpoint {
  std::string address;  // 4 or 16 octets, network order
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};

[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace guichet::conf
