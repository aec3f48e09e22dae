// Asks DNS. One for the whole process, with a cache and a thread of its own, on libunbound; answers are
// values. Nothing here waits: whoever asks is called back, from any thread, exactly once and no later than
// the deadline it gave, whatever the servers do. Thread-safe.
//
//   auto start = [&](std::function<void(DnsAnswer)> done) {
//     resolver.ask("example.org", RecordType::mx, until, std::move(done));
//   };
//   const auto answer = co_await net::answer<DnsAnswer>(std::move(start));
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/dns_record.h"

namespace guichet::net {

class Resolver {
 public:
  struct Options {
    std::vector<std::string> servers;          // "127.0.0.1:53", "[::1]:53"; empty: those of /etc/resolv.conf
    std::chrono::milliseconds deadline{1500};  // for who has no other: until()
    std::size_t in_flight_max = 256;           // different questions; one more is answered `failed` at once
    std::uint64_t cache_octets = 8u << 20;
  };
  // Since the start. asked = found + nothing + failed + what is still open; late and crowded are among
  // failed.
  struct Counts {
    std::uint64_t asked = 0, found = 0, nothing = 0, failed = 0;
    std::uint64_t late = 0;     // the deadline passed
    std::uint64_t crowded = 0;  // more than in_flight_max
  };
  using Deadline = std::chrono::steady_clock::time_point;
  using Done = std::function<void(DnsAnswer)>;

  explicit Resolver(Options options);
  ~Resolver();  // answers what is open with `failed`
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // A name without a dot at its end is whole all the same. The same question twice is asked once.
  void ask(std::string name, RecordType type, Deadline until, Done done);
  [[nodiscard]] Deadline until() const;  // now and the deadline of the options

  // Answers all that is open, and whatever is asked from now on, with `failed`.
  void stop();

  [[nodiscard]] Counts counts() const;
  // Why every question will fail: no server is known. Empty: all is well.
  [[nodiscard]] const std::string& trouble() const;

 private:
  class Machine;
  const std::chrono::milliseconds deadline_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace guichet::net
