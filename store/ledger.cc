#include "store/ledger.h"

#include <algorithm>
#include <cstring>

#include "store/lineage.h"
#include "store/projection.h"

namespace guichet::store {
namespace {

constexpr std::size_t piece_octets = 256 * 1024;

std::string name_of(const MessageId& message) {
  return "message " + message.uuid.text();
}

std::string name_of(const Uid& uid) {
  return "delivery " + uid.uuid.text();
}

std::string octets(std::uint64_t count) {
  return std::to_string(count) + " octets";
}

}  // namespace

// Ids end in 62 random bits, so these are as good as any hash of all.
std::size_t UuidHash::operator()(const Uuid& uuid) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, uuid.octets.data() + uuid.octets.size() - sizeof value, sizeof value);
  return value;
}

std::size_t recipient_hash(const std::string& address, const std::string& maildrop) {
  return std::hash<std::string>()(address + '\0' + maildrop);
}

// --- Records -------------------------------------------------------------------------------------------

void Ledger::take(const ScannedRecord& record) {
  if (record.blank) return take_blank(record);
  if (record.header.type == RecordType::revisit) return take_revisit(record);
  const auto news = news_of(record);
  if (!news && news.error().kind == ErrorKind::foreign) {
    findings_.push_back(
        {FindingKind::note, where(record.place), news.error().text + "; not checked", record.place});
  } else if (!news) {
    damage(record.place, news.error().text);
  } else if (*news) {
    take_news(**news);
  } else if (record.header.type == RecordType::resource) {
    damage(record.place, "octets of no message: the record has no WARC-Target-URI");
  }
}

void Ledger::take_news(const News& news) {
  if (const auto* body = std::get_if<NewBody>(&news)) return add(*body);
  const auto& [place, fact] = std::get<NewFact>(news);
  std::visit([this, at = place](const auto& known) { add(known, at); }, fact);
}

void Ledger::take_damaged(const RecordHeader& header, Place place, std::uint64_t block_offset) {
  if (header.refers_to) damaged_.insert(*header.refers_to);
  if (header.type != RecordType::resource || !header.target) return;
  const BodyPlace body{place.volume, block_offset, header.content_length, *header.target, header.date};
  hold(header.block_digest, body, false);
}

void Ledger::add(const NewBody& body) {
  hold(body.digest, body.place, true);
}

// The last block of a digest is the one that counts, for the index too. A damaged one may be told of late.
void Ledger::hold(const Digest& digest, const BodyPlace& place, bool sound) {
  const auto [entry, is_new] = bodies_.try_emplace(digest, BodyEntry{place, sound, place.begin()});
  if (is_new) return;
  auto& known = entry->second;
  const bool is_last = is_earlier(known.place.begin(), place.begin());
  superseded_.emplace(digest, is_last ? known.place.message.uuid : place.message.uuid);
  known.first = std::min(known.first, place.begin(), is_earlier);
  if (is_last) known.place = place, known.sound = sound;
}

bool Ledger::held_by(const Digest& digest, const Uuid& record) const {
  const auto [begin, end] = superseded_.equal_range(digest);
  return bodies_.at(digest).place.message.uuid == record ||
         std::any_of(begin, end, [&](const auto& entry) { return entry.second == record; });
}

// A record's id is its message's.
bool Ledger::names_other_record(const Digest& digest, const Uuid& record) const {
  if (held_by(digest, record)) return false;
  const auto earlier = elsewhere_ ? elsewhere_->message({record}) : std::nullopt;
  return !earlier || earlier->digest != digest;
}

void Ledger::take_revisit(const ScannedRecord& record) {
  const auto& header = record.header;
  if (!header.payload_digest || !header.target || !header.refers_to)
    return damage(record.place, "a revisit that does not say of what");
  const auto body = bodies_.find(*header.payload_digest);
  if (body == bodies_.end()) {
    open_.push_back(
        {record.place, *header.target, *header.payload_digest,
         "a revisit of sha256:" + header.payload_digest->hex() + ", which no record before it holds"});
  } else if (names_other_record(body->first, *header.refers_to)) {
    damage(record.place, "a revisit that names another record than the one with its octets");
  }
}

