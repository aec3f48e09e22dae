#include "cli/show.h"

#include <iostream>

#include "cli/find_message.h"
#include "cli/findings_page.h"
#include "cli/message_facts.h"
#include "cli/plain_text.h"
#include "cli/queue.h"
#include "cli/reading.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;

void line(std::string_view name, std::string_view value) {
  constexpr std::size_t name_columns = 15;
  std::cout << left(plain(name), name_columns) << "  " << plain(value) << '\n';
}

std::string place_text(std::uint32_t volume, std::uint64_t offset) {
  return store::volume_file("", volume).string() + " at " + std::to_string(offset);
}

void page_of_octets(StoreView& store, const store::MessageRow& row) {
  const auto body = store.index->body(row.digest);
  const bool known = body && *body;
  line("octets in", known ? place_text((*body)->volume, (*body)->offset) : "no volume that the index knows");
}

void page_of_envelope(const MessageFacts& facts) {
  std::cout << "\nenvelope\n";
  if (facts.damage) line("  damage", facts.damage->text);
  if (!facts.envelope.is_object()) return;
  for (const auto& [name, value] : facts.envelope.items())
    line("  " + name, value.is_string() ? value.get<std::string>() : to_line(value));
}

void page_of_verdicts(const MessageFacts& facts) {
  for (const auto& verdict : facts.verdicts) {
    std::cout << "\nfound out " << verdict.at.rfc3339() << " by " << plain(verdict.by) << '\n';
    print_findings(Json::parse(verdict.findings, nullptr, false));
  }
}

std::string state_of(const store::DeliveryRow& delivery) {
  const std::string over = delivery.handed_over_at ? "handed over " + delivery.handed_over_at->rfc3339() : "";
  if (delivery.state == store::DeliveryState::handed_over)
    return over + " by " + std::string(store::name_of(delivery.how.value_or(store::Way::pop3)));
  const std::string state(name_of(delivery.state));
  return over.empty() ? state : over + ", then " + state;
}

void page_of_delivery(const MessageFacts& facts, std::size_t i) {
  const auto& delivery = facts.deliveries[i];
  std::cout << '\n';
  line("delivery", delivery.uid.uuid.text());
  line("  recipient", delivery.recipient);
  if (!facts.classes[i].empty()) line("  class", facts.classes[i]);
  line("  maildrop", delivery.maildrop);
  line("  state", state_of(delivery));
  line("  delivered", delivery.at.rfc3339());
  for (const auto& move : facts.moves[i])
    line("  then", in_words(move));
  line("  served octets", std::to_string(delivery.size_octets));
  line("  record in", place_text(delivery.place.volume, delivery.place.offset));
}

void page_of_erasure(const MessageFacts& facts) {
  line("erased", facts.erased->at.rfc3339());
  line("  reason", facts.erased->reason);
  line("  by", facts.erased->by);
  line("  octets", facts.erased->records.empty() ? "kept: another message has the same ones" : "gone");
  for (std::size_t i = 0; i < facts.deliveries.size(); ++i)
    page_of_delivery(facts, i);
}

void show_page(StoreView& store, const MessageFacts& facts) {
  line("message", facts.row.message.uuid.text());
  line("received", facts.row.received.rfc3339());
  line("size octets", std::to_string(facts.row.size_octets));
  line("digest", "sha256:" + facts.row.digest.hex());
  if (facts.erased) return page_of_erasure(facts);
  page_of_octets(store, facts.row);
  line("record in", place_text(facts.row.place.volume, facts.row.place.offset));
  page_of_envelope(facts);
  page_of_verdicts(facts);
  for (std::size_t i = 0; i < facts.deliveries.size(); ++i)
    page_of_delivery(facts, i);
}

void show_json(StoreView& store, const MessageFacts& facts) {
  auto object = to_json(facts);
  const auto body = store.index->body(facts.row.digest);
  if (body && *body) object["octets_at"] = {{"volume", (*body)->volume}, {"offset", (*body)->offset}};
  object["record_at"] = {{"volume", facts.row.place.volume}, {"offset", facts.row.place.offset}};
  std::cout << to_line(object) << '\n';
}

}  // namespace

int show(const conf::Settings& settings, const ShowOptions& options) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto row = find_message(*store, options.id);
  if (!row) return complain(row.error().text);
  const auto facts = facts_of(*store, *row);
  if (!facts) return complain(facts.error().text);
  options.json ? show_json(*store, *facts) : show_page(*store, *facts);
  if (facts->damage) return complain(facts->damage->text);
  return 0;
}

}  // namespace guichet::cli
