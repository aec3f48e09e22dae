// Who sends: the one whom the records, the log and every limit per client mean. That is the other end of the
// connection, unless somebody in between was configured to say whom it speaks for. Plain values; no socket.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace guichet::smtpd {

// How it is known, the last word counts: the PROXY protocol, then Postfix's XCLIENT and XFORWARD.
enum class ToldBy { connection, proxy, xclient, xforward };

struct Client {
  std::string address;     // "192.0.2.1", "2001:db8::1"; empty: who told of it did not know
  std::uint16_t port = 0;  // 0: not known
  std::string name = {};   // as told; empty: nobody told one. Octets of strangers, as helo is
  std::string helo = {};   // empty: none was given
  ToldBy told_by = ToldBy::connection;
  bool trusted_upstream = false;  // the one that hands the mail in is a server of ours: it was accepted there

  friend bool operator==(const Client&, const Client&) = default;
};

// "proxy", "xclient", "xforward"; empty: nobody told, it is the other end of the connection.
[[nodiscard]] std::string_view name_of(ToldBy told_by);

// "192.0.2.1:40312", "[2001:db8::1]:25", "192.0.2.1", "unknown".
[[nodiscard]] std::string to_text(const Client& client);

}  // namespace guichet::smtpd
