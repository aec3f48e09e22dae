// Facts about messages: the JSON blocks of `metadata` records. Everything the gateway knows and cannot
// rebuild is one of these; the index is only their projection.
//
// JSON, UTF-8, one object, first member "fact"; ids, instants and digests in their text forms, a digest with
// "sha256:" before it. What is missing is added as new members, never by changing these:
//   received     message at digest size_octets recipients:[{address maildrop}] envelope:{…}
//   delivered    uid message at recipient:{address maildrop} prefix rule:{version owned:[…]} size_octets
//                fields_renamed line_ends_mended
//   offered      uid message at by outcome detail
//   handed_over  uid message at by how                          (how: left out when it is pop3)
//   confirmed    uid message at by
//   stuck        uid message at by reason
//   quarantined  uid message at by reason
//   requeued     uid message at by reason as                    (as: not in records of early releases)
//   judged       message at by findings:{…}
//   held         message at by reason
//   released     message at by reason
//   erased       message at by reason digest size_octets received records:[id]
//                deliveries:[{uid maildrop at handed_over}]   (handed_over only where it was)
// A string that is not UTF-8 (an old server's MAIL FROM) is written with U+FFFD for each bad octet, and its
// exact octets beside it as "<name>_hex".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "store/error.h"
#include "store/served_form.h"
#include "store/types.h"

namespace guichet::store {

struct Recipient {
  std::string address;   // as accepted at RCPT
  std::string maildrop;  // where it goes
  friend bool operator==(const Recipient&, const Recipient&) = default;
};

// A message was received whole. It counts as received when this record is whole.
struct Received {
  MessageId message;
  Instant at;
  Digest digest;
  std::uint64_t size_octets = 0;
  std::vector<Recipient> recipients;  // each becomes one delivery
  // A JSON object, the receiving room's own; this room never looks inside. Written as given; read back
  // without white space between its members, which keep their order.
  std::string envelope = "{}";
  friend bool operator==(const Received&, const Received&) = default;
};

// A recipient's copy is ready to be handed over.
struct Delivered {
  Uid uid;
  MessageId message;
  Instant at;
  Recipient recipient;
  ServedForm form;
  friend bool operator==(const Delivered&, const Delivered&) = default;
};

// What became of an offer that did not end in a hand-over. The poller's own table of errors cannot be seen
// from here, but these tell of it: it skips what it has given up, and retrieves without DELE what made it
// stumble.
enum class OfferOutcome {
  listed,     // POP3: listed, and skipped by a client that reached QUIT
  retrieved,  // POP3: retrieved and not deleted by a client that reached QUIT
  dropped,    // POP3: retrieved, then the connection ended without QUIT
  failed,     // a driver that pushes: refused for now
};

struct Offered {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;
  OfferOutcome outcome = OfferOutcome::listed;
  std::string detail = {};  // what the consumer said, short; may be empty
  friend bool operator==(const Offered&, const Offered&) = default;
};

// By which way a delivery left, which is also how the books are kept: routed is smtp, black-holed is
// discarded.
enum class Way { pop3, maildir, action_mailbox, pipe, smtp, discarded };

// The consumer took it and said so (POP3: DELE and QUIT; Action Mailbox: 204, which confirms it too).
struct HandedOver {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;  // "pop3 127.0.0.1:40312"
  Way how = Way::pop3;
  friend bool operator==(const HandedOver&, const HandedOver&) = default;
};

// Found in the consumer's own books.
struct Confirmed {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;
  friend bool operator==(const Confirmed&, const Confirmed&) = default;
};

// Not offered any more until somebody has looked: offered too often, or not readable, or refused for good.
struct Stuck {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;
  std::string reason;
  friend bool operator==(const Stuck&, const Stuck&) = default;
};

// Kept from its maildrop by a rule of the operator's, in the same batch as its delivery, until somebody
// releases it (as a re-queue: another delivery) or discards it (a hand-over to nobody).
struct Quarantined {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;
  std::string reason;
  friend bool operator==(const Quarantined&, const Quarantined&) = default;
};

// To be handed over once more: as another delivery, which is in the same batch, since the consumer may
// remember the uid (Alaveteli's IncomingMessageError does so for ever). Without `as`, in records of early
// releases: under the same uid, and of hand-overs and such re-queues the latest counts.
struct Requeued {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;  // "root at the command line"
  std::string reason;
  std::optional<Uid> as = {};
  friend bool operator==(const Requeued&, const Requeued&) = default;
};

// What the filters found out about a message. Said again after another look: the last one counts, and what
// was delivered by an earlier one stays as it is.
struct Judged {
  MessageId message;
  Instant at;
  std::string by;
  // A JSON object, the judging room's own; this room never looks inside (as Received::envelope).
  std::string findings = "{}";
  friend bool operator==(const Judged&, const Judged&) = default;
};

// Nothing of this message is erased until it is released (a lawsuit, an appeal). The latest of both counts.
struct Held {
  MessageId message;
  Instant at;
  std::string by;
  std::string reason;
  friend bool operator==(const Held&, const Held&) = default;
};

struct Released {
  MessageId message;
  Instant at;
  std::string by;
  std::string reason;
  friend bool operator==(const Released&, const Released&) = default;
};

// What stays of a delivery of an erased message: nobody is named in it.
struct ErasedDelivery {
  Uid uid;
  std::string maildrop;
  Instant at;
  std::optional<Instant> handed_over;
  friend bool operator==(const ErasedDelivery&, const ErasedDelivery&) = default;
};

// The message was erased: the blocks of all its other facts, and those of `records`, hold spaces now, or will
// as soon as they can be written (erasure.h). All that stays of it is here.
struct Erased {
  MessageId message;
  Instant at;
  std::string by;
  std::string reason;
  Digest digest;
  std::uint64_t size_octets = 0;
  Instant received;
  // Of the resource records whose octets went with it. Empty: another message still needs those octets.
  std::vector<Uuid> records;
  std::vector<ErasedDelivery> deliveries;
  friend bool operator==(const Erased&, const Erased&) = default;
};

using Fact = std::variant<Received, Delivered, Offered, HandedOver, Confirmed, Stuck, Requeued, Held,
                          Released, Erased, Judged, Quarantined>;

[[nodiscard]] std::string_view name_of(OfferOutcome outcome);
[[nodiscard]] std::string_view name_of(Way way);

[[nodiscard]] std::string encode_fact(const Fact& fact);
// Unknown members are skipped. damaged: not JSON, or a member is missing; foreign: a fact this release does
// not know (written by a later one: it must not be dropped in silence).
[[nodiscard]] Result<Fact> decode_fact(std::string_view json);

[[nodiscard]] MessageId message_of(const Fact& fact);

// `text` as a JSON string literal, quotes included; octets that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);
void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] std::string hex(std::string_view octets);

}  // namespace guichet::store
