#include "cli/queue.h"

#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/message_facts.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::MoveRow;
using store::OfferOutcome;
using store::QueueRow;

std::string in_words(OfferOutcome outcome) {
  switch (outcome) {
    case OfferOutcome::listed:
      return "listed and skipped";
    case OfferOutcome::retrieved:
      return "retrieved and not deleted";
    case OfferOutcome::dropped:
      return "retrieved, then the connection was dropped";
    case OfferOutcome::failed:
      break;
  }
  return "refused";
}

// 90 s, 15 min, 7 h, 3 d
std::string age_of(store::Instant at, store::Instant now) {
  const auto s = std::max<std::int64_t>(0, (now.unix_us - at.unix_us) / 1'000'000);
  if (s < 120) return std::to_string(s) + " s";
  if (s < 2 * 3600) return std::to_string(s / 60) + " min";
  return s < 2 * 86'400 ? std::to_string(s / 3600) + " h" : std::to_string(s / 86'400) + " d";
}

std::string why(const QueueRow& row) {
  if (!row.last) return "not offered yet";
  const auto offers = row.offers > 1 ? " (" + std::to_string(row.offers) + " offers)" : "";
  return cli::in_words(*row.last) + offers;
}

void show_line(const QueueRow& row, store::Instant now) {
  constexpr std::size_t age_columns = 8, state_columns = 11, maildrop_columns = 12;
  const auto& delivery = row.delivery;
  std::cout << left(age_of(delivery.at, now), age_columns) << "  "
            << left(std::string(name_of(delivery.state)), state_columns) << "  "
            << left(plain(delivery.maildrop), maildrop_columns) << "  " << delivery.message.uuid.text()
            << "  " << plain(delivery.recipient) << "  " << plain(why(row)) << '\n';
}

Json to_json(const QueueRow& row) {
  const auto& delivery = row.delivery;
  Json object{{"message", delivery.message.uuid.text()}, {"uid", delivery.uid.uuid.text()},
              {"recipient", delivery.recipient},         {"maildrop", delivery.maildrop},
              {"state", name_of(delivery.state)},        {"since", delivery.at.rfc3339()},
              {"size_octets", delivery.size_octets},     {"offers", row.offers}};
  object["last"] = row.last ? cli::to_json(*row.last) : Json();
  return object;
}

}  // namespace

std::string in_words(const MoveRow& move) {
  const auto at = " " + to_seconds(move.at);
  const auto detail = move.detail.empty() ? "" : ": " + move.detail;
  switch (move.kind) {
    case MoveRow::Kind::offered:
      return in_words(move.outcome.value_or(OfferOutcome::failed)) + at + detail;
    case MoveRow::Kind::stuck:
      return "stuck" + at + detail;
    case MoveRow::Kind::quarantined:
      return "quarantined" + at + detail;
    case MoveRow::Kind::requeued:
      return "re-queued" + at + " as" + detail.substr(std::min<std::size_t>(1, detail.size()));
    case MoveRow::Kind::confirmed:
      break;
  }
  return "confirmed" + at;
}

void print_queue(const std::vector<QueueRow>& rows, bool json, const char* nothing) {
  if (json) {
    auto all = Json::array();
    for (const auto& row : rows)
      all.push_back(to_json(row));
    std::cout << to_line(all) << '\n';
    return;
  }
  const auto now = store::real_clock()->now();
  for (const auto& row : rows)
    show_line(row, now);
  if (rows.empty()) std::cout << nothing << '\n';
}

int queue(const conf::Settings& settings, const QueueOptions& options) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto limit = options.limit == 0 ? SIZE_MAX : static_cast<std::size_t>(options.limit);
  const auto rows = store->index->queue(options.maildrop, limit);
  if (!rows) return complain(rows.error().text);
  print_queue(*rows, options.json, "nothing waits");
  return 0;
}

}  // namespace guichet::cli
