// Facts about messages: the JSON blocks of `metadata` records. Everything the gateway knows and cannot
// rebuild is one of these; the index is only their projection.
//
// JSON, UTF-8, one object, first member "fact"; ids, instants and digests in their text forms, a digest with
// "sha256:" before it. What is missing is added as new members, never by changing these:
//   received     message at digest size_octets recipients:[{address maildrop}] envelope:{…}
//   delivered    uid message at recipient:{address maildrop} prefix rule:{version owned:[…]} size_octets
//                fields_renamed line_ends_mended
//   handed_over  uid message at by
//   requeued     uid message at by reason
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

// The consumer took it and said so (POP3: DELE and QUIT).
struct HandedOver {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;  // "pop3 127.0.0.1:40312"
  friend bool operator==(const HandedOver&, const HandedOver&) = default;
};

// To be handed over once more, under the same uid. Of hand-overs and re-queues the latest counts.
struct Requeued {
  Uid uid;
  MessageId message;
  Instant at;
  std::string by;  // "root at the command line"
  std::string reason;
  friend bool operator==(const Requeued&, const Requeued&) = default;
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

using Fact = std::variant<Received, Delivered, HandedOver, Requeued, Held, Released, Erased>;

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