void Ledger::add(const Received& fact, Place place) {
  const auto recipients = static_cast<std::uint32_t>(fact.recipients.size());
  const MessageEntry entry{fact.digest, fact.at, fact.size_octets, place, recipients};
  const auto [earlier, is_new] = messages_.emplace(fact.message.uuid, entry);
  if (!is_new)
    return damage(place, name_of(fact.message) + " was received before, at " + where(earlier->second.place));
  if (!fact.recipients.empty()) awaited_.emplace(fact.message.uuid, fact.recipients);
  const auto body = bodies_.find(fact.digest);
  if (body == bodies_.end()) {
    open_.push_back(
        {place, fact.message, fact.digest,
         "the octets of " + name_of(fact.message) + " are in no volume: sha256:" + fact.digest.hex()});
  } else if (body->second.place.size_octets != fact.size_octets) {
    damage(place, name_of(fact.message) + " says " + octets(fact.size_octets) + ", its body has " +
                      octets(body->second.place.size_octets));
  }
}

void Ledger::add(const Delivered& fact, Place place) {
  const DeliveryEntry entry{.message = fact.message,
                            .recipient_hash = recipient_hash(fact.recipient.address, fact.recipient.maildrop),
                            .size_octets = fact.form.size_octets,
                            .at = fact.at,
                            .place = place,
                            .handed_over_at = {},
                            .handed_over = {},
                            .requeued = {},
                            .how = Way::pop3,
                            .erased = false};
  const auto [earlier, is_new] = deliveries_.emplace(fact.uid.uuid, entry);
  if (!is_new)
    return damage(place,
                  name_of(fact.uid) + ": the uid was given before, at " + where(earlier->second.place));
  strike_out(fact.message, fact.recipient);
  if (const auto known = message(fact.message)) return check_served_size(fact, *known, place);
  open_.push_back({place, fact.message, fact.message,
                   name_of(fact.uid) + " is of " + name_of(fact.message) + ", which was not received"});
}

void Ledger::strike_out(const MessageId& message, const Recipient& recipient) {
  const auto found = awaited_.find(message.uuid);
  if (found == awaited_.end()) return;
  std::erase(found->second, recipient);
  if (found->second.empty()) awaited_.erase(found);
}

// The delivery that a fact is about; nullptr: not met yet, which settle() looks into.
template <class Move>
DeliveryEntry* Ledger::moved(const Move& fact, Place place, const char* how) {
  const auto delivery = deliveries_.find(fact.uid.uuid);
  if (delivery == deliveries_.end()) {
    open_.push_back({place, fact.message, fact.uid, name_of(fact.uid) + " was " + how + ", but never made"});
    return nullptr;
  }
  if (delivery->second.message != fact.message)
    damage(place,
           name_of(fact.uid) + " was " + how + " as one of another message, " + fact.message.uuid.text());
  return &delivery->second;
}

// Said twice it is harmless: the first time counts.
void Ledger::add(const HandedOver& fact, Place place) {
  auto* delivery = moved(fact, place, "handed over");
  if (!delivery || delivery->handed_over.volume != 0) return;
  delivery->handed_over = place;
  delivery->handed_over_at = fact.at;
  delivery->how = fact.how;
}

void Ledger::add(const Requeued& fact, Place place) {
  auto* delivery = moved(fact, place, "re-queued");
  if (!delivery) return;
  if (fact.as) {
    moves_[fact.uid.uuid].requeued_as = place;
    // It is in the same batch.
    open_.push_back({place, fact.message, *fact.as,
                     name_of(*fact.as) + " took the place of another, but was never made"});
    return;
  }
  delivery->requeued = place;
  delivery->handed_over = {};
  delivery->handed_over_at = {};
  if (const auto befell = moves_.find(fact.uid.uuid); befell != moves_.end())
    befell->second.offered = befell->second.stuck = befell->second.quarantined = {};
}

void Ledger::add(const Offered& fact, Place place) {
  if (moved(fact, place, "offered")) moves_[fact.uid.uuid].offered = place;
}

void Ledger::add(const Stuck& fact, Place place) {
  if (moved(fact, place, "stuck")) moves_[fact.uid.uuid].stuck = place;
}

void Ledger::add(const Confirmed& fact, Place place) {
  if (moved(fact, place, "confirmed")) moves_[fact.uid.uuid].confirmed = place;
}

