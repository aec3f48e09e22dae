// A small DNS server on loopback, UDP and TCP on the same port, which answers as the first label of the name
// says; for tests of whoever asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>

namespace guichet::net::test {

// found.*       A 192.0.2.1, AAAA 2001:db8::1, PTR and MX mail.example, TXT "text"
// nowhere.*     NXDOMAIN         nodata.*   no record       servfail.*  SERVFAIL
// silent.*      no answer        large.*    truncated over UDP; TXT of 2,000 octets over TCP
// garbage.*     not DNS          loop.*     an answer whose name points to itself
class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // How often the name was asked for.
  [[nodiscard]] int asked(const std::string& name) const;

 private:
  void serve();
  void serve_udp();
  void serve_tcp();
  [[nodiscard]] std::string respond(const std::string& query, bool tcp);

  int udp_ = -1, tcp_ = -1, stop_fd_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
  std::thread thread_;
};

}  // namespace guichet::net::test
