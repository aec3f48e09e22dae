// What DNS says, as values (RFC 1035), apart from who asks: types, answers, and the octets of a record as
// text. The octets are a stranger's: whatever is not well-formed is nullopt. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guichet::net {

// RFC 1035 3.2.2, RFC 3596 2.1
enum class RecordType : std::uint16_t { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28 };

struct DnsAnswer {
  enum class Outcome {
    found,
    nothing,  // there is no such name, or it has no such record
    failed    // nobody knows now: SERVFAIL, no answer in time, too much asked; another time it may be known
  };
  Outcome outcome = Outcome::failed;
  std::vector<std::string> records;  // found: at least one
};

// The RDATA of a record, names in it whole (RFC 1035 3.3, RFC 3596 2.2): "192.0.2.1", "2001:db8::1",
// "mail.example", "10 mail.example", the strings of a TXT in one piece (octets as they are). A name holds
// letters, digits, hyphens, underscores and dots; one with anything else is no name of a machine: nullopt.
[[nodiscard]] std::optional<std::string> record_text(RecordType type, std::string_view rdata);

}  // namespace guichet::net
