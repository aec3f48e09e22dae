#include "cli/message_facts.h"

#include <algorithm>
#include <array>

#include "cli/plain_text.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

// Text from outside: beside what is not UTF-8 stand its exact octets, as in the facts themselves.
void set_text(Json& object, const std::string& name, const std::string& octets) {
  object[name] = octets;
  if (!store::is_utf8(octets)) object[name + "_hex"] = store::hex(octets);
}

Json to_json(const store::DeliveryRow& delivery) {
  Json object;
  object["uid"] = delivery.uid.uuid.text();
  set_text(object, "recipient", delivery.recipient);
  object["maildrop"] = delivery.maildrop;
  object["state"] = name_of(delivery.state);
  object["at"] = delivery.at.rfc3339();
  object["handed_over_at"] = delivery.handed_over_at ? Json(delivery.handed_over_at->rfc3339()) : Json();
  object["how"] = delivery.how ? Json(store::name_of(*delivery.how)) : Json();
  object["size_octets"] = delivery.size_octets;
  return object;
}

// To a reader who they were for is part of the envelope (RFC 5321 section 2.3.1), though this fact keeps them
// apart.
Json envelope_of(const store::Received& received) {
  auto envelope = Json::parse(received.envelope, nullptr, /*allow_exceptions=*/false);
  if (!envelope.is_object()) envelope = Json::object();
  envelope["recipients"] = Json::array();
  for (const auto& recipient : received.recipients)
    envelope["recipients"].push_back(recipient.address);
  return envelope;
}

// Old records, and imports, do not say.
std::string class_of(const store::Received& received, const Json& envelope, const std::string& recipient) {
  const auto found = std::ranges::find(received.recipients, recipient, &store::Recipient::address);
  const auto at = static_cast<std::size_t>(found - received.recipients.begin());
  const auto classes = envelope.find("recipient_classes");
  if (classes == envelope.end() || !classes->is_array() || at >= classes->size()) return "";
  const auto& name = (*classes)[at];
  return name.is_string() ? name.get<std::string>() : "";
}

void read_envelope(StoreView& store, MessageFacts& facts) {
  const auto fact = store.archive->fact(facts.row.place);
  const auto* received = fact ? std::get_if<store::Received>(&*fact) : nullptr;
  if (received) {
    facts.envelope = envelope_of(*received);
    for (std::size_t i = 0; i < facts.deliveries.size(); ++i)
      facts.classes[i] = class_of(*received, facts.envelope, facts.deliveries[i].recipient);
    return;
  }
  if (const auto* erased = fact ? std::get_if<store::Erased>(&*fact) : nullptr) {
    facts.erased = *erased;
    return;
  }
  facts.damage =
      fact ? store::Error{store::ErrorKind::damaged, "the index is of other volumes"} : fact.error();
}

// A damaged one is what verify names; the others can be read all the same.
store::Result<void> read_verdicts(StoreView& store, MessageFacts& facts) {
  const auto places = store.index->verdicts(facts.row.message);
  if (!places) return tl::unexpected(places.error());
  for (const auto place : *places) {
    const auto fact = store.archive->fact(place);
    if (const auto* judged = fact ? std::get_if<store::Judged>(&*fact) : nullptr)
      facts.verdicts.push_back(*judged);
  }
  return {};
}

}  // namespace

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string_view name_of(store::DeliveryState state) {
  switch (state) {
    case store::DeliveryState::waiting:
      return "waiting";
    case store::DeliveryState::offered:
      return "offered";
    case store::DeliveryState::stuck:
      return "stuck";
    case store::DeliveryState::quarantined:
      return "quarantined";
    case store::DeliveryState::handed_over:
      return "handed_over";
    case store::DeliveryState::requeued:
      return "requeued";
    case store::DeliveryState::erased:
      break;
  }
  return "erased";
}

store::Result<MessageFacts> facts_of(StoreView& store, const store::MessageRow& row, Verdicts verdicts) {
  auto deliveries = store.index->deliveries(row.message);
  if (!deliveries) return tl::unexpected(deliveries.error());
  MessageFacts facts{.row = row,
                     .envelope = nullptr,
                     .damage = std::nullopt,
                     .erased = std::nullopt,
                     .deliveries = std::move(*deliveries),
                     .moves = {},
                     .classes = {},
                     .verdicts = {}};
  facts.classes.resize(facts.deliveries.size());
  for (const auto& delivery : facts.deliveries) {
    auto moves = store.index->moves({delivery.message, delivery.uid});
    if (!moves) return tl::unexpected(moves.error());
    facts.moves.push_back(std::move(*moves));
  }
  read_envelope(store, facts);
  if (verdicts == Verdicts::left_out) return facts;
  if (auto read = read_verdicts(store, facts); !read) return tl::unexpected(read.error());
  return facts;
}

std::string sender_of(const MessageFacts& facts) {
  if (!facts.envelope.is_object()) return "";
  const auto found = facts.envelope.find("mail_from");
  return found != facts.envelope.end() && found->is_string() ? found->get<std::string>() : "";
}

// Appended piece by piece: g++ 12 sees an overlap in "<" + text that is not there.
std::string sender_in_words(const MessageFacts& facts) {
  if (facts.erased) return "(erased)";
  if (facts.damage) return "(record damaged)";
  return std::string("<").append(plain(sender_of(facts))).append(">");
}

Json to_json(const MessageFacts& facts) {
  Json object;
  object["id"] = facts.row.message.uuid.text();
  object["digest"] = "sha256:" + facts.row.digest.hex();
  object["received"] = facts.row.received.rfc3339();
  object["size_octets"] = facts.row.size_octets;
  object["envelope"] = facts.envelope;
  object["deliveries"] = Json::array();
  for (std::size_t i = 0; i < facts.deliveries.size(); ++i) {
    auto delivery = to_json(facts.deliveries[i]);
    if (!facts.classes[i].empty()) delivery["class"] = facts.classes[i];
    delivery["moves"] = Json::array();
    for (const auto& move : facts.moves[i])
      delivery["moves"].push_back(to_json(move));
    object["deliveries"].push_back(std::move(delivery));
  }
  object["verdicts"] = Json::array();
  for (const auto& verdict : facts.verdicts)
    object["verdicts"].push_back({{"at", verdict.at.rfc3339()},
                                  {"by", verdict.by},
                                  {"findings", Json::parse(verdict.findings, nullptr, false)}});
  if (facts.erased) object["erased"] = {{"at", facts.erased->at.rfc3339()}, {"reason", facts.erased->reason}};
  if (facts.damage) object["damage"] = facts.damage->text;
  return object;
}

Json to_json(const store::MoveRow& move) {
  static constexpr std::array<const char*, 5> kinds{"offered", "stuck", "requeued", "confirmed",
                                                    "quarantined"};
  Json object{{"what", kinds.at(static_cast<std::size_t>(move.kind))}, {"at", move.at.rfc3339()}};
  if (move.outcome) object["outcome"] = store::name_of(*move.outcome);
  set_text(object, "detail", move.detail);
  return object;
}

Json to_json(const store::Books& books) {
  return {{"accepted", books.accepted},
          {"waiting", books.waiting},
          {"stuck", books.stuck},
          {"quarantined", books.quarantined},
          {"handed_over", books.handed_over},
          {"routed", books.routed},
          {"black_holed", books.black_holed},
          {"erased", books.erased}};
}

std::string to_line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace guichet::cli
