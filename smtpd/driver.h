// The thin Asio driver of an SMTP session: reads and writes for the machine, asks the policy, files the
// message.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/certificates.h"
#include "net/handshake_failures.h"
#include "net/listener.h"
#include "net/networks.h"
#include "net/pool.h"
#include "net/rates.h"
#include "smtpd/door_driver.h"
#include "smtpd/driver_caller.h"
#include "smtpd/driver_guess_limit.h"
#include "smtpd/driver_reporter.h"
#include "smtpd/intake.h"
#include "smtpd/patience.h"
#include "smtpd/policy.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

struct ServerOptions {
  std::string hostname;
  Neighbours neighbours;
  SessionLimits limits;
  bool soft_refuse = false;
  bool chunking = false;
  LineEndings line_endings = LineEndings::kKeep;
  Patience patience;
  std::chrono::seconds handshake_timeout{10};
  std::uint64_t data_rate_octets_per_s_min = 500;  // 0: none
};

// What all sessions share. Outlives the loops.
struct Server {
  ServerOptions options;
  const Policy& policy;
  Intake& intake;
  net::Pool& pool;
  net::Rates &messages, &recipients;             // of one client, by place; not for those who are trusted
  std::shared_ptr<const net::Certificates> tls;  // null: no STARTTLS
  GuessLimit& guesses;
  std::unique_ptr<net::HandshakeFailures> handshake_failures;
  Reporter reporter;
  const FrontDoor* front_door = nullptr;  // null: none
  net::Pool* greylist_pool = nullptr;     // where the front door has a greylist
};

enum class Encryption { on_request, from_the_start };

// Serves one session to its end.
[[nodiscard]] net::Task<void> serve(Server& server, Encryption encryption, net::Accepted accepted);

}  // namespace guichet::smtpd
