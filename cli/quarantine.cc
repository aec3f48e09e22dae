#include "cli/quarantine.h"

#include <iostream>

#include "cli/act.h"
#include "cli/find_message.h"
#include "cli/message_facts.h"
#include "cli/plain_text.h"
#include "cli/queue.h"
#include "cli/reading.h"
#include "store/seams.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::DeliveryState;
using store::Result;

struct Found {
  Json deliveries = Json::array();  // [message, uid]
  std::size_t count = 0;
};

Result<Found> quarantined_of(StoreView& store, const std::vector<std::string>& ids) {
  Found found;
  const auto rows = find_messages(store, ids);
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& row : *rows) {
    const auto deliveries = store.index->deliveries(row.message);
    if (!deliveries) return tl::unexpected(deliveries.error());
    const auto before = found.count;
    for (const auto& delivery : *deliveries) {
      if (delivery.state != DeliveryState::quarantined) continue;
      found.deliveries.push_back({row.message.uuid.text(), delivery.uid.uuid.text()});
      ++found.count;
    }
    if (found.count == before)
      return store::fail(store::ErrorKind::absent,
                         "message " + row.message.uuid.text() + " is not in quarantine");
  }
  return found;
}

struct Deed {
  const char* command;
  const char* announced;  // after the number of deliveries
  const char* question;
  const char* done;
};

int act_on(const conf::Settings& settings, const QuarantineOptions& options, const Deed& deed) {
  if (options.ids.empty()) return complain("name messages; guichet quarantine list shows them"), bad_usage;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto found = quarantined_of(*store, options.ids);
  if (!found) return complain(found.error().text);
  store->index.reset();
  std::cout << found->count << deed.announced << '\n';
  if (!confirmed(deed.question, options.yes)) return 1;
  const auto answer = act(
      settings, {{"command", deed.command}, {"deliveries", found->deliveries}, {"reason", options.reason}});
  if (!answer) return complain(answer.error().text);
  std::cout << (*answer)["deliveries"] << deed.done << '\n';
  return 0;
}

}  // namespace

int quarantine_list(const conf::Settings& settings, const QuarantineOptions& options) {
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const auto rows = store->index->quarantined(options.maildrop, SIZE_MAX);
  if (!rows) return complain(rows.error().text);
  print_queue(*rows, options.json, "nothing is in quarantine");
  return 0;
}

int quarantine_release(const conf::Settings& settings, const QuarantineOptions& options) {
  return act_on(settings, options,
                {.command = "requeue",
                 .announced = " deliveries will be handed to Alaveteli after all",
                 .question = "Release them?",
                 .done = " wait to be collected"});
}

int quarantine_discard(const conf::Settings& settings, const QuarantineOptions& options) {
  return act_on(settings, options,
                {.command = "discard",
                 .announced = " deliveries will never be handed over; the messages stay in the archive for "
                              "filters.keep_discarded_days",
                 .question = "Discard them?",
                 .done = " discarded"});
}

}  // namespace guichet::cli
