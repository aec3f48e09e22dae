// Asks rspamd about a message: POST /checkv2 (https://rspamd.com/doc/architecture/protocol.html).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "filters/findings.h"
#include "filters/rspamd_answer.h"
#include "filters/scanner.h"
#include "filters/scanner_gate.h"

namespace guichet::filters {

class CurlHandle;

struct RspamdOptions {
  std::string url = "http://127.0.0.1:11333";  // of its normal worker, without a path; or "unix:/path"
  std::string password = {};                   // "": none is sent
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  // from connect to the end of the answer
  std::uint64_t octets_max = 25 * 1024 * 1024;                   // a larger message is not sent
  CircuitBreaker::Options breaker = {};
};

// What rspamd is told beside the message. Octets of strangers may be in all of it.
struct RspamdFacts {
  Envelope envelope;
  std::vector<std::string> recipients;
  std::string id;           // of the message, for rspamd's log
  std::string client_name;  // that leads back to the client's address; "": none
};

// The lines of the request's header that tell them. A value is printable, so no line can become two; a fact
// that is not known has no line.
[[nodiscard]] std::vector<std::string> rspamd_headers(const RspamdFacts& facts, const std::string& password);

// Thread-safe. Blocks until the answer or the timeout. Each call has a connection of its own: rspamd closes
// it after its answer anyhow, and where a proxy in between keeps it, one that it closes just when the next
// request is on its way would leave that message unscanned.
class Rspamd {
 public:
  explicit Rspamd(RspamdOptions options, ScannerGate::Now now = std::chrono::steady_clock::now);

  // Memory used does not depend on the message's size.
  [[nodiscard]] Scan<RspamdVerdict> check(const RspamdFacts& facts, const OpenMessage& message);

  [[nodiscard]] const ScannerGate& gate() const { return gate_; }

 private:
  [[nodiscard]] Scan<RspamdVerdict> ask(const RspamdFacts& facts, const OpenMessage& message) const;
  void set_request(CurlHandle& curl, const RspamdFacts& facts) const;

  const RspamdOptions options_;
  ScannerGate gate_;
};

}  // namespace guichet::filters