void Ledger::add(const Quarantined& fact, Place place) {
  if (moved(fact, place, "quarantined")) moves_[fact.uid.uuid].quarantined = place;
}

void Ledger::add(const Judged& fact, Place place) {
  verdicts_.emplace_back(place, fact.message);
  if (message(fact.message)) return;
  open_.push_back({place, fact.message, fact.message,
                   "findings about " + name_of(fact.message) + ", which was not received"});
}

// As the index derives it (index.cc).
DeliveryState Ledger::state_of(const Uuid& uid, const DeliveryEntry& delivery) const {
  const auto befell = moves_.find(uid);
  const auto moves = befell == moves_.end() ? MovesEntry{} : befell->second;
  if (delivery.erased) return DeliveryState::erased;
  if (moves.requeued_as.volume != 0) return DeliveryState::requeued;
  if (delivery.handed_over.volume != 0) return DeliveryState::handed_over;
  if (moves.quarantined.volume != 0) return DeliveryState::quarantined;
  if (moves.stuck.volume != 0) return DeliveryState::stuck;
  return moves.offered.volume != 0 ? DeliveryState::offered : DeliveryState::waiting;
}

Books Ledger::books() const {
  Books books;
  for (const auto& [uuid, message] : messages_)
    if (!erased_.contains(uuid)) books.accepted += message.recipients;
  for (const auto& [uid, delivery] : deliveries_)
    books.count(state_of(uid, delivery), delivery.how);
  books.accepted += books.erased;
  for (const auto& [uuid, recipients] : awaited_)
    books.waiting += recipients.size();
  return books;
}

// --- Erasures ------------------------------------------------------------------------------------------

void Ledger::take_blank(const ScannedRecord& record) {
  const auto& header = record.header;
  blanks_.emplace_back(record.place, header);
  take_damaged(header, record.place, record.block_offset);
}

void Ledger::settle_unblanked(bool pending) {
  for (const auto& [place, message] : unblanked_)
    findings_.push_back({pending ? FindingKind::note : FindingKind::damage, where(place),
                         name_of(message) + " was erased, but can be read here; " +
                             (pending ? "the next start of the gateway finishes that"
                                      : "erase any message, and it is done again"),
                         place});
}

void Ledger::add(const Erased& fact, Place place) {
  const auto readable = messages_.find(fact.message.uuid);
  if (readable != messages_.end() && !erased_.contains(fact.message.uuid))
    unblanked_.emplace_back(readable->second.place, fact.message);
  erased_.emplace(fact.message.uuid, place);
  erased_records_.insert(fact.records.begin(), fact.records.end());
  awaited_.erase(fact.message.uuid);
  messages_.insert_or_assign(fact.message.uuid,
                             MessageEntry{fact.digest, fact.received, fact.size_octets, place, 0});
  for (const auto& delivery : fact.deliveries)
    deliveries_.insert_or_assign(delivery.uid.uuid,
                                 DeliveryEntry{.message = fact.message,
                                               .recipient_hash = recipient_hash("", delivery.maildrop),
                                               .size_octets = 0,
                                               .at = delivery.at,
                                               .place = place,
                                               .handed_over_at = delivery.handed_over.value_or(Instant{}),
                                               .handed_over = delivery.handed_over ? place : Place{},
                                               .requeued = {},
                                               .how = Way::pop3,
                                               .erased = true});
  erase_body(fact);
}

// The same octets may have come again since, in a record that is not among these.
void Ledger::erase_body(const Erased& fact) {
  const auto body = bodies_.find(fact.digest);
  if (body == bodies_.end() || std::ranges::count(fact.records, body->second.place.message.uuid) == 0) return;
  if (body->second.sound) unblanked_.emplace_back(body->second.place.begin(), fact.message);
  bodies_.erase(body);
  erased_digests_.insert(fact.digest);
}

bool Ledger::is_erased(const RecordHeader& header) const {
  // The octets of a record go with the last message that has them, so its own message is erased by then.
  const auto elsewhere = [this](const Uuid& message) {
    return elsewhere_ && elsewhere_->is_erased({message});
  };
  if (header.type == RecordType::resource)
    return erased_records_.contains(header.record_id) || elsewhere(header.record_id);
  return header.refers_to && (erased_.contains(*header.refers_to) || elsewhere(*header.refers_to));
}

