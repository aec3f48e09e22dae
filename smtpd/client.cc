#include "smtpd/client.h"

namespace guichet::smtpd {

std::string to_text(const Client& client) {
  if (client.address.empty()) return "unknown";
  if (client.port == 0) return client.address;
  const bool v6 = client.address.find(':') != std::string::npos;
  return (v6 ? "[" + client.address + "]" : client.address) + ":" + std::to_string(client.port);
}

}  // namespace guichet::smtpd
