#include "cli/list.h"

#include <algorithm>
#include <functional>
#include <iostream>

#include "cli/message_facts.h"
#include "cli/moment.h"
#include "cli/plain_text.h"
#include "cli/reading.h"
#include "cli/wanted.h"

namespace guichet::cli {
namespace {

constexpr std::size_t page_messages = 256;  // a store of decades is never in memory at once
constexpr std::size_t id_columns = 36, time_columns = 20, size_columns = 10, sender_columns = 32;

using Show = std::function<void(const MessageFacts&)>;

struct Question {
  const Wanted& wanted;
  Verdicts verdicts;
  std::uint64_t left_to_show;
};

std::string states(const MessageFacts& facts) {
  using store::DeliveryState;
  const auto count = [&](auto counts) {
    return std::ranges::count_if(facts.deliveries, counts, &store::DeliveryRow::state);
  };
  const auto all = count([](auto state) { return state != DeliveryState::requeued; });
  const auto stuck = count([](auto state) { return state == DeliveryState::stuck; });
  const auto quarantined = count([](auto state) { return state == DeliveryState::quarantined; });
  const auto waiting = count(store::is_pending) - stuck - quarantined;
  if (facts.erased) return "erased";
  if (all == 0) return "none yet";
  std::string text;
  const auto add = [&](std::ptrdiff_t some, const char* what) {
    if (some == 0) return;
    text += text.empty() ? std::to_string(all) + ": " : ", ";
    text += (some == all ? "" : std::to_string(some) + " ") + what;
  };
  add(stuck, "stuck");
  add(quarantined, "quarantined");
  add(waiting, "waiting");
  add(all - stuck - quarantined - waiting, "handed over");
  return text;
}

void show_line(const MessageFacts& facts) {
  std::cout << facts.row.message.uuid.text() << "  " << to_seconds(facts.row.received) << "  "
            << right(std::to_string(facts.row.size_octets), size_columns) << "  "
            << left(sender_in_words(facts), sender_columns) << "  " << states(facts) << '\n';
}

void show_head() {
  std::cout << left("ID", id_columns) << "  " << left("RECEIVED", time_columns) << "  "
            << right("OCTETS", size_columns) << "  " << left("SENDER", sender_columns) << "  DELIVERIES\n";
}

// False when a record of one of the messages is damaged: the others are shown all the same.
store::Result<bool> show_page(StoreView& store, const std::vector<store::MessageRow>& page,
                              Question& question, const Show& show) {
  bool sound = true;
  for (const auto& row : page) {
    if (question.left_to_show == 0) break;
    if (!question.wanted.period.holds(row.received)) continue;
    auto facts = facts_of(store, row, question.verdicts);
    if (!facts) return tl::unexpected(facts.error());
    if (!question.wanted.wants(*facts)) continue;
    --question.left_to_show;
    show(*facts);
    if (facts->damage) complain("message " + row.message.uuid.text() + ": " + facts->damage->text);
    sound = sound && !facts->damage;
  }
  return sound;
}

store::Result<bool> show_all(StoreView& store, Question question, const Show& show) {
  bool sound = true;
  for (std::optional<store::MessageId> before; question.left_to_show > 0;) {
    auto page = store.index->newest(page_messages, before);
    if (!page) return tl::unexpected(page.error());
    if (page->empty()) break;
    auto shown = show_page(store, *page, question, show);
    if (!shown) return shown;
    sound = sound && *shown;
    before = page->back().message;
  }
  return sound;
}

store::Result<bool> show_json(StoreView& store, const Question& question) {
  const char* separator = "[\n";
  auto shown = show_all(store, question, [&separator](const MessageFacts& facts) {
    std::cout << separator << to_line(to_json(facts));
    separator = ",\n";
  });
  std::cout << (*separator == '[' ? "[]\n" : "\n]\n");
  return shown;
}

}  // namespace

int list(const conf::Settings& settings, const ListOptions& options) {
  const auto period = period_of(options.since, options.until);
  if (!period) return complain(period.error().text), bad_usage;
  auto store = open_store(settings.store.path);
  if (!store) return complain(store.error().text);
  const Wanted wanted{*period, options.sender, options.recipient, options.state};
  const Question question{wanted, options.json ? Verdicts::read : Verdicts::left_out,
                          options.limit == 0 ? UINT64_MAX : options.limit};
  if (!options.json) show_head();
  const auto shown = options.json ? show_json(*store, question) : show_all(*store, question, show_line);
  if (!shown) return complain(shown.error().text);
  return *shown ? 0 : 1;
}

}  // namespace guichet::cli
