// Invariant: however the octets of a client are cut into pieces, the session does the same.
//
// The first octet chooses where the session begins (before login, logged in, in a SASL exchange, inside TLS)
// and what the driver answers; the second how the rest is cut.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/popd/fake_driver.h"

namespace {

using guichet::popd::FakeDriver;
using guichet::popd::FakeMaildrop;
using guichet::popd::SessionOptions;

struct Outcome {
  std::string sent;
  std::vector<std::size_t> deleted;
  bool closed = false;
  bool operator==(const Outcome&) const = default;
};

SessionOptions options_of(unsigned choice) {
  return {.hostname = "fuzz.example",
          .stls = (choice & 1) != 0,
          .plaintext_login = (choice & 2) != 0,
          .tls = (choice & 4) != 0,
          .limits = {.command_octets_max = 64, .errors_max = 8}};
}

std::string_view beginning_of(unsigned choice) {
  switch (choice >> 4 & 3) {
    case 1:
      return "USER foi\r\nPASS secret\r\n";
    case 2:
      return "AUTH PLAIN\r\n";
    case 3:
      return "USER foi\r\nPASS secret\r\nDELE 1\r\n";
    default:
      return "";
  }
}

// STLS is where pieces matter, on purpose: what comes together with it ends the session. Both ways are one
// outcome here, that of a session in which nothing after STLS was answered.
Outcome outcome_of(const FakeDriver& driver) {
  Outcome outcome{driver.sent(), driver.deleted(), driver.closed()};
  for (const std::string_view end :
       {"+OK begin TLS\r\n", "-ERR nothing may follow STLS before the handshake\r\n"}) {
    if (!outcome.sent.ends_with(end)) continue;
    outcome.sent.resize(outcome.sent.size() - end.size());
    outcome.closed = true;
  }
  return outcome;
}

Outcome run(unsigned choice, std::string_view octets, std::size_t piece) {
  FakeMaildrop maildrop{{"A: 1\r\n\r\n.\r\n", "B: 2\r\n"}, (choice & 8) != 0};
  FakeDriver driver(options_of(choice), std::move(maildrop), (choice & 64) != 0);
  driver.receive(beginning_of(choice));
  for (std::size_t at = 0; at < octets.size(); at += piece)
    driver.receive(octets.substr(at, piece));
  return outcome_of(driver);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  constexpr const char* kInvariant = "however the octets are cut into pieces, the session does the same";
  const std::string_view octets = guichet::fuzz::text_of(data + 2, size - 2);
  const Outcome whole = run(data[0], octets, octets.size());
  guichet::fuzz::require(run(data[0], octets, 1) == whole, kInvariant);
  guichet::fuzz::require(run(data[0], octets, data[1] + 1U) == whole, kInvariant);
  return 0;
}
