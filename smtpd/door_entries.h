// An operator's own list of whom to let in, or not: networks, senders, and clients by name. Immutable once
// filled; thread-safe then.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "smtpd/ip_address.h"

namespace guichet::smtpd {

class DoorEntries {
 public:
  // "192.0.2.1", "192.0.2.0/24"; "a@b.example", "@b.example", "<>"; "mail.b.example", ".b.example".
  void add(std::string_view text);
  [[nodiscard]] bool empty() const { return networks_.empty() && senders_.empty() && names_.empty(); }
  // The entry that means them, as it was written; empty: none does. `name` is the reverse name when it was
  // verified, else empty. Case is folded, ASCII only.
  [[nodiscard]] std::string_view match(std::string_view client, std::string_view name,
                                       std::string_view sender) const;

 private:
  struct Network {
    IpNetwork network;
    std::string text;
  };
  std::vector<Network> networks_;
  std::vector<std::string> senders_, names_;
};

// What a file of entries holds, one a line; # begins a comment.
struct DoorLine {
  unsigned number = 0;  // from 1
  std::string_view entry;
};
[[nodiscard]] std::vector<DoorLine> door_lines(std::string_view text);

}  // namespace guichet::smtpd