void Ledger::settle_blanks() {
  for (const auto& [place, header] : blanks_)
    if (!is_erased(header)) damage(place, "the block is blank as if it were erased, and no erasure says so");
  for (const auto& [uuid, message] : messages_) {
    const bool gone = erased_digests_.contains(message.digest) && !bodies_.contains(message.digest);
    if (gone && !erased_.contains(uuid) && !(elsewhere_ && elsewhere_->body(message.digest)))
      damage(message.place, name_of(MessageId{uuid}) + ": its octets were erased, though it was not");
  }
}

// --- What facts refer to -------------------------------------------------------------------------------

bool Ledger::exists(const Reference& reference) const {
  if (const auto* digest = std::get_if<Digest>(&reference.to)) return bodies_.contains(*digest);
  if (damaged_.contains(reference.message.uuid)) return true;
  if (const auto* message = std::get_if<MessageId>(&reference.to)) return messages_.contains(message->uuid);
  return deliveries_.contains(std::get<Uid>(reference.to).uuid);
}

bool Ledger::exists_elsewhere(const Reference& reference) const {
  if (!elsewhere_) return false;
  if (const auto* digest = std::get_if<Digest>(&reference.to))
    return elsewhere_->body(*digest).has_value() || elsewhere_->is_erased(reference.message);
  if (const auto* message = std::get_if<MessageId>(&reference.to))
    return elsewhere_->message(*message).has_value();
  return elsewhere_->delivery(reference.message, std::get<Uid>(reference.to));
}

void Ledger::settle() {
  for (const auto& reference : open_)
    if (!exists(reference) && !exists_elsewhere(reference)) damage(reference.place, reference.what);
  open_.clear();
}

std::optional<MessageEntry> Ledger::message(const MessageId& id) const {
  if (const auto found = messages_.find(id.uuid); found != messages_.end()) return found->second;
  const auto earlier = elsewhere_ ? elsewhere_->message(id) : std::nullopt;
  if (!earlier) return std::nullopt;
  return MessageEntry{earlier->digest, earlier->row.received, earlier->size_octets, earlier->row.place, 0};
}

// --- The served form -----------------------------------------------------------------------------------

void Ledger::check_served_size(const Delivered& fact, const MessageEntry& message, Place place) {
  const auto body = sound_body(message.digest);
  if (!body) return;  // that is a finding of its own
  const auto served = served_octets(*body, message.digest, fact.form.rule);
  if (!served) return damage(place, name_of(fact.uid) + " cannot be served: " + served.error().text);
  const auto whole = fact.form.prefix.size() + *served;
  if (whole == fact.form.size_octets) return;
  damage(place, name_of(fact.uid) + " says " + octets(fact.form.size_octets) + ", its served form has " +
                    octets(whole));
}

std::optional<BodyPlace> Ledger::sound_body(const Digest& digest) const {
  const auto body = bodies_.find(digest);
  if (body == bodies_.end()) return elsewhere_ ? elsewhere_->body(digest) : std::nullopt;
  return body->second.sound ? std::optional(body->second.place) : std::nullopt;
}

Result<std::uint64_t> Ledger::served_octets(const BodyPlace& body, const Digest& digest,
                                            const ServedRule& rule) {
  if (last_served_ && last_served_->digest == digest && last_served_->rule == rule)
    return last_served_->octets;
  const auto count_only = [](std::string_view) {};
  ServedTransform transform(rule);
  std::string piece;
  for (std::uint64_t at = 0; at < body.size_octets; at += piece.size()) {
    piece.resize(static_cast<std::size_t>(std::min<std::uint64_t>(piece_octets, body.size_octets - at)));
    if (auto got = archive_.read(body, at, piece); !got) return tl::unexpected(got.error());
    transform.feed(piece, count_only);
  }
  transform.finish(count_only);
  last_served_ = Served{digest, rule, transform.facts().octets};
  return last_served_->octets;
}

void Ledger::damage(Place place, std::string what) {
  findings_.push_back({FindingKind::damage, where(place), std::move(what), place});
}

}  // namespace guichet::store
