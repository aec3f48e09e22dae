// However the octets are split, the same is read of a PROXY header, and never an octet behind it: the reader
// gives the same answer to the header alone as to the header with anything behind it. Input: an octet with
// the length of pieces, then octets.
#include <algorithm>
#include <string>

#include "net/proxy_header.h"
#include "tests/fuzz/fuzz.h"

namespace {

using guichet::net::ProxyHeaderReader;
using State = ProxyHeaderReader::State;

struct Outcome {
  State state;
  std::size_t consumed;
  std::optional<guichet::net::ProxiedClient> client;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view octets, std::size_t piece) {
  ProxyHeaderReader reader;
  std::size_t at = 0;
  while (at < octets.size() && reader.state() == State::reading) {
    const auto wanted = reader.octets_wanted();
    guichet::fuzz::require(wanted > 0, "while it reads, it wants octets");
    const auto count = std::min({piece, wanted, octets.size() - at});
    reader.feed(octets.substr(at, count));
    at += count;
  }
  return {reader.state(), at, reader.client()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto octets = guichet::fuzz::text_of(data, size).substr(1);
  const auto whole = read(octets, size);
  guichet::fuzz::require(read(octets, 1) == whole, "octet by octet, the same is read as whole");
  guichet::fuzz::require(read(octets, 2 + data[0] % 30U) == whole, "in pieces, it is as well");
  const auto alone = octets.substr(0, whole.consumed);
  guichet::fuzz::require(read(alone, size) == whole, "what is behind the header changes nothing");
  guichet::fuzz::require(whole.state == State::done || !whole.client, "only a whole header names a client");
  return 0;
}
