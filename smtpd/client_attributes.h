// What a server in front of ours says of the client whose mail it hands in: the arguments of XCLIENT and
// XFORWARD, as Postfix documents them (XCLIENT_README, XFORWARD_README). Who may say it is not decided here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "smtpd/client.h"
#include "smtpd/reply.h"

namespace guichet::smtpd {

// Unset: nothing was said. An empty text, port 0: [UNAVAILABLE] or [TEMPUNAVAIL] was. No control octets.
struct ClientAttributes {
  std::optional<std::string> name;
  std::optional<std::string> address;  // as inet_ntop writes it
  std::optional<std::uint16_t> port;
  std::optional<std::string> protocol;
  std::optional<std::string> helo;
  std::optional<std::string> ident;  // XFORWARD: the message's id at the server in front
  bool local = false;                // XFORWARD: it began there, no client brought it
};

// For the EHLO reply.
inline constexpr std::string_view xclient_keyword = "XCLIENT NAME ADDR PORT PROTO HELO";
inline constexpr std::string_view xforward_keyword = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";

// `so_far` with what the argument adds to it: a command may say a part only. The Reply is the refusal, 501;
// then nothing of the command counts.
[[nodiscard]] tl::expected<ClientAttributes, Reply> parse_xclient(std::string_view argument,
                                                                  ClientAttributes so_far);
[[nodiscard]] tl::expected<ClientAttributes, Reply> parse_xforward(std::string_view argument,
                                                                   ClientAttributes so_far);

// The client that XCLIENT makes of this one.
[[nodiscard]] Client told_by_xclient(Client client, const ClientAttributes& told);
// The client of a transaction; the upstream itself when no address was told of, or mail that began there.
[[nodiscard]] Client told_by_xforward(const Client& upstream, const ClientAttributes& told);

}  // namespace guichet::smtpd
