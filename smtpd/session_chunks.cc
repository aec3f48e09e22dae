// Bodies in chunks (RFC 3030 2), where smtpd.chunking is on.
//
// The octets of a chunk follow its line at once, whatever we think of it. So a chunk that is refused is read
// and thrown away before the refusal is said, and where its length is not known the session ends: they are
// never run as commands. The first chunk asks what DATA would ask; the last one ends the body.
#include <algorithm>
#include <string>
#include <utility>

#include "smtpd/check.h"
#include "smtpd/session.h"

namespace guichet::smtpd {

namespace {

// conf/ lets no limit of messages be higher. A chunk that is longer comes from nobody who wants to be read.
constexpr std::uint64_t kChunkOctetsMax = 4ULL << 30U;

}  // namespace

void Session::bdat(std::string_view argument) {
  if (!options_.chunking) return say_and_close({502, "5.5.1", "BDAT not implemented", Refusal::bdat});
  const auto size = parse_chunk_size(argument);
  if (!size) return say_and_close({501, "5.5.4", "Syntax: BDAT octets [LAST]", Refusal::bdat});
  if (size->octets > kChunkOctetsMax)
    return say_and_close(for_client({552, "5.3.4", "Message size exceeds fixed limit", Refusal::too_large}));
  chunk_.emplace(IncomingChunk{size->octets, size->octets, size->last, std::nullopt});
  // RFC 5321 4.1.4
  if (!transaction_) return refuse_chunk({503, "5.5.1", "Need RCPT command", Refusal::out_of_order});
  // RFC 5321 3.3
  if (transaction_->recipients.empty())
    return refuse_chunk(for_client({554, "5.5.1", "No valid recipients", Refusal::no_recipients}));
  if (!body_) question_ = Question::kData;
}

void Session::refuse_chunk(Reply reply) {
  if (!patience_ends()) chunk_->refusal = std::move(reply);
}

Step Session::step_chunk(std::string_view input) {
  check(body_ || chunk_->refusal, "a chunk that is not refused belongs to a body");
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), chunk_->octets_left));
  chunk_->octets_left -= count;
  if (!chunk_->refusal) {
    body_->take(input.substr(0, count));
    if (auto action = pass_on(input.substr(0, count))) return {count, *std::move(action)};
  }
  if (chunk_->octets_left > 0) return {count, NeedInput{}};
  end_of_chunk();
  return {count, next_action()};
}

void Session::end_of_chunk() {
  const auto chunk = *std::exchange(chunk_, std::nullopt);
  if (chunk.refusal) {
    say(for_client(*chunk.refusal));
    // Refused by the policy: the transaction is over. (Otherwise there is none, or it has no recipients.)
    if (transaction_ && !transaction_->recipients.empty()) end_transaction();
    return;
  }
  if (chunk.last) body_->end();
  // What is void already is refused at once: RFC 3030 2 has the client send no more of it then.
  if (chunk.last || body_->flaw() != Flaw::kNone) return end_of_data();
  if (chunk.octets == 0 && !trusted() && idles_too_long()) return;
  say({250, "2.0.0", std::to_string(chunk.octets) + " octets received"});
}

}  // namespace guichet::smtpd
