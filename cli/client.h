// `guichet client`: what the front door would answer a client, and why.
#pragma once

#include <string>

#include "conf/settings.h"

namespace guichet::cli {

struct ClientOptions {
  std::string address;
  std::string helo;
  std::string sender;     // empty: the null sender
  std::string recipient;  // for greylisting; empty: one that nobody wrote to
  bool json = false;
};

// Asks DNS as a session would, reads what the gateway remembers, and changes nothing. Exit 0 whatever the
// answer is; 2 when the address is none.
int client(const conf::Settings& settings, const ClientOptions& options);

}  // namespace guichet::cli
