#include "cli/requeue.h"

#include <iostream>

#include "cli/act.h"
#include "cli/find_message.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"

namespace guichet::cli {
namespace {

using Json = nlohmann::ordered_json;
using store::DeliveryState;
using store::Result;

struct Found {
  Json request;
  std::size_t deliveries = 0;
};

std::size_t count_those_that_can_be(const std::vector<store::DeliveryRow>& rows) {
  return static_cast<std::size_t>(std::ranges::count_if(rows, [](const auto& row) {
    return row.state == DeliveryState::handed_over || store::is_pending(row.state);
  }));
}

Result<Found> find_by_id(StoreView& store, const std::vector<std::string>& ids) {
  Found found{{{"command", "requeue"}, {"messages", Json::array()}}, 0};
  const auto rows = find_messages(store, ids);
  if (!rows) return tl::unexpected(rows.error());
  for (const auto& row : *rows) {
    const auto deliveries = store.index->deliveries(row.message);
    if (!deliveries) return tl::unexpected(deliveries.error());
    found.request["messages"].push_back(row.message.uuid.text());
    found.deliveries += count_those_that_can_be(*deliveries);
  }
  return found;
}

Result<Found> find_since(StoreView& store, const RequeueOptions& options) {
  const auto since = moment_of(options.since);
  if (!since) return tl::unexpected(since.error());
  const auto rows = store.index->handed_over_since(*since, options.maildrop);
  if (!rows) return tl::unexpected(rows.error());
  return Found{{{"command", "requeue"}, {"since", since->rfc3339()}, {"maildrop", options.maildrop}},
               rows->size()};
}

}  // namespace

int requeue(const conf::Settings& settings, const RequeueOptions& options) {
  if (options.ids.empty() == options.since.empty())
    return complain("name messages, or a time with --handed-over-since"), 2;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  auto found = options.since.empty() ? find_by_id(*store, options.ids) : find_since(*store, options);
  if (!found) return complain(found.error().text);
  store->index.reset();
  std::cout << found->deliveries << " deliveries will be offered again, each under a new uid\n";
  if (found->deliveries == 0) return 0;
  if (!confirmed("Offer them again?", options.yes)) return 1;
  found->request["reason"] = options.reason;
  const auto answer = act(settings, found->request);
  if (!answer) return complain(answer.error().text);
  std::cout << (*answer)["deliveries"] << " wait to be collected\n";
  return 0;
}

}  // namespace guichet::cli
