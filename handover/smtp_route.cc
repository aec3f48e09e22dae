#include "handover/smtp_route.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "handover/smtp_connection.h"
#include "handover/smtp_words.h"

namespace guichet::handover {
namespace {

constexpr unsigned own_hops_max = 2;  // this one, and one that came back once
constexpr unsigned hops_max = 50;

bool starts_field(std::string_view line, std::string_view name) {
  return line.size() >= name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
           return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
         });
}

// One message through one connection.
class Attempt {
 public:
  Attempt(const SmtpRouteOptions& options, const std::stop_token& stop) : next_(options, stop) {}

  Outcome run(const SmtpEnvelope& envelope, std::string begin, store::ServedMessage& rest) {
    if (!next_.open()) return none(next_.error());
    const auto extensions = extensions_of(next_.hello());
    if (auto obstacle = obstacle_of(envelope, extensions))
      return {Outcome::Kind::refused_for_good, std::move(*obstacle)};
    if (auto refusal = say(mail_command(envelope, extensions), 2)) return *refusal;
    if (auto refusal = say("RCPT TO:<" + envelope.recipient + ">", 2)) return *refusal;
    if (auto refusal = say("DATA", 3)) return *refusal;
    return send(std::move(begin), rest);
  }

 private:
  // Nothing: the answer was of the kind that was hoped for, by its first digit.
  std::optional<Outcome> say(const std::string& command, int hoped_for) {
    const auto reply = next_.ask(command);
    if (!reply) return none("the connection ended after " + command.substr(0, 4));
    if (reply->code / 100 == hoped_for) return std::nullopt;
    next_.take_leave();
    return Outcome{meaning_of_reply(reply->code, command), reply->text};
  }

  Outcome send(std::string piece, store::ServedMessage& rest) {
    DotStuffing stuffing;
    while (!piece.empty()) {
      std::string stuffed;
      stuffing.feed(piece, stuffed);
      if (!next_.send(stuffed)) return cut_off();
      auto more = rest.next();
      if (!more) return not_readable(more.error());  // without the last dot it is no message
      piece = std::move(*more);
    }
    std::string end;
    stuffing.finish(end);
    return next_.send(end) ? conclude() : cut_off();
  }

  Outcome conclude() {
    const auto reply = next_.reply();
    if (!reply) return none("the connection ended before the answer to the message");
    next_.take_leave();
    if (reply->code / 100 == 2) return {};
    return {meaning_of_reply(reply->code, "DATA"), reply->text};
  }

  // One that ends the connection in the middle of the message may have said why.
  Outcome cut_off() {
    const auto reply = next_.reply();
    if (reply && reply->code >= 400) return {meaning_of_reply(reply->code, "DATA"), reply->text};
    return none("the connection ended in the middle of the message");
  }

  Outcome none(std::string why) {
    if (next_.stopped()) return {Outcome::Kind::stopped, ""};
    return {Outcome::Kind::unreachable, std::move(why)};
  }

  SmtpConnection next_;
};

}  // namespace

bool goes_in_circles(std::string_view octets, std::string_view hostname) {
  const auto header = octets.substr(0, octets.find("\r\n\r\n"));
  const std::string ours = "by " + std::string(hostname);
  unsigned hops = 0, own_hops = 0;
  for (std::size_t at = 0; at < header.size();) {
    auto end = header.find("\r\n", at);
    while (end != std::string_view::npos && end + 2 < header.size() &&
           (header[end + 2] == ' ' || header[end + 2] == '\t'))
      end = header.find("\r\n", end + 2);  // continued
    const auto field = header.substr(at, end == std::string_view::npos ? end : end - at);
    if (starts_field(field, "received:")) {
      ++hops;
      if (field.find(ours) != std::string_view::npos) ++own_hops;
    }
    at = end == std::string_view::npos ? header.size() : end + 2;
  }
  return own_hops > own_hops_max || hops > hops_max;
}

std::string without_return_path(std::string octets) {
  if (!starts_field(octets, "return-path:")) return octets;
  octets.erase(0, octets.find("\r\n") + 2);
  return octets;
}

Outcome SmtpRouteDriver::hand_over(const Item& item, store::ServedMessage& octets,
                                   const std::stop_token& stop) {
  auto begin = octets.next();
  if (!begin) return not_readable(begin.error());
  if (goes_in_circles(*begin, options_.hostname))
    return {Outcome::Kind::refused_for_good, "it goes in circles: it came by here before"};
  const auto whole = begin->size();
  auto body = without_return_path(std::move(*begin));
  const SmtpEnvelope envelope{.mail_from = item.mail_from,
                              .recipient = item.recipient,
                              .utf8_declared = item.utf8_declared,
                              .size_octets = item.size_octets - (whole - body.size())};
  return Attempt(options_, stop).run(envelope, std::move(body), octets);
}

}  // namespace guichet::handover
