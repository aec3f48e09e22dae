#include "filters/clamd.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

namespace guichet::filters {
namespace {

using namespace std::string_view_literals;
using Kind = Unscanned::Kind;
using Sent = ScannerSocket::Sent;

constexpr std::size_t chunk_octets_max = 64 * 1024;
constexpr std::size_t answer_octets_max = 4096;
constexpr std::size_t name_octets_max = 200;

// In network byte order.
std::array<char, 4> length_of(std::size_t octets) {
  return {static_cast<char>(octets >> 24 & 0xFF), static_cast<char>(octets >> 16 & 0xFF),
          static_cast<char>(octets >> 8 & 0xFF), static_cast<char>(octets & 0xFF)};
}

// The command, the message in chunks with their lengths in front, and a chunk of length zero.
class Stream {
 public:
  Stream(ScannerSocket& socket, ScannerSocket::Deadline deadline) : socket_(socket), deadline_(deadline) {}

  Scan<Sent> send(const OpenMessage& message) {
    auto sent = socket_.send("zINSTREAM\0"sv, deadline_);
    for (std::uint64_t at = 0; at < message.size_octets && goes_on(sent); at += chunk_octets_max)
      sent = send_chunk(message, at);
    if (goes_on(sent)) sent = socket_.send("\0\0\0\0"sv, deadline_);
    return sent;
  }

 private:
  static bool goes_on(const Scan<Sent>& sent) { return sent && *sent == Sent::all; }

  Scan<Sent> send_chunk(const OpenMessage& message, std::uint64_t at) {
    const auto got = read_at(message, std::span(buffer_).subspan(4), at);
    if (!got) return unscanned(Kind::unreadable, "the message cannot be read");
    std::ranges::copy(length_of(*got), buffer_.begin());
    return socket_.send({buffer_.data(), 4 + *got}, deadline_);
  }

  ScannerSocket& socket_;
  const ScannerSocket::Deadline deadline_;
  std::vector<char> buffer_ = std::vector<char>(4 + chunk_octets_max);
};

Scan<ClamdVerdict> found(std::string_view name) {
  if (name.starts_with("Heuristics.Limits.Exceeded"))
    return unscanned(Kind::too_large, "clamd stopped looking: " + printable(name, name_octets_max));
  return ClamdVerdict{ClamdVerdict::Kind::found, printable(name, name_octets_max)};
}

}  // namespace

Scan<ClamdVerdict> clamd_verdict(std::string_view answer) {
  constexpr auto before = "stream: "sv, after = " FOUND"sv;
  if (answer == "stream: OK") return ClamdVerdict{ClamdVerdict::Kind::clean, ""};
  if (answer.starts_with(before) && answer.ends_with(after) && answer.size() > before.size() + after.size())
    return found(answer.substr(before.size(), answer.size() - before.size() - after.size()));
  const auto said = "clamd said: " + printable(answer, name_octets_max);
  if (answer == "INSTREAM size limit exceeded. ERROR") return unscanned(Kind::too_large, said);
  if (answer.ends_with(" ERROR")) return unscanned(Kind::declined, said);
  return unscanned(Kind::nonsense, said);
}

Clamd::Clamd(ClamdOptions options, ScannerGate::Now now)
    : options_(std::move(options)), gate_("clamd", options_.octets_max, options_.breaker, std::move(now)) {}

Scan<ClamdVerdict> Clamd::check(const OpenMessage& message) {
  return gate_.pass<ClamdVerdict>(message, [&] { return ask(message); });
}

Scan<ClamdVerdict> Clamd::ask(const OpenMessage& message) const {
  const auto deadline = std::chrono::steady_clock::now() + options_.timeout;
  auto socket = ScannerSocket::connect(options_.address, deadline);
  if (!socket) return tl::unexpected(std::move(socket.error()));
  auto sent = Stream(*socket, deadline).send(message);
  if (!sent) return tl::unexpected(std::move(sent.error()));
  auto answer = socket->receive('\0', answer_octets_max, deadline);
  if (!answer) return tl::unexpected(std::move(answer.error()));
  auto verdict = clamd_verdict(*answer);
  // That it does not like the first half, it may say; that it likes the second, it cannot know.
  if (*sent != Sent::all && verdict && verdict->kind == ClamdVerdict::Kind::clean)
    return unscanned(Kind::nonsense, "clamd said OK before it had the whole message");
  return verdict;
}

}  // namespace guichet::filters
