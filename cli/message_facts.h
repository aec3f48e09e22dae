// All that the store knows of one message, for `list` and `show`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "cli/reading.h"
#include "store/books.h"
#include "store/facts.h"

namespace guichet::cli {

struct MessageFacts {
  store::MessageRow row;
  nlohmann::ordered_json envelope;      // as the receiving room wrote it, and "recipients"; null when damaged
  std::optional<store::Error> damage;   // of that record
  std::optional<store::Erased> erased;  // then there is no envelope any more
  std::vector<store::DeliveryRow> deliveries;
  std::vector<std::vector<store::MoveRow>> moves;  // of each delivery, in the order in which it befell
  std::vector<std::string> classes;  // of each delivery's recipient (smtpd/recipient_class.h); "": not known
  std::vector<store::Judged> verdicts;  // what filters found out about it, the last one last
};

enum class Verdicts { read, left_out };  // they may be long, and each is a read of its own
[[nodiscard]] store::Result<MessageFacts> facts_of(StoreView& store, const store::MessageRow& row,
                                                   Verdicts verdicts = Verdicts::read);

// MAIL FROM, "" for the null sender and when the envelope does not say.
[[nodiscard]] std::string sender_of(const MessageFacts& facts);
// The same for a terminal: in <>, or why there is none any more.
[[nodiscard]] std::string sender_in_words(const MessageFacts& facts);

// {"id", "digest", "received", "size_octets", "envelope", "deliveries": [...]}, "erased" and "damage" if
// there is any.
[[nodiscard]] nlohmann::ordered_json to_json(const MessageFacts& facts);

[[nodiscard]] std::string_view name_of(store::DeliveryState state);
[[nodiscard]] nlohmann::ordered_json to_json(const store::Books& books);
[[nodiscard]] nlohmann::ordered_json to_json(const store::MoveRow& move);

// A string of an object; "" where there is none of that name.
[[nodiscard]] std::string text_of(const nlohmann::ordered_json& object, const char* name);

// JSON as one line. What is not UTF-8 becomes U+FFFD: JSON has no other way.
[[nodiscard]] std::string to_line(const nlohmann::ordered_json& json);

}  // namespace guichet::cli
