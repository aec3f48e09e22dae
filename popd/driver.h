// The thin Asio driver of a POP3 session: reads and writes for the machine, asks users and store.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "net/certificates.h"
#include "net/listener.h"
#include "net/networks.h"
#include "net/pool.h"
#include "popd/gatekeeper.h"
#include "popd/maildrops.h"
#include "popd/session.h"
#include "store/store.h"

namespace guichet::popd {

struct ServerOptions {
  std::string hostname;
  SessionLimits limits;
  std::chrono::seconds idle_timeout{1800};
  std::chrono::seconds handshake_timeout{10};
};

// What all sessions share. Outlives the loops.
struct Server {
  ServerOptions options;
  Gatekeeper& gate;
  Maildrops& maildrops;
  store::Store& store;
  net::Pool& pool;
  net::Pool& hashing;     // for passwords alone, so that guessing takes no thread from reading
  net::Networks trusted;  // like this machine itself: Gatekeeper
  std::shared_ptr<const net::Certificates> tls;  // null: neither STLS nor implicit TLS
};

enum class Encryption { on_request, from_the_start };

// Serves one session to its end.
[[nodiscard]] net::Task<void> serve(Server& server, Encryption encryption, net::Accepted accepted);

}  // namespace guichet::popd
