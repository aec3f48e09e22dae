#include "smtpd/driver_filing.h"

#include <string>

#include "net/counters.h"
#include "net/log.h"

namespace guichet::smtpd {

void note_filing(const Filing& filing) {
  static auto& messages = net::counter("smtp.filed");
  const auto& filed = filing.result;
  if (filed) messages.add();
  net::log_event(filed ? net::Level::info : net::Level::error, filed ? "smtp.filed" : "smtp.not_filed",
                 {{"session", filing.envelope.session},
                  {"client", filing.client},
                  {"id", filing.id.uuid.text()},
                  {"from", filing.envelope.mail_from},
                  {"recipients", std::to_string(filing.recipients)},
                  {"octets", std::to_string(filing.octets)},
                  {"error", filed ? "" : filed.error().text}});
}

}  // namespace guichet::smtpd
