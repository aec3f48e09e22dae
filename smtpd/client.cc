#include "smtpd/client.h"

namespace guichet::smtpd {

std::string_view name_of(ToldBy told_by) {
  switch (told_by) {
    case ToldBy::connection:
      break;
    case ToldBy::proxy:
      return "proxy";
    case ToldBy::xclient:
      return "xclient";
    case ToldBy::xforward:
      return "xforward";
  }
  return "";
}

std::string to_text(const Client& client) {
  if (client.address.empty()) return "unknown";
  if (client.port == 0) return client.address;
  const bool v6 = client.address.find(':') != std::string::npos;
  return (v6 ? "[" + client.address + "]" : client.address) + ":" + std::to_string(client.port);
}

}  // namespace guichet::smtpd
