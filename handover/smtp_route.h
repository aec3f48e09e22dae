// To another mail server by SMTP: people's mail (postmaster, abuse, the team) goes on to whoever keeps it.
//
// What goes on is the served form without its Return-Path, which the last server adds (RFC 5321 section 4.4),
// under the envelope sender that came, the null sender too. A refusal for good makes the message stuck, never
// a bounce: it would go to whoever a stranger named as the sender. A message that came by here before goes in
// circles. What is said to servers that do not take every octet: smtp_words.h.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "handover/driver.h"

namespace guichet::handover {

enum class StartTls { never, when_offered, required };

struct SmtpRouteOptions {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 25;
  std::string hostname;  // our own: for EHLO, and to know a circle
  StartTls tls = StartTls::when_offered;
  std::filesystem::path ca_file;  // with `required`: who vouches for it; empty: the system's authorities
  std::chrono::seconds time_limit{600};
};

class SmtpRouteDriver final : public Driver {
 public:
  explicit SmtpRouteDriver(SmtpRouteOptions options) : options_(std::move(options)) {}

  [[nodiscard]] store::Way way() const override { return store::Way::smtp; }
  [[nodiscard]] std::string target() const override {
    return "smtp " + options_.host + ":" + std::to_string(options_.port);
  }
  [[nodiscard]] Outcome hand_over(const Item& item, store::ServedMessage& octets,
                                  const std::stop_token& stop) override;

 private:
  const SmtpRouteOptions options_;
};

// The header section in `octets` names our Received more than twice, or any more than 50 times (RFC 5321
// section 6.3).
[[nodiscard]] bool goes_in_circles(std::string_view octets, std::string_view hostname);
// Without its Return-Path, if that is its first field.
[[nodiscard]] std::string without_return_path(std::string octets);

}  // namespace guichet::handover
