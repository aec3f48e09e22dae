// A connection to a scanner that speaks no HTTP. Every wait ends at a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "filters/descriptor.h"
#include "filters/scanner.h"

namespace guichet::filters {

// Where a scanner listens.
struct ScannerAddress {
  std::string path;  // of a unix socket; "": host and port count
  std::string host;  // a name, "192.0.2.1", or "[2001:db8::1]"
  std::uint16_t port = 0;
  friend bool operator==(const ScannerAddress&, const ScannerAddress&) = default;
};

// "/run/clamav/clamd.ctl", the same after "unix:", "127.0.0.1:3310", "[::1]:3310", "scanner.example:3310".
// Nothing: it is none of these.
[[nodiscard]] std::optional<ScannerAddress> scanner_address(std::string_view text);

class ScannerSocket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  [[nodiscard]] static Scan<ScannerSocket> connect(const ScannerAddress& address, Deadline deadline);

  // interrupted: the other side spoke or hung up before it had all; receive() tells which.
  enum class Sent { all, interrupted };
  [[nodiscard]] Scan<Sent> send(std::string_view octets, Deadline deadline);

  // What comes before the first `end`. An end of the connection before that is a failure, however much came.
  [[nodiscard]] Scan<std::string> receive(char end, std::size_t octets_max, Deadline deadline);

 private:
  explicit ScannerSocket(int descriptor) : socket_(descriptor) {}
  [[nodiscard]] static Scan<ScannerSocket> connect_unix(const std::string& path, Deadline deadline);
  [[nodiscard]] static Scan<ScannerSocket> connect_tcp(const ScannerAddress& address, Deadline deadline);
  [[nodiscard]] Scan<short> wait(short events, Deadline deadline) const;  // those that have come

  Descriptor socket_;
};

}  // namespace guichet::filters
