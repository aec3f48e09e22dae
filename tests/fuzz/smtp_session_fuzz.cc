// However the client's octets are split, the replies, the filed bodies and the end of the session are the
// same.
//
// Two answers depend on what came together, by intent: octets behind DATA and behind STARTTLS. So the client
// of this target waits after those lines, as RFC 2920 has it, and sends all else as it likes. Input: an octet
// with options, an octet with one more and the length of pieces, then the octets of the client.
#include <algorithm>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/smtpd/fake_driver.h"

namespace {

using guichet::smtpd::SessionOptions;
using guichet::smtpd::test::FakeDriver;

SessionOptions options_from(std::uint8_t bits, bool strict) {
  auto options = guichet::smtpd::test::options();
  options.starttls = (bits & 1U) != 0;
  // small ones, so that a short input passes them
  options.limits.command_octets_max = (bits & 2U) != 0 ? 40 : 4096;
  options.limits.command_flood_octets_max = (bits & 4U) != 0 ? 80 : 65536;
  options.limits.message_octets_max = (bits & 8U) != 0 ? 10 : 1000;
  options.limits.recipients_max = (bits & 16U) != 0 ? 1 : 100;
  options.limits.errors_max = (bits & 32U) != 0 ? 2 : 10;
  options.limits.idle_commands_max = (bits & 64U) != 0 ? 2 : 100;
  options.chunking = (bits & 128U) != 0;
  options.limits.trusted_message_octets_max = 2000;
  options.privileges.xclient = (bits & 130U) == 128;
  options.privileges.trusted_upstream = (bits & 129U) == 129;
  if (strict) options.line_endings = guichet::smtpd::LineEndings::kStrict;
  return options;
}

// In any case, anywhere in the line: in front of it may be the end of a chunk.
bool holds(std::string_view line, std::string_view word) {
  return std::search(line.begin(), line.end(), word.begin(), word.end(),
                     [](char a, char b) { return guichet::smtpd::ascii_upper(a) == b; }) != line.end();
}

// Lines after which a client waits. Found without minding the state: to wait once too often changes nothing.
std::vector<std::string_view> groups_of(std::string_view text) {
  std::vector<std::string_view> groups;
  while (!text.empty()) {
    std::size_t end = 0;
    bool waits = false;
    while (!waits && end < text.size()) {
      const auto line = text.substr(end, std::min(text.find('\n', end), text.size() - 1) + 1 - end);
      waits = holds(line, "DATA") || holds(line, "STARTTLS");
      end += line.size();
    }
    groups.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return groups;
}

// All that the client and the store get to see.
std::string outcome(const FakeDriver& driver) {
  std::string all = driver.output;
  for (const auto& filed : driver.filed) {
    all += "\n--filed for";
    for (const auto& recipient : filed.transaction.recipients)
      all += " " + recipient.written;
    all += " from " + filed.transaction.reverse_path.written + ": " + filed.body;
  }
  all += driver.closed ? "\n--closed" : driver.session.in_data() ? "\n--in data" : "\n--open";
  return all + " " + std::to_string(driver.discards) + " " + std::to_string(driver.session.errors());
}

std::string play(const SessionOptions& options, std::string_view text, std::size_t piece_octets) {
  FakeDriver driver(options);
  driver.greet();
  for (auto group : groups_of(text)) {
    while (!group.empty()) {
      driver.feed(group.substr(0, piece_octets));
      group.remove_prefix(std::min(piece_octets, group.size()));
      if (driver.handshake_wanted) driver.finish_handshake();
    }
  }
  return outcome(driver);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto options = options_from(data[0], data[1] >= 128);
  const auto text = guichet::fuzz::text_of(data, size).substr(2);
  const auto whole = play(options, text, size);
  guichet::fuzz::require(play(options, text, 1) == whole,
                         "octet by octet, the session goes as it does whole");
  guichet::fuzz::require(play(options, text, 2 + data[1] % 30U) == whole, "in pieces, it does as well");
  return 0;
}
