#include "smtpd/intake.h"

#include <algorithm>

#include "smtpd/undelivered.h"

namespace guichet::smtpd {
namespace {

constexpr std::uint64_t spill_octets_min = 64 * 1024;  // less is not worth a call

void ignore(std::string_view) {}

const Judgement not_judged{.by = {}};

}  // namespace

Reply reply_for(const store::Error& error) {
  switch (error.kind) {
    case store::ErrorKind::no_space:
      return {452, "4.3.1", "no room to store your message now, please try again later", Refusal::no_room};
    case store::ErrorKind::stopped:
      return {421, "4.3.0", "closing down, please try again later", Refusal::store_stopped};
    case store::ErrorKind::no_files:
      return {452, "4.3.2", "too many files are open here, please try again later", Refusal::no_descriptors};
    case store::ErrorKind::io:
    case store::ErrorKind::absent:
    case store::ErrorKind::busy:
    case store::ErrorKind::damaged:
    case store::ErrorKind::foreign:
      break;
  }
  return {451, "4.3.0", "your message could not be stored, please try again later", Refusal::store_failed};
}

Origin origin_of(const Envelope& envelope) {
  if (envelope.trusted_upstream) return Origin::upstream;
  return envelope.client.empty() && envelope.told_by.empty() ? Origin::mailbox : Origin::stranger;
}

store::ServedRule served_rule(Origin origin, const std::vector<std::string>& more) {
  auto owned = store::owned_fields();
  if (origin == Origin::upstream) std::erase(owned, "authentication-results");
  // Alaveteli believes it, whoever wrote it.
  if (origin == Origin::stranger) owned.emplace_back("x-spam-score");
  for (const auto& name : more)
    if (std::ranges::count(owned, name) == 0) owned.push_back(name);
  return {.version = store::served_rule_latest, .owned = std::move(owned)};
}

// --- Incoming ------------------------------------------------------------------------------------------

Incoming::Incoming(Intake& intake, store::MessageId id, store::ServedRule rule)
    : intake_(intake),
      id_(id),
      body_(intake.store_.new_body(id)),
      transform_(std::move(rule)),
      expectation_(intake.store_.expect()) {}

void Incoming::append(std::string_view octets) {
  hash_.update(octets);
  if (failure_) return;
  transform_.feed(octets, ignore);
  body_.append(octets);
}

// A body spills when it is large, or when the bodies of all sessions together fill half of what they may.
// When hardly anything is left, it spills however small it is: thousands of small ones are much.
bool Incoming::wants_to_spill() const {
  if (failure_) return false;
  const auto& memory = intake_.store_.memory();
  const auto in_use = memory.in_use(), most = memory.octets_max();
  const bool large = body_.size() > intake_.options_.spool_octets_min;
  return (large && body_.memory_octets() >= 4 * spill_octets_min) ||
         (in_use > most / 2 && body_.memory_octets() >= spill_octets_min) ||
         (in_use > most - most / 8 && body_.memory_octets() > store::Body::beginning_octets_max);
}

void Incoming::spill() {
  if (!intake_.store_.has_room(body_.memory_octets())) {
    failure_ = store::Error{store::ErrorKind::no_space, "the disk is down to its reserve"};
    return body_.drop();
  }
  if (auto spilled = body_.spill(); !spilled) failure_ = spilled.error();
}

store::Result<store::Append> Incoming::finish(const Envelope& envelope,
                                              const std::vector<store::Recipient>& recipients) {
  if (failure_) return tl::unexpected(*failure_);
  transform_.finish(ignore);
  const store::Received received{.message = id_,
                                 .at = intake_.clock_.now(),
                                 .digest = hash_.finish(),
                                 .size_octets = body_.size(),
                                 .recipients = recipients,
                                 .envelope = encode_envelope(envelope)};
  store::Append append{.body = std::nullopt, .facts = {}, .done = nullptr};
  append.facts.reserve(recipients.size() + 1);
  append.facts.emplace_back(received);
  if (!intake_.judges(origin_of(envelope)))
    for (const auto& recipient : recipients)
      intake_.add_delivery(append.facts, {envelope, received, recipient, transform_.facts(), not_judged});
  append.body.emplace(store::Append::NewMessage{id_, received.at, received.digest, std::move(body_)});
  return append;
}

// --- Intake --------------------------------------------------------------------------------------------

Intake::Intake(store::Store& store, store::Clock& clock, store::IdSource& ids, IntakeOptions options)
    : store_(store), clock_(clock), ids_(ids), options_(std::move(options)) {}

std::unique_ptr<Incoming> Intake::begin(Origin origin) {
  return std::make_unique<Incoming>(*this, store::MessageId{new_id()}, served_rule(origin));
}

std::optional<Reply> Intake::refusal(std::uint64_t octets_declared) const {
  if (store_.failed()) return reply_for({store::ErrorKind::stopped, ""});
  if (!store_.can_open_files()) return reply_for({store::ErrorKind::no_files, ""});
  if (!store_.has_room(octets_declared)) return reply_for({store::ErrorKind::no_space, ""});
  if (!store_.has_room_for_a_file())
    return Reply{452, "4.3.1", "no room for another file now, please try again later",
                 Refusal::no_room_for_files};
  if (store_.memory().in_use() >= store_.memory().octets_max())
    return Reply{452, "4.3.1", "too much mail is on its way now, please try again later",
                 Refusal::too_many_bodies};
  return std::nullopt;
}

// To a black hole: handed over as soon as it is delivered, to nobody. A rule of the operator's has no say
// there.
void Intake::add_delivery(std::vector<store::Fact>& facts, const Copy& copy) {
  auto delivered = deliver(copy);
  const auto uid = delivered.uid;
  const auto message = delivered.message;
  const auto at = delivered.at;
  const bool black_hole = delivered.recipient.maildrop.empty();
  facts.emplace_back(std::move(delivered));
  if (black_hole)
    facts.emplace_back(store::HandedOver{uid, message, at, "route", store::Way::discarded});
  else if (!copy.judgement.quarantine.empty())
    facts.emplace_back(store::Quarantined{uid, message, at, copy.judgement.by, copy.judgement.quarantine});
}

store::Delivered Intake::deliver(const Copy& copy) {
  const auto& [envelope, received, recipient, facts, judgement] = copy;
  auto prefix = compose_prefix(envelope, {.hostname = options_.hostname,
                                          .message = received.message,
                                          .received = received.at,
                                          .digest = received.digest,
                                          .recipient = recipient.address,
                                          .add_message_id = !facts.has_message_id,
                                          .judged_fields = judgement.fields});
  const auto size = prefix.size() + facts.octets;
  return {.uid = {new_id()},
          .message = received.message,
          .at = clock_.now(),
          .recipient = recipient,
          .form = {.prefix = std::move(prefix),
                   .rule = served_rule(origin_of(envelope), judgement.owned),
                   .size_octets = size,
                   .fields_renamed = facts.fields_renamed,
                   .line_ends_mended = facts.line_ends_mended}};
}

}  // namespace guichet::smtpd
