// Asks clamd about a message, by INSTREAM (clamd(8)).
//
// Clean is said only of a message that clamd has had whole, and answered "stream: OK" with its end. Even so
// it may not have looked: what passes MaxFileSize or MaxScanSize it leaves out, and says OK. So set in its
// configuration
//   - `AlertExceedsMax yes`: then it says so, mostly (of a file inside a zip, measured with 1.4, it does
//   not);
//   - `StreamMaxLength` and `MaxFileSize` to no less than our octets_max.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "filters/scanner.h"
#include "filters/scanner_gate.h"
#include "filters/scanner_socket.h"

namespace guichet::filters {

struct ClamdVerdict {
  enum class Kind { clean, found };
  Kind kind = Kind::found;
  std::string name;  // of what was found: printable, shortened

  friend bool operator==(const ClamdVerdict&, const ClamdVerdict&) = default;
};

// What an answer means, without the zero octet at its end.
//
// "Heuristics.Limits.Exceeded.… FOUND" is no finding: clamd stopped looking. "Heuristics.Encrypted.… FOUND"
// stays one, though nobody looked inside either: clamd says it only where the operator set AlertEncrypted,
// that is, wants to be told; and unscanned would put it with what a later scan can still settle.
[[nodiscard]] Scan<ClamdVerdict> clamd_verdict(std::string_view answer);

struct ClamdOptions {
  ScannerAddress address;
  std::chrono::milliseconds timeout = std::chrono::seconds(60);  // from connect to the end of the answer
  std::uint64_t octets_max = 25 * 1024 * 1024;                   // a larger message is not sent
  CircuitBreaker::Options breaker = {};
};

// Thread-safe; each call has a connection of its own. Blocks until the answer or the timeout.
class Clamd {
 public:
  explicit Clamd(ClamdOptions options, ScannerGate::Now now = std::chrono::steady_clock::now);

  // A message, or a part of one. Memory used does not depend on its size.
  [[nodiscard]] Scan<ClamdVerdict> check(const OpenMessage& message);

  [[nodiscard]] const ScannerGate& gate() const { return gate_; }

 private:
  [[nodiscard]] Scan<ClamdVerdict> ask(const OpenMessage& message) const;

  const ClamdOptions options_;
  ScannerGate gate_;
};

}  // namespace guichet::filters
