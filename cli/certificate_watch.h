// The certificates of SMTP and POP3: opened at the start, read again when they change, and looked at each
// minute.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "cli/duty.h"
#include "conf/settings.h"
#include "net/certificates.h"
#include "store/seams.h"

namespace guichet::cli {

struct ServedCertificates {
  std::shared_ptr<net::Certificates> smtp,
      pop3;  // null: no TLS there; the same when [popd] has none of its own
};
// The error is one line for the operator.
[[nodiscard]] tl::expected<ServedCertificates, std::string> open_certificates(const conf::Settings& settings);

// Says in the log what was renewed (tls.renewed) and what is wrong (tls.alarm): what cannot be read, what
// expires, a name that is not there. The same alarm once a day.
class CertificateWatch {
 public:
  // References must outlive the object.
  CertificateWatch(const conf::Settings& settings, ServedCertificates served, store::Clock& clock);

  // Reads all of them now, and says what is wrong with them. From any thread; done when it returns.
  void read_again();

 private:
  void look();
  void take_up(bool all, bool asked);
  void look_after(const net::Certificates& served);
  void say_trouble(const std::string& text, bool again);

  const conf::Settings& settings_;
  const ServedCertificates served_;
  store::Clock& clock_;
  std::mutex mutex_;  // of what follows
  store::Instant all_read_;
  std::set<std::string> seen_;  // troubles of the last look
  std::map<std::string, store::Instant> said_at_;
  Duty duty_;  // last: it ends before what it uses
};

}  // namespace guichet::cli
