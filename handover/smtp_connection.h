// A connection to the next mail server: libcurl makes it, says EHLO and STARTTLS; the rest of the dialog is
// said here, since libcurl would say MAIL FROM without BODY and sends UTF-8 addresses to who cannot take
// them.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "handover/curl.h"
#include "handover/smtp_route.h"

namespace guichet::handover {

class SmtpConnection {
 public:
  struct Reply {
    int code = 0;
    std::string text;  // its last line
  };

  // The time limit counts from here.
  SmtpConnection(const SmtpRouteOptions& options, const std::stop_token& stop);

  // Blocks, like all of these. False: nobody is there, or not who should be; error() says why.
  [[nodiscard]] bool open();
  [[nodiscard]] std::string error() const;
  // The reply to EHLO, inside TLS if there is TLS; lines ended by '\n'.
  [[nodiscard]] const std::string& hello() const { return hello_; }

  // A command and its reply; none: the connection is of no use any more.
  [[nodiscard]] std::optional<Reply> ask(std::string_view command);
  [[nodiscard]] bool send(std::string_view octets);
  [[nodiscard]] std::optional<Reply> reply();
  void take_leave();

  [[nodiscard]] bool stopped() const { return curl_.stopped(); }

 private:
  void hear(curl_infotype from, std::string_view line);
  [[nodiscard]] bool wait(short events);
  [[nodiscard]] std::optional<std::string> line();

  const std::chrono::steady_clock::time_point deadline_;
  std::string hello_;
  std::string last_heard_;
  bool hears_hello_ = false;
  std::string input_;
  curl_socket_t socket_ = CURL_SOCKET_BAD;
  Curl curl_;
};

}  // namespace guichet::handover
